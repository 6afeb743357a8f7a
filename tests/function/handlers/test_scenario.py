"""All seventeen actions, one after the other, with both backends: the same answers, ids apart."""

import re
import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from assistant_function.actions import ACTIONS
from local.emulator.server import Emulator, start_emulator
from tests.backends import Backend
from tests.function.conversation import WEATHER, play_conversation
from tests.invoke import BriskClock, Function, Json, RealClock, make_function
from tests.native_server import start_native_server

ASSISTANT_KEYS = [
    *("assistantId", "name", "description", "instructions", "model", "tools"),
    *("metadata", "temperature", "topP", "createdAt"),
]
THREAD_KEYS = ["threadId", "metadata", "createdAt"]
MESSAGE_KEYS = [
    *("messageId", "threadId", "role", "content", "annotations", "attachments", "runId", "assistantId"),
    "createdAt",
]
RUN_KEYS = [
    *("runId", "threadId", "assistantId", "status", "response", "partial", "messages", "usage", "toolCalls"),
    *("lastError", "incompleteReason", "createdAt"),
]


def record_conversation(function: Function) -> list[tuple[str, Json]]:
    answers: list[tuple[str, Json]] = []

    def call(**params: Any) -> Json:
        answer = function(**params)
        answers.append((params["action"], answer))
        body: Json = answer["body"]
        return body

    play_conversation(call)
    return answers


