"""One call of every action that works once the faults are gone."""

from collections.abc import Callable
from functools import cache
from typing import Any

from tests.backends import Backend, function_tool
from tests.invoke import Json

WEATHER = function_tool("weather")


def make_nothing(_: Backend) -> Json:
    return {}


def make_assistant(backend: Backend) -> Json:
    return {"assistantId": backend.assistant(instructions="Be brief", tools=[WEATHER])}


def make_thread(backend: Backend) -> Json:
    return {"threadId": backend.thread(metadata={"a": "b"})}


def make_both(backend: Backend) -> Json:
    return make_assistant(backend) | make_thread(backend)


def make_ended_run(backend: Backend) -> Json:
    return _ids_of(_start_run(backend, message="hi"))


def make_going_run(backend: Backend) -> Json:
    return _ids_of(_start_run(backend, message="/wait 30", wait=0))


def make_message(backend: Backend) -> Json:
    thread = make_thread(backend)
    sent = backend.data(action="send-message", **thread, message="hi")
    return thread | {"messageId": sent["messageId"]}


def make_run_of_a_thread(backend: Backend) -> Json:
    return {"threadId": make_ended_run(backend)["threadId"]}


def make_asking_run(backend: Backend) -> Json:
    run = _start_run(backend, message="/call weather {}")
    return _ids_of(run) | {"toolOutputs": [{"toolCallId": run["toolCalls"][0]["id"], "output": "sunny"}]}


def _start_run(backend: Backend, **params: Any) -> Json:
    answer = backend.call(action="run-assistant", **make_both(backend), **params)
    assert answer["statusCode"] in (200, 202), answer["body"]
    run: Json = answer["body"]["data"]
    return run


def _ids_of(run: Json) -> Json:
    return {name: run[name] for name in ("threadId", "runId")}


# Every action: what has to be there before, and the parameters besides.
CALLS: dict[str, tuple[Callable[[Backend], Json], Json]] = {
    "create-assistant": (make_nothing, {"name": "Poet", "temperature": 0.5}),
    "list-assistants": (make_nothing, {"limit": 2}),
    "get-assistant": (make_assistant, {}),
    "update-assistant": (make_assistant, {"name": "Bard", "tools": [WEATHER], "metadata": {"c": "d"}}),
    "create-thread": (make_nothing, {"messages": [{"role": "user", "content": "hi"}]}),
    "send-message": (make_thread, {"message": "What is a sonnet?"}),
    "run-assistant": (make_both, {"message": "hi"}),
    "get-thread": (make_thread, {}),
    "list-messages": (make_thread, {}),
    "delete-thread": (make_thread, {}),
    "delete-assistant": (make_assistant, {}),
    "update-thread": (make_thread, {"metadata": {"c": "d"}}),
    "get-run": (make_ended_run, {}),
    "cancel-run": (make_going_run, {}),
    "submit-tool-outputs": (make_asking_run, {}),
    "chat": (make_assistant, {"message": "hi"}),
    "delete-message": (make_message, {}),
    "list-runs": (make_run_of_a_thread, {}),
}
READS = ("list-assistants", "get-assistant", "get-thread", "list-messages", "get-run", "list-runs")
CHANGES = tuple(action for action in CALLS if action not in READS)
READ_AND_CHANGE = ("get-thread", "send-message")  # for faults that all reads, and all changes, meet alike


def make_call(action: str, backend: Backend) -> Json:
    """The parameters of a call of this action, of objects made for it."""
    make_objects, more = CALLS[action]
    return {"action": action, **make_objects(backend), **more}


@cache
def standing_call(action: str, backend: Backend) -> Json:
    """The same, but always of the same objects: for calls that will not get through."""
    return make_call(action, backend)
