"""Messages are added, listed and deleted."""

from typing import Any

import httpx2
import pytest
from openai import APIStatusError, BadRequestError, NotFoundError, OpenAI

from assistants_transport.caches import Caches
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.operations import messages_as_items as messages
from assistants_transport.request import V2Request
from tests.transport.fakes import (
    BASE_URL,
    CONVERSATION,
    connect_fake,
    fake_answers,
    make_message,
    make_page,
    read_body,
    send_raw,
)


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "text": {"value": content, "annotations": []}}


def test_a_message_is_created_read_listed_and_deleted(client: OpenAI) -> None:
    thread = client.beta.threads.create()
    created = client.beta.threads.messages.create(thread.id, role="user", content="hello")
    shown = created.model_dump(exclude={"id", "created_at"})
    assert shown == {
        "object": "thread.message",
        "thread_id": thread.id,
        "run_id": None,
        "assistant_id": None,
        "role": "user",
        "content": [text("hello")],
        "attachments": [],
        "metadata": {},
        "status": "completed",
        "completed_at": None,
        "incomplete_at": None,
        "incomplete_details": None,
    }
    assert client.beta.threads.messages.retrieve(created.id, thread_id=thread.id) == created
    [listed] = client.beta.threads.messages.list(thread.id).data
    assert listed.model_dump(exclude={"created_at"}) == created.model_dump(exclude={"created_at"})
    deleted = client.beta.threads.messages.delete(created.id, thread_id=thread.id)
    assert deleted.model_dump() == {"id": created.id, "object": "thread.message.deleted", "deleted": True}
    assert client.beta.threads.messages.list(thread.id).data == []
    with pytest.raises(NotFoundError):
        client.beta.threads.messages.retrieve(created.id, thread_id=thread.id)


OTHERS = [
    {"id": "rs_1", "type": "reasoning", "summary": []},
    {"id": "fc_1", "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    {"id": "new_1", "type": "something_new"},
    make_message(8, role="developer", content=[{"type": "input_text", "text": "hidden"}]),
    make_message(9, role="system", content=[{"type": "input_text", "text": "hidden"}]),
    make_message(7, phase="commentary"),
]


def test_only_messages_of_users_and_assistants_are_shown() -> None:
    upstream, _ = fake_answers(make_page(*OTHERS, make_message(1)), CONVERSATION)
    with connect_fake(upstream) as client:
        assert [one.id for one in client.beta.threads.messages.list("thread_1").data] == ["msg_1"]


@pytest.mark.parametrize("item", OTHERS, ids=lambda item: item["type"])
def test_what_is_no_message_is_not_found(item: dict[str, Any]) -> None:
    with connect_fake(fake_answers(item)[0]) as client, pytest.raises(NotFoundError, match=item["id"]):
        client.beta.threads.messages.retrieve(item["id"], thread_id="thread_1")


def test_a_thread_that_is_not_there_is_not_found(client: OpenAI) -> None:
    for ask in (
        lambda: client.beta.threads.messages.create("thread_none", role="user", content="x"),
        lambda: client.beta.threads.messages.list("thread_none"),
    ):
        with pytest.raises(NotFoundError, match="Thread with id 'thread_none' not found"):
            ask()


def test_a_text_that_is_too_long_is_refused_by_upstream() -> None:
    too_long = {"error": {"message": "string too long", "type": "invalid_request_error"}}
    upstream, _ = fake_answers(httpx2.Response(400, json=too_long))
    with connect_fake(upstream) as client, pytest.raises(BadRequestError, match="string too long"):
        client.beta.threads.messages.create("thread_1", role="user", content="x" * 2_000_000)


def test_a_message_added_during_a_run_is_refused_as_v2_did(client: OpenAI) -> None:
    assistant = client.beta.assistants.create(model="gpt-6-luna")
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "/wait 20"}])
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    with pytest.raises(
        APIStatusError, match=f"Can't add messages to {thread.id} while a run {run.id} is active."
    ) as refused:
        client.beta.threads.messages.create(thread.id, role="user", content="x")
    assert refused.value.status_code == 400
    client.beta.threads.runs.cancel(run.id, thread_id=thread.id)


# ---------------------------------------------------------------- times

BEGAN = 1_780_000_000
THREAD = f"thread_{'a' * 18}{BEGAN:x}"


def id_at(seconds: int, number: int) -> str:
    return f"msg_{number:016x}00{seconds:x}{'0' * 24}"


