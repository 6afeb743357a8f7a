"""What a transport remembers between requests to save requests. All of it may be lost at any time."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assistants_transport.ids import conversation_id_of
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.v2_errors import Json

AGENT_LIFE_SECONDS = 10.0
MAX_CACHED_OBJECTS = 32
MAX_CACHED_ENDED_RESPONSES = 8
MAX_CACHED_CHARACTERS = 50_000  # of an object's JSON; a longer one is asked for again
MAX_CACHED_WRITERS = 512
ENDED_STATUSES = ("completed", "failed", "cancelled", "incomplete")


class KnownAgents:
    """The agents seen in the last seconds, so that a run need not load its agent first."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._agents: dict[str, tuple[float, Json]] = {}

    def load(self, api: OpenAIApi, agent_id: str) -> Json:
        """The agent, asked for only if it is not known or was seen too long ago."""
        seen_at, agent = self._agents.get(agent_id, (0.0, None))
        if agent is None or self._now() - seen_at > AGENT_LIFE_SECONDS:
            agent = api.get(f"/agents/{agent_id}")
            self.remember(agent)
        return agent

    def remember(self, agent: Json) -> None:
        if _is_short(agent):
            _put_last(self._agents, agent["id"], (self._now(), agent), MAX_CACHED_OBJECTS)

    def forget(self, agent_id: str) -> None:
        self._agents.pop(agent_id, None)


class KnownResponses:
    """The last responses that ended, which never change again, and the active one of each conversation."""

    def __init__(self) -> None:
        self._ended: dict[str, Json] = {}
        self._active_ids: dict[str, tuple[str, str]] = {}

    def remember(self, response: Json, run_id: str, *, waits: bool = False) -> None:
        """`waits`: the response ended in function calls without outputs, so its conversation is not free."""
        conversation_id = conversation_id_of(response)
        if self.find_active_run_id(conversation_id) == run_id:
            del self._active_ids[conversation_id]
        if has_ended(response):
            self.remember_ended(response)
        if waits or not has_ended(response):
            _put_last(self._active_ids, conversation_id, (response["id"], run_id), MAX_CACHED_OBJECTS)

    def remember_ended(self, response: Json) -> None:
        if _is_short(response):
            _put_last(self._ended, response["id"], response, MAX_CACHED_ENDED_RESPONSES)

    def find_ended(self, response_id: str) -> Json | None:
        return self._ended.get(response_id)

    def find_active_id(self, conversation_id: str) -> str | None:
        """The response that this process last saw active there; another process may know better."""
        return self._active_ids.get(conversation_id, (None, None))[0]

    def find_active_run_id(self, conversation_id: str) -> str | None:
        """The v2 id of that response's run."""
        return self._active_ids.get(conversation_id, (None, None))[1]

    def knows(self, response: Json) -> bool:
        """Whether this process saw it active or ended and has not deleted its conversation since."""
        active_id = self.find_active_id(conversation_id_of(response))
        return active_id == response["id"] or self.find_ended(response["id"]) is not None

    def forget_conversation(self, conversation_id: str) -> None:
        self._active_ids.pop(conversation_id, None)
        for response in [*self._ended.values()]:
            if conversation_id_of(response) == conversation_id:
                del self._ended[response["id"]]


class RunNotes(NamedTuple):
    """What a thread notes about its runs, by the id of a run's first response, oldest first.

    `latest_ids`: the run's latest response; with a minus sign ahead where it was cancelled there. `metadata`:
    what an update gave the run."""

    latest_ids: dict[str, str]
    metadata: dict[str, dict[str, str]]


class KnownRuns:
    """What this process has learned about runs: their threads' notes, and who wrote which message."""

    def __init__(self) -> None:
        self._notes: dict[str, RunNotes] = {}
        self._latest_ids: dict[tuple[str, str], str] = {}
        self._ids: dict[str, dict[str, None]] = {}
        self._writers: dict[str, tuple[str, str | None]] = {}
        self._searched: dict[str, None] = {}
        self._deleted: dict[str, None] = {}

    def remember_run(self, conversation_id: str, first_id: str) -> None:
        known = self._ids.get(conversation_id, {})
        if first_id not in known:
            _put_last(known, first_id, None, MAX_CACHED_OBJECTS)
        _put_last(self._ids, conversation_id, known, MAX_CACHED_OBJECTS)

    def list_ids(self, conversation_id: str) -> list[str]:
        """The first responses of the thread's runs that this process has seen, oldest first."""
        return list(self._ids.get(conversation_id, {}))

    def remember_notes(self, conversation_id: str, notes: RunNotes) -> None:
        """Remembers the notes as they stand at OpenAI."""
        _put_last(self._notes, conversation_id, notes, MAX_CACHED_OBJECTS)

    def find_notes(self, conversation_id: str) -> RunNotes | None:
        return self._notes.get(conversation_id)

    def forget_notes(self, conversation_id: str) -> None:
        self._notes.pop(conversation_id, None)

    def remember_latest(self, conversation_id: str, first_id: str, latest_id: str) -> None:
        """Remembers how far a run has come, whether or not its thread could note it."""
        _put_last(self._latest_ids, (conversation_id, first_id), latest_id, MAX_CACHED_WRITERS)

    def find_latest(self, conversation_id: str, first_id: str) -> str | None:
        """The latest response of a run, as far as this process knows."""
        notes = self._notes.get(conversation_id, RunNotes({}, {}))
        return self._latest_ids.get((conversation_id, first_id)) or notes.latest_ids.get(first_id)

    def begin_search(self, message_ids: list[str]) -> bool:
        """Whether to look for the writers of these messages: not where that was done for all of them."""
        is_new = any(one not in self._searched for one in message_ids)
        for one in message_ids:
            _put_last(self._searched, one, None, MAX_CACHED_WRITERS)
        return is_new

    def remember_deleted(self, message_id: str) -> None:
        _put_last(self._deleted, message_id, None, MAX_CACHED_WRITERS)

    def was_deleted(self, message_id: str) -> bool:
        return message_id in self._deleted

    def remember_writer(self, message_id: str, run_id: str, assistant_id: str | None) -> None:
        _put_last(self._writers, message_id, (run_id, assistant_id), MAX_CACHED_WRITERS)

    def find_writer(self, message_id: str) -> tuple[str, str | None] | None:
        """The ids of the run and the assistant that wrote the message."""
        return self._writers.get(message_id)

    def forget_conversation(self, conversation_id: str) -> None:
        self._notes.pop(conversation_id, None)
        self._ids.pop(conversation_id, None)


@dataclass
class Caches:
    """`refused_fields`: the optional fields of a response that this server was seen to refuse."""

    agents: KnownAgents = field(default_factory=KnownAgents)
    responses: KnownResponses = field(default_factory=KnownResponses)
    runs: KnownRuns = field(default_factory=KnownRuns)
    refused_fields: set[str] = field(default_factory=set)

    def forget_conversation(self, conversation_id: str) -> None:
        self.responses.forget_conversation(conversation_id)
        self.runs.forget_conversation(conversation_id)


def has_ended(response: Json) -> bool:
    return response["status"] in ENDED_STATUSES


def _is_short(value: Json) -> bool:
    return len(json.dumps(value)) <= MAX_CACHED_CHARACTERS


def _put_last(known: dict[Any, Any], key: object, value: object, limit: int) -> None:
    """Puts the value at the end; the oldest make room for it."""
    known.pop(key, None)
    while len(known) >= limit:
        known.pop(next(iter(known)))
    known[key] = value
