"""What an operation is given: the v2 request taken apart, the API to ask, what is remembered."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from assistants_transport.openai_api import OpenAIApi
from assistants_transport.v2_errors import Json

AGENT_LIFE_SECONDS = 10.0
MOST_KNOWN = 32
ENDED = ("completed", "failed", "cancelled", "incomplete")


class KnownAgents:
    """The agents of the last seconds, so that a run need not load its agent first."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._agents: dict[str, tuple[float, Json]] = {}

    def load(self, api: OpenAIApi, agent_id: str) -> Json:
        learned, agent = self._agents.get(agent_id, (0.0, None))
        if agent is None or self._now() - learned > AGENT_LIFE_SECONDS:
            agent = api.get(f"/agents/{agent_id}")
            self.learn(agent)
        return agent

    def learn(self, agent: Json) -> None:
        self._agents.pop(agent["id"], None)
        _drop_oldest(self._agents)
        self._agents[agent["id"]] = (self._now(), agent)

    def forget(self, agent_id: str) -> None:
        self._agents.pop(agent_id, None)


class KnownResponses:
    """The response that ended last, which never changes again, and the active one of each conversation."""

    def __init__(self) -> None:
        self._ended: Json | None = None
        self._active: dict[str, str] = {}

    def learn(self, response: Json, *, waits: bool = False) -> None:
        """`waits`: it ended in function calls that have no output yet, so its conversation is not free."""
        conversation_id = conversation_of(response)
        if self._active.get(conversation_id) == response["id"]:
            del self._active[conversation_id]
        if response["status"] in ENDED:
            self._ended = response
        if response["status"] not in ENDED or waits:
            _drop_oldest(self._active)
            self._active[conversation_id] = response["id"]

    def ended(self, response_id: str) -> Json | None:
        return self._ended if self._ended and self._ended["id"] == response_id else None

    def saw(self, response: Json) -> bool:
        """Whether this process has seen it going on or ending, in a conversation that it has not deleted."""
        return (
            self.ended(response["id"]) is not None
            or self.active_in(conversation_of(response)) == response["id"]
        )

    def forget(self, conversation_id: str) -> None:
        self._active.pop(conversation_id, None)
        if self._ended and conversation_of(self._ended) == conversation_id:
            self._ended = None

    def active_in(self, conversation_id: str) -> str | None:
        """The response that this process saw active there last; another process may know better."""
        return self._active.get(conversation_id)


def conversation_of(response: Json) -> str:
    conversation = response.get("conversation")
    return str((conversation["id"] if isinstance(conversation, dict) else conversation) or "")


def _drop_oldest(known: dict[str, Any]) -> None:
    while len(known) >= MOST_KNOWN:
        known.pop(next(iter(known)))


@dataclass
class Memory:
    """What one transport remembers between requests; all of it may be lost at any time."""

    agents: KnownAgents = field(default_factory=KnownAgents)
    responses: KnownResponses = field(default_factory=KnownResponses)


@dataclass(frozen=True)
class Call:
    """One v2 request: the ids in its path by name, its query, its body."""

    api: OpenAIApi
    memory: Memory
    ids: dict[str, str]
    query: dict[str, str]
    body: Json
