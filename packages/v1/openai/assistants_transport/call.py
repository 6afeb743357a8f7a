"""What an operation is given: the v2 request taken apart, the API to ask, what is remembered."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from assistants_transport.errors import Json
from assistants_transport.openai_api import OpenAIApi

AGENT_LIFE_SECONDS = 10.0
MOST_KNOWN_AGENTS = 32
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
        while len(self._agents) >= MOST_KNOWN_AGENTS:
            self._agents.pop(next(iter(self._agents)))
        self._agents[agent["id"]] = (self._now(), agent)

    def forget(self, agent_id: str) -> None:
        self._agents.pop(agent_id, None)


class LastEnded:
    """The response that ended last: it never changes again, so its messages need no further request."""

    def __init__(self) -> None:
        self._response: Json | None = None

    def learn(self, response: Json) -> None:
        if response["status"] in ENDED:
            self._response = response

    def get(self, response_id: str) -> Json | None:
        return self._response if self._response and self._response["id"] == response_id else None


@dataclass
class Memory:
    """What one transport remembers between requests; all of it may be lost at any time."""

    agents: KnownAgents = field(default_factory=KnownAgents)
    last: LastEnded = field(default_factory=LastEnded)


@dataclass(frozen=True)
class Call:
    """One v2 request: the ids in its path by name, its query, its body."""

    api: OpenAIApi
    memory: Memory
    ids: dict[str, str]
    query: dict[str, str]
    body: Json