def list_times(seconds: list[int], roles: str, order: str) -> list[int]:
    """What a page tells of messages that were written then by u(ser) or a(ssistant), in the page's order."""
    items = [
        make_message(0, id=id_at(at, number), role={"u": "user", "a": "assistant"}[role])
        for number, (at, role) in enumerate(zip(seconds, roles, strict=True))
    ]
    upstream, _ = fake_answers(make_page(*(items if order == "asc" else items[::-1])), CONVERSATION)
    api = OpenAIApi(httpx2.MockTransport(upstream), httpx2.Request("GET", BASE_URL), "/v1")
    ids, query = {"thread_id": THREAD}, {"order": order}
    request = V2Request(api, Caches(), ids, query, {}, clock=lambda: BEGAN + 1000.5)
    return [one["created_at"] - BEGAN for one in messages.list_page(request)["data"]]


@pytest.mark.parametrize(
    ("seconds", "roles", "told"),
    [
        ([0, 5, 9], "uau", [0, 5, 9]),
        ([3, 3, 3], "uau", [3, 4, 5]),
        ([3, 3, 3], "uua", [3, 3, 4]),
        ([7, 5, 6], "uaa", [7, 8, 8]),
        ([1000], "u", [1000]),
    ],
)
def test_times_of_a_page_keep_its_order(seconds: list[int], roles: str, told: list[int]) -> None:
    at = [BEGAN + one for one in seconds]
    assert list_times(at, roles, "asc") == told
    assert list_times(at, roles, "desc") == told[::-1]


@pytest.mark.parametrize("unlikely", [BEGAN - 1, BEGAN + 1001, 0x10000000])
def test_a_page_with_an_unknown_time_tells_positions(unlikely: int) -> None:
    at = [BEGAN, unlikely, BEGAN + 2]
    assert [one + BEGAN for one in list_times(at, "uau", "asc")] == [1, 2, 3]
    assert [one + BEGAN for one in list_times(at, "uau", "desc")] == [3, 2, 1]


@pytest.mark.parametrize(("seconds", "told"), [(BEGAN + 5, BEGAN + 5), (BEGAN - 5, 0)])
def test_a_single_message_tells_its_time_where_it_is_known(seconds: int, told: int) -> None:
    item = make_message(1, id=id_at(seconds, 1))
    api = OpenAIApi(httpx2.MockTransport(fake_answers(item)[0]), httpx2.Request("GET", BASE_URL), "/v1")
    ids = {"thread_id": THREAD, "message_id": item["id"]}
    request = V2Request(api, Caches(), ids, {}, {}, clock=lambda: BEGAN + 10.0)
    assert messages.retrieve(request)["created_at"] == told


# ---------------------------------------------------------------- attachments

CODE, SEARCH = {"type": "code_interpreter"}, {"type": "file_search"}


def test_files_for_the_code_interpreter_are_added_to_those_of_the_thread() -> None:
    conversation = {"id": "conv_1", "metadata": {"a": "b", "v2_0": '{"files":["f1"],"vector_stores":["v"]}'}}
    upstream, asked = fake_answers(make_page(make_message(1)), conversation, conversation)
    body = {
        "role": "user",
        "content": "x",
        "attachments": [{"file_id": "f1", "tools": [CODE]}, {"file_id": "f2", "tools": [CODE, SEARCH]}],
    }
    assert send_raw(upstream, "POST", "/threads/thread_1/messages", body).status_code == 200
    assert [(one.method, one.url.path) for one in asked] == [
        ("POST", "/v1/conversations/conv_1/items"),
        ("GET", "/v1/conversations/conv_1"),
        ("POST", "/v1/conversations/conv_1"),
    ]
    assert read_body(asked[2]) == {
        "metadata": {"a": "b", "v2_0": '{"files":["f1","f2"],"vector_stores":["v"]}'}
    }
    assert read_body(asked[0])["items"][0]["content"] == [
        {"type": "input_text", "text": "x"},
        {"type": "input_file", "file_id": "f2"},
    ]


def test_a_thread_has_at_most_twenty_files_for_the_code_interpreter() -> None:
    attached = [{"file_id": f"f{n}", "tools": [CODE]} for n in range(21)]
    upstream, asked = fake_answers(make_page(make_message(1)), {"id": "conv_1", "metadata": {}}, {})
    body = {"role": "user", "content": "x", "attachments": attached}
    answer = send_raw(upstream, "POST", "/threads/thread_1/messages", body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "attachments")
    assert [one.method for one in asked] == ["POST", "GET", "DELETE"]  # the message is taken back


@pytest.mark.parametrize(("status", "taken_back"), [(400, True), (500, False)])
def test_a_message_is_taken_back_where_its_files_were_surely_refused(status: int, taken_back: bool) -> None:
    refused = httpx2.Response(status, text="no")
    upstream, asked = fake_answers(make_page(make_message(1)), CONVERSATION, refused, {})
    body = {"role": "user", "content": "x", "attachments": [{"file_id": "f1", "tools": [CODE]}]}
    assert send_raw(upstream, "POST", "/threads/thread_1/messages", body).status_code == status
    assert (asked[-1].method == "DELETE") == taken_back
