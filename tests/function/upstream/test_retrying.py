"""The transport to OpenAI: what is sent again, and what is not."""

import socket

import httpx2
import pytest

from tests.fake_upstream import RUN, SEND, THREAD, THREAD_PARAMS, answer_in_turn, error
from tests.invoke import Context, Json, make_function

DONE = httpx2.Response(200, json=THREAD)
SENT = httpx2.Response(200, json={"object": "thread.message", "id": "msg_1", "content": []})
LOST = [httpx2.ReadError("reset"), httpx2.ReadTimeout("slow"), httpx2.RemoteProtocolError("cut")]
NOT_SENT = [httpx2.ConnectError("refused"), httpx2.ConnectTimeout("slow")]
FAILED = [error(status) for status in (408, 500, 502, 503, 504, 529)]
QUOTA = httpx2.Response(429, json={"error": {"message": "quota", "code": "insufficient_quota"}})


@pytest.mark.parametrize("first", [*LOST, *FAILED], ids=str)
@pytest.mark.parametrize("params", [SEND, RUN, {"action": "create-thread"}], ids=lambda p: p["action"])
def test_a_change_that_may_be_made_is_not_repeated(params: Json, first: httpx2.Response | Exception) -> None:
    upstream = answer_in_turn(first, SENT)
    assert upstream.function()(**params)["statusCode"] in (502, 504)
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("first", [*NOT_SENT, error(429)], ids=str)
def test_a_change_that_surely_was_not_made_is_repeated(first: httpx2.Response | Exception) -> None:
    upstream = answer_in_turn(first, first, SENT)
    assert upstream.function().data(**SEND)["messageId"] == "msg_1"
    assert len(upstream.seen) == 3
    assert upstream.clock.pauses == [0.25, 0.5]


@pytest.mark.parametrize("first", [*LOST, *NOT_SENT, *FAILED, error(429)], ids=str)
def test_a_read_is_repeated(first: httpx2.Response | Exception) -> None:
    upstream = answer_in_turn(first, first, DONE)
    assert upstream.function().data(**THREAD_PARAMS)["threadId"] == "thread_1"
    assert len(upstream.seen) == 3


@pytest.mark.parametrize("first", [*LOST, *NOT_SENT, *FAILED, error(429)], ids=str)
def test_nothing_is_tried_more_than_three_times(first: httpx2.Response | Exception) -> None:
    upstream = answer_in_turn(first)
    assert upstream.function()(**THREAD_PARAMS)["statusCode"] in (429, 502, 504)
    assert len(upstream.seen) == 3


@pytest.mark.parametrize("answer", [error(400), error(401), error(404), error(409), QUOTA])
@pytest.mark.parametrize("params", [SEND, THREAD_PARAMS])
def test_what_a_pause_cannot_cure_is_not_repeated(params: Json, answer: httpx2.Response) -> None:
    upstream = answer_in_turn(answer)
    upstream.function()(**params)
    assert len(upstream.seen) == 1


def test_the_pause_that_openai_asks_for_is_made() -> None:
    upstream = answer_in_turn(error(429, retry_after="7"), SENT)
    upstream.function().data(**SEND)
    assert upstream.clock.pauses == [7.0]


@pytest.mark.parametrize("asked", ["27", "60", "999999999"])
def test_a_pause_beyond_the_deadline_is_the_callers(asked: str) -> None:
    upstream = answer_in_turn(error(429, retry_after=asked), SENT)
    answer = upstream.function()(**SEND)
    assert (answer["statusCode"], len(upstream.seen), upstream.clock.seconds) == (429, 1, 0)


def test_no_attempt_begins_after_the_deadline() -> None:
    upstream = answer_in_turn(httpx2.ConnectError("refused"))
    upstream.function().main(THREAD_PARAMS, Context(1_900))
    assert upstream.clock.seconds < 0.4


def test_a_server_that_is_not_there_is_502() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    function = make_function({"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"})
    answer = function.main(SEND, Context(2_000))
    assert (answer["statusCode"], answer["body"]["error"]) == (502, "OpenAI could not be reached; try again")
