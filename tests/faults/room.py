"""The function behind a proxy that makes faults, with either backend."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.proxy import Proxy
from tests.invoke import Context, FakeClock, Function, Json, make_function

BACKENDS = ("responses", "native")
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "d", "parameters": {"type": "object", "properties": {}}},
}
MARGIN_SECONDS = 1.5  # what the function keeps of the platform's time for its answer's way


class HastyClock(FakeClock):
    """The real clock, but sleeping takes no time: it only moves the clock."""

    def now(self) -> float:
        return time.monotonic() + self.seconds


class RealClock(HastyClock):
    """The real clock, and real sleep."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class Room:
    """One backend: the function before the proxy, (method, path) of all requests that its upstream has seen.

    `standing` are the parameters of one call of every action, for faults that let nothing through."""

    backend: str
    proxy: Proxy
    requests: list[tuple[str, str]]
    standing: dict[str, Json] = field(default_factory=dict)

    def function(self, clock: FakeClock | None = None, **environment: str) -> Function:
        """A function to which a pause takes no time."""
        given = {"OPENAI_BASE_URL": self.proxy.url, "ASSISTANTS_BACKEND": self.backend}
        return make_function(given | environment, clock=clock or HastyClock())

    def call_in_real_time(self, **params: Any) -> Json:
        """One call whose pauses last as long as they do."""
        return self.function(RealClock()).main(params)

    def call(self, seconds: float = 20.0, **params: Any) -> Json:
        """One call, for which the platform has given so many seconds (its margin apart)."""
        return self.function().main(params, Context((seconds + MARGIN_SECONDS) * 1000))

    def done(self, **params: Any) -> Json:
        """The data of a call that has to succeed."""
        answer = self.call(**params)
        assert answer["statusCode"] in (200, 202), answer["body"]
        data: Json = answer["body"]["data"]
        return data

    def assistant(self) -> str:
        made = self.done(action="create-assistant", name="a", instructions="Be brief", tools=[WEATHER])
        return str(made["assistantId"])

    def thread(self) -> str:
        return str(self.done(action="create-thread", metadata={"a": "b"})["threadId"])


def nothing(_: Room) -> Json:
    return {}


def an_assistant(room: Room) -> Json:
    return {"assistantId": room.assistant()}


def a_thread(room: Room) -> Json:
    return {"threadId": room.thread()}


def both(room: Room) -> Json:
    return an_assistant(room) | a_thread(room)


def a_run(room: Room, message: str, **more: Any) -> Json:
    ids = both(room)
    run = room.done(action="run-assistant", **ids, message=message, **more)
    return {"threadId": ids["threadId"], "runId": run["runId"]} | {"toolCalls": run["toolCalls"]}


def an_ended_run(room: Room) -> Json:
    return {k: v for k, v in a_run(room, "hi").items() if k != "toolCalls"}


def a_going_run(room: Room) -> Json:
    return {k: v for k, v in a_run(room, "/wait 30", wait=0).items() if k != "toolCalls"}


def an_asking_run(room: Room) -> Json:
    run = a_run(room, "/call weather {}")
    return {"threadId": run["threadId"], "runId": run["runId"]} | {
        "toolOutputs": [{"toolCallId": run["toolCalls"][0]["id"], "output": "sunny"}]
    }


# Every action: what has to be there before, and the parameters besides.
CALLS: dict[str, tuple[Callable[[Room], Json], Json]] = {
    "create-assistant": (nothing, {"name": "Poet", "temperature": 0.5}),
    "list-assistants": (nothing, {"limit": 2}),
    "get-assistant": (an_assistant, {}),
    "update-assistant": (an_assistant, {"name": "Bard", "tools": [WEATHER], "metadata": {"c": "d"}}),
    "create-thread": (nothing, {"messages": [{"role": "user", "content": "hi"}]}),
    "send-message": (a_thread, {"message": "What is a sonnet?"}),
    "run-assistant": (both, {"message": "hi"}),
    "get-thread": (a_thread, {}),
    "list-messages": (a_thread, {}),
    "delete-thread": (a_thread, {}),
    "delete-assistant": (an_assistant, {}),
    "update-thread": (a_thread, {"metadata": {"c": "d"}}),
    "get-run": (an_ended_run, {}),
    "cancel-run": (a_going_run, {}),
    "submit-tool-outputs": (an_asking_run, {}),
    "chat": (an_assistant, {"message": "hi"}),
}
READS = ("list-assistants", "get-assistant", "get-thread", "list-messages", "get-run")
CHANGES = tuple(action for action in CALLS if action not in READS)


def call_of(action: str, room: Room) -> Json:
    """The parameters of a call that works, once the faults are gone."""
    before, more = CALLS[action]
    return {"action": action, **before(room), **more}


def standing_call_of(action: str, room: Room) -> Json:
    """The same, but always of the same objects: for calls that will not get through."""
    if action not in room.standing:
        room.standing[action] = call_of(action, room)
    return room.standing[action]