def strip_ids(value: Any) -> Any:
    """Leaves of every id its prefix, of every time whether there is one."""
    if isinstance(value, dict):
        return {k: bool(v) if k == "createdAt" else strip_ids(v) for k, v in value.items()}
    if isinstance(value, list):
        return [strip_ids(one) for one in value]
    return re.sub(r"\b([a-z]+)_\w{8,}", r"\1_", value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def answers(emulator: Emulator) -> list[tuple[str, Json]]:
    return record_conversation(make_function({"OPENAI_BASE_URL": emulator.url}, clock=BriskClock()))


def pick_data(answers: list[tuple[str, Json]], action: str) -> list[Json]:
    return [deepcopy(answer["body"]["data"]) for name, answer in answers if name == action]


def test_every_action_is_played(answers: list[tuple[str, Json]]) -> None:
    assert {name for name, _ in answers} == set(ACTIONS)
    assert len(ACTIONS) == 19


def test_every_step_has_its_status(answers: list[tuple[str, Json]]) -> None:
    statuses = [(name, answer["statusCode"]) for name, answer in answers if answer["statusCode"] != 200]
    assert statuses == [
        ("run-assistant", 202),
        ("run-assistant", 409),
        ("get-run", 502),
        ("get-thread", 404),
        ("get-assistant", 404),
    ]


def test_native_mode_gives_the_same_answers(answers: list[tuple[str, Json]]) -> None:
    with start_emulator() as emulator, start_native_server(emulator.url) as server:
        settings = {"OPENAI_BASE_URL": server.url, "ASSISTANTS_BACKEND": "native"}
        natively = record_conversation(make_function(settings, clock=BriskClock()))
    assert len(natively) == len(answers)
    for (name, ours), (_, native) in zip(answers, natively, strict=True):
        assert (name, strip_ids(ours)) == (name, strip_ids(native))


@pytest.mark.parametrize(
    ("action", "keys"),
    [
        ("create-assistant", ASSISTANT_KEYS),
        ("get-assistant", ASSISTANT_KEYS),
        ("update-assistant", ASSISTANT_KEYS),
        ("list-assistants", ["assistants", "hasMore", "firstId", "lastId"]),
        ("create-thread", THREAD_KEYS),
        ("get-thread", THREAD_KEYS),
        ("update-thread", THREAD_KEYS),
        ("send-message", MESSAGE_KEYS),
        ("list-messages", ["threadId", "messages", "hasMore", "firstId", "lastId"]),
        ("run-assistant", RUN_KEYS),
        ("get-run", RUN_KEYS),
        ("cancel-run", RUN_KEYS),
        ("submit-tool-outputs", RUN_KEYS),
        ("chat", RUN_KEYS),
        ("list-runs", ["threadId", "runs", "hasMore", "firstId", "lastId"]),
        ("delete-message", ["threadId", "messageId", "deleted"]),
        ("delete-thread", ["threadId", "deleted"]),
        ("delete-assistant", ["assistantId", "deleted"]),
    ],
)
def test_the_data_has_exactly_the_keys_of_the_contract(
    answers: list[tuple[str, Json]], action: str, keys: list[str]
) -> None:
    assert list(pick_data(answers, action)[0]) == keys


def test_listed_objects_have_the_keys_too(answers: list[tuple[str, Json]]) -> None:
    assert list(pick_data(answers, "list-assistants")[0]["assistants"][0]) == ASSISTANT_KEYS
    assert list(pick_data(answers, "list-messages")[0]["messages"][0]) == MESSAGE_KEYS


def test_an_assistant_comes_back_as_it_was_given(answers: list[tuple[str, Json]]) -> None:
    made, got = pick_data(answers, "create-assistant")[0], pick_data(answers, "get-assistant")[0]
    assert made == got
    assert re.fullmatch(r"asst_\w+", made.pop("assistantId"))
    assert made.pop("createdAt") > 1_700_000_000
    assert made["tools"][0]["function"].pop("strict") is False  # as v2 tells it
    assert made == {
        "name": "Poet",
        "description": "writes",
        "instructions": "Be brief",
        "model": "gpt-6-luna",
        "tools": [WEATHER],
        "metadata": {"team": "a"},
        "temperature": 0.5,
        "topP": 0.9,
    }


def test_update_changes_what_is_given_and_null_resets(answers: list[tuple[str, Json]]) -> None:
    before, after = pick_data(answers, "create-assistant")[0], pick_data(answers, "update-assistant")[0]
    assert after == before | {"name": "Bard", "temperature": None, "topP": None}


def test_update_thread_replaces_its_metadata(answers: list[tuple[str, Json]]) -> None:
    assert pick_data(answers, "get-thread")[0]["metadata"] == {"user": "u1"}
    assert pick_data(answers, "update-thread")[0]["metadata"] == {"user": "u2"}


def test_a_sent_message_is_told_without_inventing(answers: list[tuple[str, Json]]) -> None:
    sent = pick_data(answers, "send-message")[0]
    thread = pick_data(answers, "create-thread")[0]["threadId"]
    assert sent == sent | {"threadId": thread, "role": "user", "content": "What is a sonnet?"}
    assert (sent["runId"], sent["assistantId"]) == (None, None)
    assert abs(sent["createdAt"] - time.time()) < 60  # read from the message's id
    assert (sent["annotations"], sent["attachments"]) == ([], [])


def test_the_answer_saw_instructions_and_the_whole_thread(answers: list[tuple[str, Json]]) -> None:
    run = pick_data(answers, "run-assistant")[0]
    assert run["response"] == (
        "instructions: Be brief | model: gpt-6-luna | "
        "thread: user: hi / assistant: hello / user: What is a sonnet?"
    )
    assert run["status"] == "completed"
    assert [one["content"] for one in run["messages"]] == [run["response"]]
    assert run["usage"].keys() == {"promptTokens", "completionTokens", "totalTokens"}
    assert run["assistantId"] == pick_data(answers, "create-assistant")[0]["assistantId"]
    assert run["messages"][0]["runId"] == run["runId"]


def test_messages_come_oldest_first_and_latest_first(answers: list[tuple[str, Json]]) -> None:
    first, latest, of_run = pick_data(answers, "list-messages")
    assert [one["role"] for one in first["messages"]] == ["user", "assistant", "user", "assistant"]
    assert [one["messageId"] for one in latest["messages"]] == [
        one["messageId"] for one in first["messages"][:-3:-1]
    ]
    assert (first["hasMore"], latest["hasMore"]) == (False, True)
    assert (latest["firstId"], latest["lastId"]) == tuple(one["messageId"] for one in latest["messages"])
    assert [one["role"] for one in of_run["messages"]] == ["assistant"]


def test_a_function_call_is_answered(answers: list[tuple[str, Json]]) -> None:
    asking, told = pick_data(answers, "run-assistant")[1], pick_data(answers, "get-run")[0]
    (tool_call,) = asking["toolCalls"]
    assert (asking["status"], asking["response"]) == ("requires_action", None)
    assert list(tool_call) == ["id", "name", "arguments"]
    assert (tool_call["name"], tool_call["arguments"]) == ("weather", '{"city": "Bonn"}')
    assert told == asking
    assert '{"sky": "blue"}' in pick_data(answers, "submit-tool-outputs")[0]["response"]


def test_a_second_run_is_told_of_the_active_one(answers: list[tuple[str, Json]]) -> None:
    slow, refused = pick_data(answers, "run-assistant")[2:4]
    assert refused == {"threadId": slow["threadId"], "runId": slow["runId"]}
    error = next(answer["body"]["error"] for _, answer in answers if answer["statusCode"] == 409)
    assert error == "the thread has an active run; wait for it with get-run or stop it with cancel-run"


def test_a_cancelled_run_is_cancelled(answers: list[tuple[str, Json]]) -> None:
    assert pick_data(answers, "cancel-run")[0]["status"] == "cancelled"
    failed = [answer["body"] for name, answer in answers if name == "get-run"][1]
    assert (failed["error"], failed["data"]["status"]) == ("the run ended cancelled", "cancelled")


def test_chat_goes_on_in_a_thread_or_makes_one(answers: list[tuple[str, Json]]) -> None:
    going_on, fresh = pick_data(answers, "chat")
    assert going_on["threadId"] == pick_data(answers, "create-thread")[0]["threadId"] != fresh["threadId"]
    assert going_on["response"].endswith("user: /wait 30 / user: And now?")
    assert [one["content"][:6] for one in fresh["messages"]] == ["first:", "second"]
    assert fresh["response"] == "\n\n".join(one["content"] for one in fresh["messages"])


def test_thread_and_response_stand_at_the_top_level_too(answers: list[tuple[str, Json]]) -> None:
    for _, answer in answers:
        data = answer["body"]["data"] or {}
        for name in ("threadId", "response"):
            assert (name in answer["body"]) == (name in data)
            assert answer["body"].get(name) == data.get(name)


def test_every_answer_is_json_that_nobody_stores(answers: list[tuple[str, Json]]) -> None:
    for _, answer in answers:
        assert answer["headers"]["Content-Type"] == "application/json"
        assert answer["headers"]["Cache-Control"] == "no-store"
        assert ("Retry-After" in answer["headers"]) == (answer["statusCode"] == 202)
        assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
        assert set(answer) == {"statusCode", "headers", "body"}
        assert answer["body"]["success"] == (answer["statusCode"] < 300)
        assert (answer["body"]["error"] is None) == answer["body"]["success"]


def test_every_action_makes_as_few_requests_as_it_can(backend: Backend) -> None:
    def requests(**params: Any) -> list[tuple[str, str]]:
        already = len(backend.requests)
        backend.function(clock=RealClock())(**params)
        return backend.requests[already:]

    assistant, thread = backend.assistant(), backend.thread()
    assert len(requests(action="create-thread")) == 1
    assert len(requests(action="send-message", threadId=thread, message="hi")) == 1
    assert len(requests(action="get-thread", threadId=thread)) == 1
    assert len(requests(action="list-messages", threadId=thread)) == 1
    assert len(requests(action="get-assistant", assistantId=assistant)) == 1
    assert len(requests(action="run-assistant", threadId=thread, assistantId=assistant)) == 1
