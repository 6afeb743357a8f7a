"""Structured answers: `response` stays text, `data.parsed` is its JSON where JSON was asked for."""

import json
from typing import Any

import httpx2
import pytest

from tests.backends import Backend
from tests.fake_upstream import NATIVE, RUN, answer_run, v2_message, v2_run, v2_text
from tests.invoke import FakeClock, Json, make_function

SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer", "minimum": 3}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
JSON_SCHEMA: Json = {
    "type": "json_schema",
    "json_schema": {"name": "weather", "schema": SCHEMA, "strict": True},
}
FITTING = {"city": "echo", "degrees": 3}


@pytest.mark.parametrize(
    ("wanted", "parsed"),
    [
        ("json_object", {"echo": "hello"}),
        ({"type": "json_object"}, {"echo": "hello"}),
        (JSON_SCHEMA, FITTING),
        (json.dumps(JSON_SCHEMA), FITTING),
    ],
)
@pytest.mark.parametrize("where", ["assistant", "run-assistant", "chat"])
def test_the_answer_is_text_and_its_value_is_beside_it(
    backend: Backend, where: str, wanted: Any, parsed: Json
) -> None:
    of_assistant = {"responseFormat": wanted} if where == "assistant" else {}
    of_run = {} if where == "assistant" else {"responseFormat": wanted}
    ids = {"assistantId": backend.assistant(**of_assistant)}
    if where != "chat":
        ids |= {"threadId": backend.thread()}
    action = "chat" if where == "chat" else "run-assistant"
    run = backend.data(action=action, **ids, **of_run, message="/say hello")
    assert isinstance(run["response"], str)
    assert json.loads(run["response"]) == run["parsed"] == parsed


def test_without_a_json_format_nothing_is_parsed(backend: Backend) -> None:
    ids = {"assistantId": backend.assistant(responseFormat="text"), "threadId": backend.thread()}
    run = backend.data(action="run-assistant", **ids, message='/say {"a": 1}')
    assert run["response"] == '{"a": 1}'
    assert "parsed" not in run


def test_a_runs_format_comes_before_the_assistants(backend: Backend) -> None:
    ids = {"assistantId": backend.assistant(responseFormat=JSON_SCHEMA), "threadId": backend.thread()}
    assert backend.data(action="run-assistant", **ids, message="x", responseFormat="json_object")[
        "parsed"
    ].keys() == {"echo"}
    assert "parsed" not in backend.data(action="run-assistant", **ids, message="x", responseFormat="text")


def test_an_update_changes_and_resets_the_format(backend: Backend) -> None:
    assistant = backend.assistant(responseFormat="json_object")
    ask = {"action": "chat", "assistantId": assistant, "message": "/say hi"}
    backend.data(action="update-assistant", assistantId=assistant, responseFormat=JSON_SCHEMA)
    assert backend.data(**ask)["parsed"] == FITTING
    backend.data(action="update-assistant", assistantId=assistant, responseFormat=None)
    assert backend.data(**ask)["response"] == "hi"


def test_a_cut_answer_is_no_json_and_parsed_is_null(backend: Backend) -> None:
    ids = {"assistantId": backend.assistant(responseFormat="json_object"), "threadId": backend.thread()}
    run = backend.data(action="run-assistant", **ids, message="/incomplete")
    assert (run["status"], run["parsed"]) == ("incomplete", None)
    assert run["response"].startswith('{"echo"')


def test_a_run_that_goes_on_has_no_value_yet_and_get_run_tells_it(backend: Backend) -> None:
    ids = {"assistantId": backend.assistant(responseFormat="json_object"), "threadId": backend.thread()}
    begun = backend.call(action="run-assistant", **ids, message="/wait 0.2\n/say hi", wait=0)
    assert (begun["statusCode"], begun["body"]["data"]["parsed"]) == (202, None)
    run = {"threadId": ids["threadId"], "runId": begun["body"]["data"]["runId"]}
    assert backend.data(action="get-run", **run)["parsed"] == {"echo": "hi"}


def test_a_schema_without_a_name_is_refused_by_name(backend: Backend) -> None:
    wanted = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    refused = backend.call(action="create-assistant", name="a", responseFormat=wanted)
    assert refused["statusCode"] == 400
    assert "json_schema" in refused["body"]["error"]


def test_an_unknown_format_is_refused(backend: Backend) -> None:
    refused = backend.call(action="create-assistant", name="a", responseFormat={"type": "yaml"})
    assert refused["statusCode"] == 400
    assert "yaml" in refused["body"]["error"]


def parse_answer(text: str) -> Any:
    """Runs an assistant that should give JSON and answers with this text; returns `data.parsed`."""
    clock = FakeClock()
    ended = v2_run(response_format={"type": "json_object"})
    upstream = answer_run(lambda _: httpx2.Response(200, json=ended), v2_message(v2_text(text)), clock=clock)
    answer = make_function(NATIVE, transport=httpx2.MockTransport(upstream), clock=clock)(**RUN)
    assert answer["statusCode"] == 200
    json.dumps(answer, allow_nan=False)
    assert answer["body"]["data"]["response"] == text.replace("\ud800", "\ufffd")
    return answer["body"]["data"]["parsed"]


@pytest.mark.parametrize(
    "text", ["", "hello", "{", "NaN", '{"a": Infinity}', "{'a': 1}", "[" * 5000, "9" * 5000]
)
def test_what_is_no_json_is_null(text: str) -> None:
    assert parse_answer(text) is None


def test_json_that_is_deeper_than_can_be_sent_is_null() -> None:
    assert parse_answer("[" * 400 + "]" * 400) is None


@pytest.mark.parametrize("text", ["[]", '{"a": [1, 2.5, null, "ü"]}', '"text"', "7", "false", " {} \n"])
def test_any_json_value_is_told(text: str) -> None:
    assert parse_answer(text) == json.loads(text)


def test_what_json_can_write_and_the_platform_cannot_send_is_made_sendable() -> None:
    assert parse_answer('{"a": 1e999, "b": "\\ud800"}') == {"a": None, "b": "\ufffd"}
