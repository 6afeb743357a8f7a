"""Threads are created, changed and deleted."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from openai import APIStatusError, InternalServerError, NotFoundError, OpenAI

from assistants_transport.caches import Caches
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.operations import threads_as_conversations as threads
from assistants_transport.request import V2Request
from tests.transport.fakes import (
    connect_fake,
    fake_answers,
    make_message,
    make_page,
    refuse_all,
    send_raw,
)

Since = Callable[[], list[tuple[str, str]]]
CONVERSATION = {"id": "conv_1", "object": "conversation", "created_at": 7, "metadata": {}}
STORES: Any = {"file_search": {"vector_store_ids": ["vs_1"]}}
REFUSED = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}
TOO_MANY: Any = [{"role": "user", "content": "x"}] * 21  # for one request


def test_a_thread_is_created_read_changed_and_deleted(client: OpenAI) -> None:
    created = client.beta.threads.create(metadata={"a": "1"}, tool_resources=STORES)
    assert created.id.startswith("thread_")
    assert created.created_at > 0
    assert (created.metadata, created.tool_resources and created.tool_resources.to_dict()) == (
        {"a": "1"},
        STORES,
    )
    assert client.beta.threads.retrieve(created.id) == created
    changed = client.beta.threads.update(created.id, metadata={"b": "2"})
    assert (changed.metadata, changed.tool_resources) == ({"b": "2"}, created.tool_resources)
    kept = client.beta.threads.update(created.id, tool_resources={})
    assert (kept.metadata, kept.tool_resources) == ({"b": "2"}, None)
    assert client.beta.threads.update(created.id) == kept
    deleted = client.beta.threads.delete(created.id)
    assert deleted.model_dump() == {"id": created.id, "object": "thread.deleted", "deleted": True}
    with pytest.raises(NotFoundError, match=f"Thread with id '{created.id}' not found"):
        client.beta.threads.retrieve(created.id)


def test_a_thread_with_more_messages_than_one_request_takes(client: OpenAI, requests_since: Since) -> None:
    texts = [str(number) for number in range(45)]
    thread = client.beta.threads.create(messages=[{"role": "user", "content": text} for text in texts])
    assert len(requests_since()) == 3
    found = client.beta.threads.messages.list(thread.id, limit=100, order="asc").data
    assert [one.content[0].to_dict()["text"]["value"] for one in found] == texts  # type: ignore[index]


@pytest.mark.parametrize("status", [400, 404, 409, 413, 429])
def test_nothing_half_made_is_left_where_a_later_request_is_refused(status: int) -> None:
    upstream, asked = fake_answers(
        CONVERSATION,
        httpx2.Response(status, json=REFUSED),
        make_page(make_message(1)),
        {},
        CONVERSATION | {"deleted": True},
    )
    with connect_fake(upstream) as client, pytest.raises(APIStatusError, match="no") as told:
        client.beta.threads.create(messages=TOO_MANY)
    assert told.value.status_code == status
    assert [(one.method, one.url.path) for one in asked[2:]] == [
        ("GET", "/v1/conversations/conv_1/items"),
        ("DELETE", "/v1/conversations/conv_1/items/msg_1"),
        ("DELETE", "/v1/conversations/conv_1"),
    ]


def create_half(*answers: Any) -> tuple[httpx2.Response, list[str]]:
    """Creates a thread of two requests -> (the answer, which methods went out after these two)."""
    upstream, asked = fake_answers(CONVERSATION, *answers)
    answer = send_raw(upstream, "POST", "/threads", {"messages": TOO_MANY})
    return answer, [one.method for one in asked[2:]]


@pytest.mark.parametrize("worse", [httpx2.Response(500, text="worse"), httpx2.ReadTimeout("late")])
def test_a_refusal_that_cannot_be_cleaned_up_names_what_is_left(worse: Any) -> None:
    answer, after = create_half(httpx2.Response(400, json=REFUSED), worse)
    error = answer.json()["error"]
    assert (answer.status_code, error["thread_id"], after) == (400, "thread_1", ["GET"])
    assert error["message"] == "no thread_1 exists, perhaps without some of its messages."


@pytest.mark.parametrize(
    ("unsure", "status"),
    [
        (httpx2.Response(408, json=REFUSED), 408),
        (httpx2.Response(500, json=REFUSED), 500),
        (httpx2.Response(504, text="a gateway"), 504),
        (httpx2.Response(200, text="nonsense"), 502),
        ([], 502),
        (httpx2.ReadTimeout("late"), 504),
        (httpx2.ReadError("reset"), 502),
    ],
)
def test_nothing_is_taken_back_after_a_request_that_may_have_been_carried_out(
    unsure: Any, status: int
) -> None:
    answer, after = create_half(unsure)
    error = answer.json()["error"]
    assert (answer.status_code, error["thread_id"], after) == (status, "thread_1", [])
    assert error["message"].endswith(". thread_1 exists, perhaps without some of its messages.") or (
        error["message"].startswith("no thread_1 exists")
    )


def test_the_sdk_does_not_begin_anew_beside_half_a_thread() -> None:
    upstream, asked = fake_answers(CONVERSATION, httpx2.Response(500, json=REFUSED))
    with connect_fake(upstream) as client, pytest.raises(InternalServerError):
        client.with_options(max_retries=2).beta.threads.create(messages=TOO_MANY)
    assert len(asked) == 2


def test_an_update_takes_no_messages() -> None:
    answer = send_raw(refuse_all, "POST", "/threads/thread_1", {"messages": []})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "messages")


def test_deleting_erases_250_items_and_then_the_conversation(client: OpenAI, requests_since: Since) -> None:
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "x"}] * 250)
    requests_since()
    assert client.beta.threads.delete(thread.id, timeout=60).deleted
    asked = requests_since()
    path = "/v1/conversations/" + thread.id.replace("thread_", "conv_")
    assert asked[-1] == ("DELETE", path)
    deleted = [one for method, one in asked[:-1] if method == "DELETE"]
    assert len(set(deleted)) == len(deleted) == 250
    assert len([one for one in asked if one[0] == "GET"]) == 3


class Slow:
    """A conversation whose items take a while to delete; `gone` items answer 404."""

    def __init__(self, items: int, seconds: float = 0.0, gone: tuple[str, ...] = ()) -> None:
        self.items = {f"msg_{n}" for n in range(items)}
        self.seconds, self.gone = seconds, gone
        self.lock, self.working, self.most, self.deleted = threading.Lock(), 0, 0, False

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            items = sorted(self.items)
            return httpx2.Response(200, json=make_page(*map(_item, items[:100]), has_more=len(items) > 100))
        if request.url.path.endswith("/conv_1"):
            self.deleted = True
            return httpx2.Response(200, json={"deleted": True})
        with self.lock:
            self.working += 1
            self.most = max(self.most, self.working)
        time.sleep(self.seconds)
        with self.lock:
            self.working -= 1
            name = request.url.path.rpartition("/")[2]
            self.items.discard(name)
        return httpx2.Response(404 if name in self.gone else 200, json={})


def _item(item_id: str) -> dict[str, Any]:
    return {"id": item_id, "type": "message"}


def test_items_are_deleted_side_by_side() -> None:
    upstream = Slow(16, seconds=0.01)
    with connect_fake(upstream) as client:
        assert client.beta.threads.delete("thread_1").deleted
    assert 2 <= upstream.most <= 8


def test_an_item_that_is_gone_meanwhile_is_as_good_as_deleted() -> None:
    upstream = Slow(3, gone=("msg_1",))
    with connect_fake(upstream) as client:
        assert client.beta.threads.delete("thread_1").deleted
    assert upstream.items == set()


def test_too_little_time_leaves_the_conversation_and_a_second_call_goes_on() -> None:
    upstream = Slow(40)

    def seconds_passed() -> float:
        return (40 - len(upstream.items)) * 0.05

    def delete() -> Any:
        asked = httpx2.Request("DELETE", "https://openai.test", extensions={"timeout": {"read": 1.0}})
        api = OpenAIApi(httpx2.MockTransport(upstream), asked, "/v1", now=seconds_passed)
        return threads.delete(V2Request(api, Caches(), {"thread_id": "thread_1"}, {}, {}))["deleted"]

    told = [(delete(), len(upstream.items), upstream.deleted) for _ in range(5)]
    assert told[:4] == [(False, left, False) for left in (32, 24, 16, 8)]
    assert told[4] == (True, 0, True)


def test_one_request_deletes_500_items_at_most_and_the_next_goes_on() -> None:
    upstream = Slow(700)
    with connect_fake(upstream) as client:
        first = client.beta.threads.delete("thread_1")
        assert (first.deleted, upstream.deleted, len(upstream.items)) == (False, False, 200)
        assert client.beta.threads.delete("thread_1").deleted
    assert upstream.deleted


def test_a_list_that_still_shows_what_is_deleted_does_not_go_on_for_ever() -> None:
    def stale(request: httpx2.Request) -> httpx2.Response:
        shown = make_page(make_message(1), has_more=True) if request.method == "GET" else {"deleted": True}
        return httpx2.Response(200, json=shown)

    with connect_fake(stale) as client:
        assert client.with_options(timeout=None).beta.threads.delete("thread_1").deleted


def test_another_failure_of_a_deletion_is_told_and_nothing_is_called_deleted() -> None:
    def failing(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json=make_page(make_message(1)))
        return httpx2.Response(500, json=REFUSED)

    with connect_fake(failing) as client, pytest.raises(InternalServerError):
        client.beta.threads.delete("thread_1")
