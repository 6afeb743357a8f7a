"""Answers are read only as far as they fit into the memory; a page that is too long comes in shorter ones."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from assistant_function.upstream.bounded_reading import MAX_ANSWER_BYTES, MAX_ANSWER_VALUES
from assistants_transport.translate.marks import mark_from_key, mark_message
from tests.fake_upstream import SEND, THREAD, THREAD_PARAMS, Upstream, v2_list, v2_message, v2_run, v2_text
from tests.invoke import Json
from tests.transport.fakes import make_message

TOO_LONG = "OpenAI's answer is longer than the 3145728 bytes that are read"
BACKENDS = ("native", "responses")
COUNT = 60  # of the objects of a list


class Stream(httpx2.SyncByteStream):
    """A body of which is known how many pieces were read."""

    def __init__(self, piece: bytes, pieces: int) -> None:
        self.piece, self.pieces, self.read = piece, pieces, 0

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.pieces):
            self.read += 1
            yield self.piece


def pad(size: int) -> bytes:
    """A thread, in so many bytes."""
    text = json.dumps(THREAD).encode()
    return text + b" " * (size - len(text))


def call_with(answer: httpx2.Response, **params: Any) -> Json:
    return Upstream(lambda _: answer).function()(**THREAD_PARAMS | params)


def test_the_longest_answer_is_taken_and_one_byte_more_is_not() -> None:
    assert call_with(httpx2.Response(200, content=pad(MAX_ANSWER_BYTES)))["statusCode"] == 200
    refused = call_with(httpx2.Response(200, content=pad(MAX_ANSWER_BYTES + 1)))
    assert (refused["statusCode"], refused["body"]["error"]) == (502, TOO_LONG)


def test_what_tells_that_it_is_too_long_is_not_read_at_all() -> None:
    told = Stream(b" " * 1000, 5000)
    refused = call_with(httpx2.Response(200, stream=told, headers={"content-length": "5000000"}))
    assert (refused["body"]["error"], told.read) == (TOO_LONG, 0)


def test_what_does_not_tell_its_length_is_read_up_to_the_limit() -> None:
    endless = Stream(b" " * 100_000, 10_000)
    refused = call_with(httpx2.Response(200, stream=endless))
    assert (refused["body"]["error"], endless.read) == (TOO_LONG, MAX_ANSWER_BYTES // 100_000 + 1)


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_answer_is_counted_as_it_unfolds(encoding: str, encode: Any) -> None:
    headers = {"content-encoding": encoding}
    read = call_with(httpx2.Response(200, stream=Stream(encode(pad(2_000_000)), 1), headers=headers))
    assert (read["statusCode"], read["body"]["threadId"]) == (200, "thread_1")
    bomb = Stream(encode(b" " * 50_000_000), 1)
    assert call_with(httpx2.Response(200, stream=bomb, headers=headers))["body"]["error"] == TOO_LONG


def test_an_encoding_that_nobody_asked_for_is_not_understood() -> None:
    strange = httpx2.Response(200, stream=Stream(b"x", 1), headers={"content-encoding": "br"})
    assert "could not be understood" in call_with(strange)["body"]["error"]


@pytest.mark.parametrize("piece", ["[]", "{}", '{"a":1}', "1.5", '"ab"', "[[[]]]"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_answer_of_too_many_values_is_not_made_into_objects(backend: str, piece: str) -> None:
    content = f'{{"id": "thread_1", "data": [{",".join([piece] * (MAX_ANSWER_VALUES + 1))}]}}'.encode()
    upstream = Upstream(lambda _: httpx2.Response(200, content=content))
    assert upstream.function(ASSISTANTS_BACKEND=backend).error(**THREAD_PARAMS) == (502, TOO_LONG)


def test_commas_in_a_text_are_no_values() -> None:
    text = '\\"[{,' * (MAX_ANSWER_VALUES + 1)
    upstream = Upstream(lambda _: httpx2.Response(200, json=v2_list(v2_message(v2_text(text)))))
    [shown] = upstream.function().data(action="list-messages", threadId="thread_1")["messages"]
    assert shown["content"] == text


# ---------------------------------------------------------------- pages


def answer_page(request: httpx2.Request) -> httpx2.Response:
    """Long messages of a thread, or assistants, or runs."""
    if not request.url.params.get("limit"):
        return httpx2.Response(200, json={"id": "conv_1", "created_at": 1, "metadata": {}})
    limit, after = int(request.url.params["limit"]), request.url.params.get("after", "msg_-1")
    numbers = range(int(after[4:]) + 1, min(COUNT, int(after[4:]) + 1 + limit))
    text = "x" * 100_000
    kind = request.url.path.rpartition("/")[2]
    made: dict[str, Any] = {
        "items": lambda n: {
            "id": f"msg_{n}",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": text}],
        },
        "messages": lambda n: v2_message(v2_text(text), id=f"msg_{n}"),
        "assistants": lambda n: {"id": f"msg_{n}", "object": "assistant", "instructions": text},
        "runs": lambda n: v2_run(id=f"msg_{n}", instructions=text),
    }
    data = [made[kind](number) for number in numbers]
    return httpx2.Response(200, json=v2_list(*data, has_more=numbers.stop < COUNT))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_page_that_is_too_long_is_asked_for_with_fewer_messages(backend: str) -> None:
    upstream = Upstream(answer_page)
    function = upstream.function(ASSISTANTS_BACKEND=backend)
    ask: Json = {"action": "list-messages", "threadId": "thread_1"}
    pages = [function.data(**ask)]
    while pages[-1]["hasMore"]:
        pages.append(function.data(**ask, after=pages[-1]["lastId"]))
    ids = [one["messageId"] for page in pages for one in page["messages"]]
    assert ids == [f"msg_{number}" for number in range(COUNT)]
    limits = [int(one.url.params["limit"]) for one in upstream.seen if one.url.params.get("limit")]
    assert limits[:2] == [100, 25]
    assert len(limits) <= 2 * COUNT / 9 + 2  # nine of them fit into an answer


@pytest.mark.parametrize("action", ["list-assistants", "list-runs"])
def test_other_pages_come_shorter_too(action: str) -> None:
    upstream = Upstream(answer_page)
    params = {"threadId": "thread_1"} if action == "list-runs" else {}
    page = upstream.function().data(action=action, limit=100, **params)
    assert page["hasMore"]
    assert [one.url.params["limit"] for one in upstream.seen] == ["100", "25"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_single_message_that_is_too_long_ends_the_attempts(backend: str) -> None:
    upstream = Upstream(lambda _: httpx2.Response(200, content=b" " * (MAX_ANSWER_BYTES + 1)))
    function = upstream.function(ASSISTANTS_BACKEND=backend)
    assert function.error(action="list-messages", threadId="thread_1") == (502, TOO_LONG)
    assert [one.url.params["limit"] for one in upstream.seen] == ["100", "25", "6", "1"]


def test_a_change_whose_answer_is_too_long_is_not_made_again() -> None:
    upstream = Upstream(lambda _: httpx2.Response(200, content=b" " * (MAX_ANSWER_BYTES + 1)))
    answer = upstream.function()(action="create-thread")
    assert answer["body"]["error"].startswith(f"{TOO_LONG}; the change may have been carried out")
    assert len(upstream.seen) == 1


def list_objects(objects: list[Json]) -> Upstream:
    """A thread with a run whose lists are these objects, in whatever order they are asked for."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.method == "GET"
        if "limit" not in request.url.params:
            return httpx2.Response(200, json=v2_run())
        ids, after = [one["id"] for one in objects], request.url.params.get("after")
        start = ids.index(after) + 1 if after else 0
        end = start + int(request.url.params["limit"])
        return httpx2.Response(200, json=v2_list(*objects[start:end], has_more=end < len(ids)))

    return Upstream(answer)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_message_that_was_sent_before_is_found_behind_long_ones(backend: str) -> None:
    """Else a repeat of its requestId would send it again."""
    send = SEND | {"requestId": "order-17"}
    if backend == "native":
        newest = [v2_message(v2_text("x" * 300_000), id=f"msg_{n}", role="user") for n in range(19)]
        tag = {"request_id": hashlib.sha256(b"order-17").hexdigest()[:12]}
        sent = v2_message(v2_text("hi"), id="msg_sent", role="user", metadata=tag)
    else:
        newest = [
            make_message(n, content=[{"type": "output_text", "text": "x" * 100_000}]) for n in range(49)
        ]
        item = {"content": "hi", "role": "user", "type": "message"}
        sent = {"id": "msg_sent", **mark_message(item, mark_from_key("order-17"))}
    upstream = list_objects([*newest, sent])
    assert upstream.function(ASSISTANTS_BACKEND=backend).data(**send)["messageId"] == "msg_sent"
    assert len(upstream.seen) > 2


def test_all_messages_of_a_run_are_told_although_they_are_long() -> None:
    written = [v2_message(v2_text("\U0001f600" * 15_000), id=f"msg_{number}") for number in range(COUNT)]
    upstream = list_objects(written)
    data = upstream.function().data(action="get-run", threadId="thread_1", runId="run_1")
    assert [one["messageId"] for one in data["messages"]] == [one["id"] for one in written]
    assert len(upstream.seen) > 2


def test_a_run_that_wrote_more_than_can_be_answered_is_told_without_its_messages() -> None:
    upstream = list_objects([v2_message(v2_text("x" * 600_000), id=f"msg_{number}") for number in range(3)])
    answered = upstream.function()(action="get-run", threadId="thread_1", runId="run_1")
    assert (answered["statusCode"], answered["body"]["data"]["status"]) == (502, "completed")
    assert answered["body"]["response"] is None
    assert answered["body"]["error"] == "the run wrote more than can be answered; list-messages has it"
