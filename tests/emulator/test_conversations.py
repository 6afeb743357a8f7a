"""/v1/conversations and their items."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from openai import NotFoundError, OpenAI
from openai.types.responses import Response

Ask = Callable[..., Response]
Refused = Callable[..., dict[str, Any]]
MESSAGE = {"role": "user", "content": "hello"}


@pytest.fixture
def conversation_id(client: OpenAI) -> str:
    return client.conversations.create().id


def texts(client: OpenAI, conversation_id: str, **query: Any) -> list[str]:
    page: Any = client.conversations.items.list(conversation_id, **query)
    return [item.content[0].text for item in page.data]


def test_a_created_conversation_is_retrieved_as_it_was_answered(client: OpenAI) -> None:
    created = client.conversations.create(metadata={"a": "1"})
    assert created.id.startswith("conv_")
    assert client.conversations.retrieve(created.id) == created


def test_an_empty_body_makes_an_empty_conversation(http: httpx.Client) -> None:
    conversation = http.post("/conversations").json()
    assert conversation["metadata"] == {}
    page = http.get(f"/conversations/{conversation['id']}/items").json()
    assert page == {"object": "list", "data": [], "first_id": "", "last_id": "", "has_more": False}


def test_a_conversation_begins_with_the_items_given(client: OpenAI) -> None:
    items: Any = [MESSAGE, {"role": "assistant", "content": "hi"}]
    conversation = client.conversations.create(items=items)
    assert texts(client, conversation.id, order="asc") == ["hello", "hi"]


def test_metadata_is_replaced_whole(client: OpenAI) -> None:
    created = client.conversations.create(metadata={"a": "1"})
    assert client.conversations.update(created.id, metadata={"b": "2"}).metadata == {"b": "2"}
    assert client.conversations.retrieve(created.id).metadata == {"b": "2"}


def test_an_update_needs_metadata(refused: Refused, conversation_id: str) -> None:
    assert refused(f"/conversations/{conversation_id}", {})["param"] == "metadata"


def test_a_deleted_conversation_is_gone(client: OpenAI, refused: Refused, conversation_id: str) -> None:
    assert client.conversations.delete(conversation_id).object == "conversation.deleted"
    refused(f"/conversations/{conversation_id}", method="GET", status=404)
    refused(f"/conversations/{conversation_id}/items", method="GET", status=404)
    refused(f"/conversations/{conversation_id}/items", {"items": [MESSAGE]}, status=404)


def test_deleting_a_conversation_does_not_delete_its_items(client: OpenAI) -> None:
    items: Any = [MESSAGE]
    conversation_id = client.conversations.create(items=items).id
    item_id = client.conversations.items.list(conversation_id).data[0].id
    client.conversations.delete(conversation_id)
    assert client.conversations.items.retrieve(str(item_id), conversation_id=conversation_id).id == item_id


def test_an_item_deleted_before_its_conversation_is_erased(client: OpenAI) -> None:
    items: Any = [MESSAGE]
    conversation_id = client.conversations.create(items=items).id
    item_id = str(client.conversations.items.list(conversation_id).data[0].id)
    assert client.conversations.items.delete(item_id, conversation_id=conversation_id).id == conversation_id
    client.conversations.delete(conversation_id)
    with pytest.raises(NotFoundError):
        client.conversations.items.retrieve(item_id, conversation_id=conversation_id)


def test_a_message_has_no_time_and_no_run(http: httpx.Client, conversation_id: str) -> None:
    path = f"/conversations/{conversation_id}/items"
    (item,) = http.post(path, json={"items": [MESSAGE]}).json()["data"]
    assert set(item) == {"id", "type", "role", "status", "content"}
    assert item["content"] == [{"type": "input_text", "text": "hello"}]
    assert http.get(f"{path}/{item['id']}").json() == item


def test_items_that_are_no_messages_are_kept_between_them(client: OpenAI) -> None:
    items: Any = [
        MESSAGE,
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "1"},
        {"role": "assistant", "content": "hi"},
    ]
    conversation_id = client.conversations.create(items=items).id
    listed = client.conversations.items.list(conversation_id, order="asc").data
    kinds = ["message", "reasoning", "function_call", "function_call_output", "message"]
    assert [item.type for item in listed] == kinds
    prefixes = ["msg", "rs", "fc", "fco", "msg"]
    assert [str(item.id).partition("_")[0] for item in listed] == prefixes


def test_a_message_may_hold_a_file(client: OpenAI, ask: Ask, conversation_id: str) -> None:
    parts = [{"type": "input_text", "text": "see"}, {"type": "input_file", "file_id": "file_1"}]
    items: Any = [{"role": "user", "content": parts}]
    first = client.conversations.create(items=items).id
    client.conversations.items.create(conversation_id, items=items)
    for holder in (first, conversation_id):
        (item,) = client.conversations.items.list(holder).data
        assert item.to_dict()["content"] == parts
        assert ask([], conversation=holder).output_text.endswith("thread: user: see\n[file: file_1]")


@pytest.mark.parametrize("phase", ["commentary", "final_answer"])
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_message_keeps_its_phase(client: OpenAI, role: str, phase: str) -> None:
    items: Any = [{"role": role, "content": "x", "phase": phase}]
    listed: Any = client.conversations.items.list(client.conversations.create(items=items).id)
    assert [item.phase for item in listed.data] == [phase]


def test_created_items_are_answered_in_order(client: OpenAI, conversation_id: str) -> None:
    items: Any = [{"role": "user", "content": str(number)} for number in range(20)]
    answered: Any = client.conversations.items.create(conversation_id, items=items)
    assert [item.content[0].text for item in answered.data] == [str(number) for number in range(20)]
    assert (answered.first_id, answered.last_id) == (answered.data[0].id, answered.data[-1].id)


@pytest.mark.parametrize("path", ["/conversations", "/conversations/{id}/items"])
def test_more_than_twenty_items_are_refused(refused: Refused, conversation_id: str, path: str) -> None:
    error = refused(path.format(id=conversation_id), {"items": [MESSAGE] * 21})
    assert (error["param"], error["code"]) == ("items", "array_above_max_length")


def test_items_are_all_added_or_none(client: OpenAI, refused: Refused, conversation_id: str) -> None:
    refused(f"/conversations/{conversation_id}/items", {"items": [MESSAGE, {"role": "user"}]})
    assert texts(client, conversation_id) == []


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({**MESSAGE, "created_at": 1}, "items[0].created_at"),
        ({"role": "user"}, "items[0].content"),
        ({"role": "user", "content": [{"type": "output_text", "text": "x"}]}, "items[0].content[0]"),
        ({"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}, "items[0].content[0]"),
        ({"role": "nobody", "content": "x"}, "items[0].role"),
        ({**MESSAGE, "phase": "nonsense"}, "items[0].phase"),
        ({"role": "user", "content": 1}, "items[0].content"),
        ({"type": "nonsense"}, "items[0]"),
        ({"type": "function_call_output", "output": "x"}, "items[0].call_id"),
        ("text", "items[0]"),
    ],
)
def test_a_wrong_item_is_refused_by_name(refused: Refused, item: object, param: str) -> None:
    assert refused("/conversations", {"items": [item]})["param"] == param


def test_text_of_any_script_comes_back_as_it_was_sent(client: OpenAI) -> None:
    text = "שלום \x00 \u202e 🙂 \ufffe"
    items: Any = [{"role": "user", "content": text}]
    assert texts(client, client.conversations.create(items=items).id) == [text]


def test_items_are_listed_newest_first_twenty_at_a_time(client: OpenAI, conversation_id: str) -> None:
    for start in (0, 20):
        items: Any = [{"role": "user", "content": str(start + number)} for number in range(20)]
        client.conversations.items.create(conversation_id, items=items)
    assert texts(client, conversation_id) == [str(number) for number in range(39, 19, -1)]
    assert texts(client, conversation_id, limit=100, order="asc") == [str(number) for number in range(40)]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_items_follow_each_other(client: OpenAI, order: Any) -> None:
    items: Any = [{"role": "user", "content": str(number)} for number in range(7)]
    conversation_id = client.conversations.create(items=items).id
    walked: Any = client.conversations.items.list(conversation_id, limit=3, order=order)
    numbers = [int(item.content[0].text) for item in walked]
    assert numbers == sorted(range(7), reverse=order == "desc")


def test_after_the_last_item_comes_an_empty_page(client: OpenAI) -> None:
    items: Any = [MESSAGE]
    conversation_id = client.conversations.create(items=items).id
    (item,) = client.conversations.items.list(conversation_id).data
    page = client.conversations.items.list(conversation_id, after=str(item.id))
    assert (page.data, page.has_more) == ([], False)


def test_an_item_of_another_conversation_is_no_cursor(
    client: OpenAI, refused: Refused, conversation_id: str
) -> None:
    items: Any = [MESSAGE]
    other = client.conversations.create(items=items).id
    (item,) = client.conversations.items.list(other).data
    assert (
        refused(f"/conversations/{conversation_id}/items?after={item.id}", method="GET")["param"] == "after"
    )


def test_an_item_is_found_only_in_its_own_conversation(
    client: OpenAI, refused: Refused, conversation_id: str
) -> None:
    items: Any = [MESSAGE]
    other = client.conversations.create(items=items).id
    (item,) = client.conversations.items.list(other).data
    for method in ("GET", "DELETE"):
        refused(f"/conversations/{conversation_id}/items/{item.id}", method=method, status=404)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "order=x", "before=msg_1", "nonsense=1"])
def test_a_list_of_items_refuses_what_it_does_not_know(
    refused: Refused, conversation_id: str, query: str
) -> None:
    path = f"/conversations/{conversation_id}/items?{query}"
    assert refused(path, method="GET")["param"] == query.partition("=")[0]


def test_include_is_let_through(client: OpenAI, conversation_id: str) -> None:
    page = client.conversations.items.list(conversation_id, include=["file_search_call.results"])
    assert page.data == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_conversation_is_404(refused: Refused, method: str) -> None:
    body: Any = {"metadata": {}} if method == "POST" else None
    refused("/conversations/conv_0", body, status=404, method=method)
