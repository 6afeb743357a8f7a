"""How a streamed run begins where upstream answers in ways of its own: what is told, and what is an error."""

from typing import Any

import httpx2
import pytest

from tests.transport.fakes import (
    fake_answers,
    make_agent,
    make_message,
    make_response,
    make_stream,
    send_raw,
)
from tests.transport.streaming import find_all, names, parse_stream

AHEAD = 4_000_000_000.0  # seconds of a time to come: a run that lasts would be noted
RUN = {"assistant_id": "asst_1", "stream": True}
CREATED = {"type": "response.created", "response": make_response(status="queued", created_at=AHEAD)}
COMPLETED = {"type": "response.completed", "response": make_response(output=[make_message(1)])}
TOLD = ["run.created", "run.queued"]
MESSAGE = [
    "run.step.created",
    "run.step.in_progress",
    "message.created",
    "message.in_progress",
    "message.delta",
    "message.completed",
    "run.step.completed",
]


def start(answer: httpx2.Response) -> httpx2.Response:
    """Streams a run whose response is begun by this answer."""
    upstream, _ = fake_answers(make_agent(), answer)
    return send_raw(upstream, "POST", "/threads/thread_1/runs", RUN)


@pytest.mark.parametrize("content_type", ["text/event-stream; charset=utf-8", "text/plain", ""])
def test_a_stream_may_have_any_type_but_jsons(content_type: str) -> None:
    answer = start(make_stream(CREATED, COMPLETED, content_type=content_type))
    assert names(parse_stream(answer)) == [*TOLD, *MESSAGE, "run.completed", "done"]


def test_the_first_event_with_a_response_begins_the_run() -> None:
    late = {"type": "response.in_progress", "response": make_response(status="in_progress", created_at=AHEAD)}
    answer = start(make_stream(": hello\n\n", {"type": "codex.rate_limits"}, late, COMPLETED))
    assert names(parse_stream(answer))[:2] == ["run.created", "run.in_progress"]


def test_a_response_that_has_ended_at_once_is_told_whole() -> None:
    answer = start(httpx2.Response(200, json=COMPLETED["response"]))
    assert names(parse_stream(answer)) == ["run.created", *MESSAGE, "run.completed", "done"]


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_response_that_goes_on_without_a_stream_has_no_end(status: str) -> None:
    answer = start(httpx2.Response(200, json=make_response(status=status, created_at=AHEAD)))
    events = parse_stream(answer)
    assert names(events) == ["run.created", f"run.{status}", "error"]
    assert events[-1][1]["code"] == "stream_refused"


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200),
        httpx2.Response(200, headers={"content-type": "text/event-stream"}),
        httpx2.Response(200, headers={"content-type": "application/json"}),
        httpx2.Response(200, json={"error": {"message": "no"}}),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, html="<html>busy</html>"),
        make_stream({"type": "response.created", "response": "resp_1"}),
        make_stream("data: {\n\n", "data: [DONE]\n\n"),
    ],
)
def test_an_answer_that_names_no_response_is_a_lost_one(answer: httpx2.Response) -> None:
    with pytest.raises(httpx2.DecodingError):
        start(answer)


@pytest.mark.parametrize(
    ("code", "status"),
    [("server_error", 500), ("rate_limit_exceeded", 429), ("invalid_prompt", 400), (None, 400)],
)
@pytest.mark.parametrize("is_nested", [True, False])
def test_an_error_ahead_of_the_response_is_answered_as_a_refusal(
    code: str | None, status: int, is_nested: bool
) -> None:
    details = {"code": code, "message": "Agent with id 'agent_1' is odd", "param": "x"}
    event: dict[str, Any] = {"error": details} if is_nested else details
    answer = start(make_stream({"type": "error", "sequence_number": 0, **event}))
    assert answer.status_code == status
    message = "Assistant with id 'asst_1' is odd"
    error = {"type": None, "param": "x", "code": code, "message": message}
    assert {name: answer.json()["error"][name] for name in error} == error


def test_a_busy_conversation_may_be_told_by_an_error_of_the_stream() -> None:
    busy = {"type": "error", "code": "conversation_locked", "message": "Another process", "param": None}
    upstream, _ = fake_answers(
        make_agent(), make_stream(busy), {"id": "conv_1"}, {"data": [], "has_more": False}
    )
    answer = send_raw(upstream, "POST", "/threads/thread_1/runs", RUN)
    assert answer.status_code == 400
    assert "already has an active run" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, {"error": {"message": "no", "param": "stream"}}, "no"),
        (400, {"error": {"message": "no", "param": "background"}}, "no"),
        (404, {"error": {"message": "Streaming is off", "param": None}}, "Streaming is off"),
        (422, {"error": {"message": "`background` is unknown"}}, "`background` is unknown"),
        (400, {"detail": "Background is not supported"}, '{"detail":"Background is not supported"}'),
        (400, {"detail": "what is told without a stream too"}, "what is told without a stream too"),
        (422, {"detail": [{"loc": ["body", "stream"]}]}, '{"detail":[{"loc":["body","stream"]}]}'),
    ],
)
def test_a_refusal_of_the_stream_is_told_as_one(status: int, body: Any, words: str) -> None:
    answer = start(httpx2.Response(status, json=body))
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, "stream", "stream_refused")
    assert error["message"].startswith("OpenAI does not stream this run: ")
    assert words in error["message"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"message": "The model `upstream-1` does not exist", "param": "model"}}),
        (404, {"detail": "Not Found"}),
        (429, {"error": {"message": "too many streams", "param": None}}),
        (500, {"detail": "stream"}),
    ],
)
def test_another_refusal_stays_what_it_is(status: int, body: Any) -> None:
    answer = start(httpx2.Response(status, json=body))
    assert (answer.status_code, answer.json()["error"].get("code")) == (status, None)


def test_a_stream_of_another_shape_is_no_answer() -> None:
    with pytest.raises(httpx2.DecodingError):
        start(make_stream({"type": "response.created", "response": {"id": "resp_1"}}))
    upstream, _ = fake_answers(
        make_agent(),
        make_stream(CREATED, {"type": "response.completed", "response": {"status": "completed"}}),
    )
    with pytest.raises(httpx2.DecodingError):
        send_raw(upstream, "POST", "/threads/thread_1/runs", RUN)


def test_a_server_that_ignores_the_wish_for_a_stream_tells_the_run_as_it_is() -> None:
    upstream, asked = fake_answers(make_response(status="in_progress", created_at=AHEAD), {"id": "conv_1"})
    answer = send_raw(upstream, "GET", "/threads/thread_1/runs/run_1?stream=true")
    assert names(parse_stream(answer)) == ["run.in_progress", "error"]
    assert asked[0].url.query == b"stream=true&include_obfuscation=false"


def test_an_error_in_the_middle_is_told_and_is_not_the_end() -> None:
    error = {"type": "error", "code": "server_error", "message": "odd", "param": None, "sequence_number": 3}
    events = parse_stream(start(make_stream(CREATED, error)))
    assert events[-1] == (
        "error",
        {"type": "server_error", "code": "server_error", "message": "odd", "param": None},
    )


def test_a_stream_that_just_ends_has_no_end_of_the_run() -> None:
    assert names(parse_stream(start(make_stream(CREATED)))) == TOLD


def test_bytes_behind_the_end_are_not_waited_for() -> None:
    chatter = [": still here\n\n"] * 1000
    answer = start(make_stream(CREATED, COMPLETED, *chatter))
    assert find_all(parse_stream(answer), "run.completed")
