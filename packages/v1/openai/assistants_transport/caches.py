"""What a transport remembers between requests to save requests. All of it may be lost at any time."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from assistants_transport.ids import conversation_id_of
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.v2_errors import Json

AGENT_LIFE_SECONDS = 10.0
MAX_CACHED_OBJECTS = 32
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
        self._agents.pop(agent["id"], None)
        _drop_oldest(self._agents)
        self._agents[agent["id"]] = (self._now(), agent)

    def forget(self, agent_id: str) -> None:
        self._agents.pop(agent_id, None)


class KnownResponses:
    """The response that ended last, which never changes again, and the active one of each conversation."""

    def __init__(self) -> None:
        self._ended: Json | None = None
        self._active_ids: dict[str, str] = {}

    def remember(self, response: Json, *, waits: bool = False) -> None:
        """`waits`: the response ended in function calls without outputs, so its conversation is not free."""
        conversation_id = conversation_id_of(response)
        if self._active_ids.get(conversation_id) == response["id"]:
            del self._active_ids[conversation_id]
        if has_ended(response):
            self._ended = response
        if waits or not has_ended(response):
            _drop_oldest(self._active_ids)
            self._active_ids[conversation_id] = response["id"]

    def find_ended(self, response_id: str) -> Json | None:
        return self._ended if self._ended and self._ended["id"] == response_id else None

    def find_active_id(self, conversation_id: str) -> str | None:
        """The response that this process last saw active there; another process may know better."""
        return self._active_ids.get(conversation_id)

    def knows(self, response: Json) -> bool:
        """Whether this process saw it active or ended and has not deleted its conversation since."""
        active_id = self.find_active_id(conversation_id_of(response))
        return active_id == response["id"] or self.find_ended(response["id"]) is not None

    def forget_conversation(self, conversation_id: str) -> None:
        self._active_ids.pop(conversation_id, None)
        if self._ended and conversation_id_of(self._ended) == conversation_id:
            self._ended = None


@dataclass
class Caches:
    agents: KnownAgents = field(default_factory=KnownAgents)
    responses: KnownResponses = field(default_factory=KnownResponses)


def has_ended(response: Json) -> bool:
    return response["status"] in ENDED_STATUSES


def _drop_oldest(known: dict[str, Any]) -> None:
    while len(known) >= MAX_CACHED_OBJECTS:
        known.pop(next(iter(known)))
