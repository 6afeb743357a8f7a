"""Streams that are sent whole: as they came, or with an `error` event behind what came."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.fake_upstream import Upstream, answer_always, error, v2_list, v2_message, v2_run, v2_text
from tests.invoke import KEY, Json

START: Any = ("POST", "/threads/thread_1/runs")
STREAM: Json = {"assistant_id": "asst_1", "stream": True}
CREATED, RUN = ("thread.run.created", v2_run("queued")), "thread.run.completed"
DONE = ("done", "[DONE]")
Told = list[tuple[str, Any]]


def piece(value: str, index: int = 0, message: str = "msg_1", **text: Any) -> tuple[str, Json]:
    part = {"index": index, "type": "text", "text": {"value": value, **text}}
    return (
        "thread.message.delta",
        {"id": message, "object": "thread.message.delta", "delta": {"content": [part]}},
    )


def write(*events: tuple[str, Any]) -> bytes:
    lines = [
        f"event: {name}\ndata: {data if isinstance(data, str) else json.dumps(data)}\n\n"
        for name, data in events
    ]
    return "".join(lines).encode()


class Breaking(httpx2.SyncByteStream):
    """A body that ends in an exception."""

    def __init__(self, content: bytes, problem: Exception) -> None:
        self._content, self._problem = content, problem

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        raise self._problem


def stream(*events: tuple[str, Any], problem: Exception | None = None) -> httpx2.Response:
    headers = {"content-type": "text/event-stream", "x-request-id": "req_1"}
    if problem is None:
        return httpx2.Response(200, headers=headers, content=write(*events))
    return httpx2.Response(200, headers=headers, stream=Breaking(write(*events), problem))


def ask(response: httpx2.Response) -> Json:
    return Upstream(lambda _: response).function().ask(*START, **STREAM)


def read(answer: Json) -> Told:
    assert answer["headers"]["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer["statusCode"] == 200
    found = []
    for block in answer["body"].strip().split("\n\n"):
        name, data = block.split("\n")
        data = data.removeprefix("data: ")
        found.append((name.removeprefix("event: "), data if data == "[DONE]" else json.loads(data)))
    return found


def test_the_events_are_told_as_they_came() -> None:
    events = [CREATED, ("thread.message.completed", v2_message(v2_text("grüß"))), (RUN, v2_run()), DONE]
    answer = ask(stream(*events))
    assert read(answer) == events
    assert answer["headers"]["x-request-id"] == "req_1"


def test_the_pieces_of_one_text_are_told_in_one() -> None:
    cited = piece("】", annotations=[{"type": "file_citation", "index": 0}])
    events = [
        CREATED,
        piece("a", annotations=[]),
        piece("b"),
        piece("c", message="msg_2"),
        piece("d", message="msg_2", index=1),
        cited,
        piece("e"),
        ("thread.message.completed", v2_message()),
        piece("f"),
        (RUN, v2_run()),
        DONE,
    ]
    deltas = [data for name, data in read(ask(stream(*events))) if name == "thread.message.delta"]
    assert [one["delta"]["content"][0]["text"]["value"] for one in deltas] == ["ab", "c", "d", "】", "e", "f"]
    assert deltas[0]["delta"]["content"][0]["text"]["annotations"] == []
    assert deltas[3] == cited[1]


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (httpx2.ReadTimeout("late"), "goes on"),
        (httpx2.ReadError("reset"), "broke off"),
        (httpx2.DecodingError("nonsense"), "broke off"),
        (None, "broke off"),
    ],
)
def test_a_stream_without_an_end_says_which_run_to_retrieve(problem: Exception | None, words: str) -> None:
    *told, (name, last) = read(ask(stream(CREATED, piece("a"), piece("b"), problem=problem)))
    assert told == [CREATED, piece("ab")]
    assert name == "error"
    assert words in last["message"]
    assert "run_1" in last["message"]
    assert last["error"].items() <= last.items()


def test_an_error_of_the_stream_is_raised_by_every_sdk() -> None:
    """Python raises what stands under `error`, Node what is beside it."""
    details = {"message": f"Bad {KEY}", "type": "server_error", "param": None, "code": "c"}
    for data in (details, {"error": details}):
        *_, (name, last) = read(ask(stream(CREATED, ("error", data), DONE)))
        assert (name, last["error"]["code"]) == ("error", "c")
        assert KEY not in json.dumps(last)


def test_no_key_leaves_in_the_events_of_a_run() -> None:
    problem = {"last_error": {"code": "server_error", "message": f"bad {KEY}"}}
    step = ("thread.run.step.failed", {"id": "step_1", "object": "thread.run.step", **problem})
    answer = ask(stream(CREATED, step, ("thread.run.failed", v2_run("failed", **problem)), DONE))
    assert KEY not in answer["body"]
    assert [name for name, _ in read(answer)][1:3] == ["thread.run.step.failed", "thread.run.failed"]


@pytest.mark.parametrize("events", [[("thread.run.created", "no json")], [("thread.message.delta", "[")], []])
def test_events_that_cannot_be_read_end_the_stream(events: Told) -> None:
    *_, (name, last) = read(ask(stream(*events, DONE) if events else stream()))
    assert (name, "broke off" in last["message"]) == ("error", True)


def test_events_that_are_too_long_for_the_platform_are_cut() -> None:
    events = [CREATED, *[piece("x" * 300_000, message=f"msg_{n}") for n in range(9)], (RUN, v2_run()), DONE]
    answer = ask(stream(*events))
    assert 600_000 < len(answer["body"]) < 1_000_000
    *_, (name, last) = read(answer)
    assert (name, "1 MB" in last["message"]) == ("error", True)


# ---------------------------------------------------------------- servers that stream no runs


def answer_unstreamed(request: httpx2.Request) -> httpx2.Response:
    path = request.url.path
    if path.endswith("/messages"):
        return httpx2.Response(200, json=v2_list(v2_message(v2_text("Hi"))))
    if path.endswith("/steps"):
        return error(404, "no steps here")
    if request.method == "POST" and b'"stream"' in request.content:
        return error(400, "Streaming of background runs is not supported.")
    return httpx2.Response(200, json=v2_run("queued" if request.method == "POST" else "completed"))


def count_starts(upstream: Upstream) -> int:
    return len([one for one in upstream.seen if one.method == "POST"])


def test_a_server_that_refuses_streams_is_polled_and_the_run_told_alike() -> None:
    upstream = Upstream(answer_unstreamed)
    function = upstream.function()
    names = [name for name, _ in read(function.ask(*START, **STREAM))]
    assert names == [
        "thread.run.created",
        "thread.run.queued",
        "thread.run.in_progress",
        "thread.message.created",
        "thread.message.in_progress",
        "thread.message.delta",
        "thread.message.completed",
        "thread.run.completed",
        "done",
    ]
    assert count_starts(upstream) == 2
    function.ask(*START, **STREAM)
    assert count_starts(upstream) == 3, "the refusal is remembered"


def test_a_run_in_place_of_its_stream_is_not_started_again() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(200, json=v2_run("in_progress"))
        return answer_unstreamed(request)

    upstream = Upstream(answer)
    assert read(upstream.function().ask(*START, **STREAM))[-1] == DONE
    assert count_starts(upstream) == 1


def test_an_unstreamed_run_that_outlives_the_call_is_told_to_be_retrieved() -> None:
    upstream = answer_always(200, v2_run("in_progress"))
    *told, (name, last) = read(upstream.function(RUN_STREAMING="off").ask(*START, **STREAM))
    assert [name for name, _ in told] == ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]
    assert (name, "goes on: retrieve run_1" in last["message"]) == ("error", True)
    assert 26 < upstream.clock.seconds < 27


@pytest.mark.parametrize("content", [b"", b"{}", b"<p>Hello</p>"])
def test_an_answer_that_names_no_run_is_a_lost_one(content: bytes) -> None:
    answer = answer_always(200, content=content).function().ask(*START, **STREAM)
    assert (answer["statusCode"], answer["headers"]["x-should-retry"]) == (502, "false")
    assert "look before you repeat it" in answer["body"]["error"]["message"]


@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_a_refusal_is_no_stream(status: int) -> None:
    upstream = answer_always(status, {"error": {"message": "No.", "type": "t", "param": None, "code": None}})
    answer = upstream.function().ask(*START, **STREAM)
    assert (answer["statusCode"], answer["body"]["error"]["message"]) == (status, "No.")


def test_a_start_whose_answer_is_lost_is_not_sent_again() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("reset", request=request)

    upstream = Upstream(answer)
    told = upstream.function().ask(*START, **STREAM)
    assert (told["statusCode"], told["headers"]["x-should-retry"], len(upstream.seen)) == (502, "false", 1)
