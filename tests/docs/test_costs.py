"""The table of requests names every action, and its numbers are those that the emulator counts."""

import re
from collections.abc import Callable

import pytest

from assistant_function.actions import ACTIONS
from local.emulator.server import Emulator
from tests.docs.pages import ROOT, Page
from tests.invoke import Function, Json, make_function

COSTS = Page(ROOT / "docs" / "costs.md")
GET_RATE = {"type": "function", "function": {"name": "get_rate"}}
Count = Callable[[Json], tuple[int, Json]]


def requests_by_action() -> dict[str, str]:
    """What the table says of each action; the first row of an action that has several."""
    told: dict[str, str] = {}
    for names, requests in COSTS.table("call"):
        for name in re.split(", | or ", names.partition(" with ")[0]):
            told.setdefault(name, requests)
    return told


def first_number(action: str) -> int:
    found = re.match(r"\d+", requests_by_action()[action])
    assert found
    return int(found[0])


@pytest.fixture
def count(emulator: Emulator) -> Count:
    """Makes a call that must succeed -> (how many requests it took, the data of its answer)."""
    function: Function = make_function({"OPENAI_BASE_URL": emulator.url})

    def make_call(params: Json) -> tuple[int, Json]:
        before = len(emulator.requests)
        data = function.data(**params)
        return len(emulator.requests) - before, data

    return make_call


def test_every_action_is_in_the_table() -> None:
    assert requests_by_action().keys() == ACTIONS.keys() - {"describe"}


def test_simple_actions_take_as_many_requests_as_the_table_says(count: Count) -> None:
    def check(action: str, **params: object) -> Json:
        requests, data = count({"action": action, **params})
        assert requests == first_number(action), action
        return data

    assistant = {"assistantId": check("create-assistant", name="Test")["assistantId"]}
    check("get-assistant", **assistant)
    check("list-assistants")
    check("update-assistant", **assistant, name="New")
    assert count({"action": "update-assistant", **assistant, "model": "gpt-6-luna"})[0] == 1
    thread = {"threadId": check("create-thread")["threadId"]}
    check("get-thread", **thread)
    check("update-thread", **thread, metadata={})
    message_id = check("send-message", **thread, message="Hello")["messageId"]
    check("list-messages", **thread)
    check("list-runs", **thread)  # none is known yet
    check("delete-message", **thread, messageId=message_id)
    check("delete-assistant", **assistant)
    items = [{"role": "user", "content": "Hello"}] * 3
    long_thread = check("create-thread", messages=items)["threadId"]
    requests, _ = count({"action": "delete-thread", "threadId": long_thread})
    assert requests == len(items) + 2


def test_a_run_that_calls_functions_takes_as_many_requests_as_the_page_says(
    count: Count, emulator: Emulator
) -> None:
    _, assistant = count({"action": "create-assistant", "name": "Test", "tools": [GET_RATE]})
    before = len(emulator.requests)
    _, run = count(
        {"action": "chat", "assistantId": assistant["assistantId"], "message": "/call get_rate {}"}
    )
    of_the_run = {"threadId": run["threadId"], "runId": run["runId"]}
    assert (polls_of(emulator, before), len(emulator.requests) - before) == (0, 2 + 2)  # 2 note that it waits
    assert count({"action": "get-run", **of_the_run})[0] == first_number("get-run") + 1
    before = len(emulator.requests)
    outputs = [{"toolCallId": run["toolCalls"][0]["id"], "output": "3.1"}]
    _, ended = count({"action": "submit-tool-outputs", **of_the_run, "toolOutputs": outputs})
    assert ended["status"] == "completed"
    assert len(emulator.requests) - before == first_number("submit-tool-outputs")


def test_a_waiting_run_is_cancelled_with_as_many_requests_as_the_table_says(count: Count) -> None:
    _, assistant = count({"action": "create-assistant", "name": "Test", "tools": [GET_RATE]})
    chat = {"action": "chat", "assistantId": assistant["assistantId"]}
    _, run = count({**chat, "message": "/call get_rate {}"})
    cancel = {"action": "cancel-run", "threadId": run["threadId"], "runId": run["runId"]}
    assert count(cancel)[0] == 3
    assert "3 for a run that waits" in requests_by_action()["cancel-run"]


def polls_of(emulator: Emulator, before: int) -> int:
    """How often a response was asked for since then."""
    return sum(method == "GET" and "/responses/" in path for method, path in emulator.requests[before:])
