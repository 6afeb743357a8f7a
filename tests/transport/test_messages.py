"""Messages: v2 message <-> the message items of a conversation."""

import json
from typing import Any

import httpx2
import pytest
from openai import APIStatusError, BadRequestError, NotFoundError, OpenAI

from tests.transport.clients import answers, body_of, message, never, over, page, raw


def text_part(content: str) -> dict[str, Any]:
    return {"type": "output_text", "text": content, "annotations": []}


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "text": {"value": content, "annotations": []}}


def test_a_message_is_created_read_listed_and_deleted(client: OpenAI) -> None:
    thread = client.beta.threads.create()
    created = client.beta.threads.messages.create(thread.id, role="user", content="hello")
    shown = created.model_dump(exclude={"id"})
    assert shown == {
        "object": "thread.message",
        "created_at": 0,  # conversation items carry no time
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
    assert client.beta.threads.messages.list(thread.id).data == [created]
    deleted = client.beta.threads.messages.delete(created.id, thread_id=thread.id)
    assert deleted.model_dump() == {"id": created.id, "object": "thread.message.deleted", "deleted": True}
    assert client.beta.threads.messages.list(thread.id).data == []
    with pytest.raises(NotFoundError):
        client.beta.threads.messages.retrieve(created.id, thread_id=thread.id)


def test_all_parts_of_a_users_message_come_back(client: OpenAI) -> None:
    parts: list[Any] = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
        {"type": "image_file", "image_file": {"file_id": "file-1"}},
    ]
    thread = client.beta.threads.create(messages=[{"role": "user", "content": parts}])
    [found] = client.beta.threads.messages.list(thread.id).data
    assert [part.to_dict() for part in found.content] == [
        text("look"),
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
        {"type": "image_file", "image_file": {"file_id": "file-1", "detail": "auto"}},
    ]


def test_an_assistants_message_keeps_its_role_and_its_text(client: OpenAI) -> None:
    thread = client.beta.threads.create()
    plain = client.beta.threads.messages.create(thread.id, role="assistant", content="yes")
    parts = client.beta.threads.messages.create(
        thread.id, role="assistant", content=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    )
    assert (plain.role, plain.content[0].to_dict()) == ("assistant", text("yes"))
    assert (parts.role, [part.to_dict() for part in parts.content]) == ("assistant", [text("a\n\nb")])


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "role"),
        ({"role": "user"}, "content"),
        ({"role": "user", "content": ""}, "content"),
        ({"role": "user", "content": None}, "content"),
        ({"role": "user", "content": []}, "content"),
        ({"role": "user", "content": {"type": "text", "text": "x"}}, "content"),
        ({"role": "user", "content": ["x"]}, "content[0]"),
        ({"role": "user", "content": [{"type": "text"}]}, "content[0]"),
        ({"role": "user", "content": [{"type": "text", "text": {"value": "x"}}]}, "content[0].text"),
        ({"role": "user", "content": [{"type": "text", "text": "x", "y": 1}]}, "content[0].y"),
        ({"role": "user", "content": [{"type": "audio"}]}, "content[0]"),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {}}]},
            "content[0].image_url.url",
        ),
        ({"role": "user", "content": [{"type": "image_url", "image_url": "u"}]}, "content[0].image_url"),
        (
            {"role": "user", "content": [{"type": "image_file", "image_file": {"file_id": 5}}]},
            "content[0].image_file.file_id",
        ),
        (
            {"role": "assistant", "content": [{"type": "image_file", "image_file": {"file_id": "f"}}]},
            "content[0]",
        ),
        ({"role": "system", "content": "x"}, "role"),
        ({"role": ["user"], "content": "x"}, "role"),
        ({"role": "user", "content": "x", "file_ids": []}, "file_ids"),
        ({"role": "user", "content": "x", "metadata": {"a": "b"}}, "metadata"),
        ({"role": "user", "content": "x", "attachments": [{"file_id": "f", "tools": []}]}, "attachments"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(body: dict[str, Any], param: str) -> None:
    answer = raw(never, "POST", "/threads/thread_1/messages", body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    for path in ("/threads", "/threads/thread_1/runs"):
        name = "messages" if path == "/threads" else "additional_messages"
        whole = {name: [body]} | ({} if path == "/threads" else {"assistant_id": "asst_1"})
        inside = raw(never, "POST", path, whole)
        assert (inside.status_code, inside.json()["error"]["param"]) == (400, f"{name}[0].{param}")


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_empty_metadata_and_attachments_are_no_metadata_and_attachments(nothing: Any) -> None:
    upstream, asked = answers(page(message(1)))
    body = {"role": "user", "content": "x", "metadata": nothing, "attachments": nothing}
    assert raw(upstream, "POST", "/threads/thread_1/messages", body).status_code == 200
    assert body_of(asked[0]) == {"items": [{"type": "message", "role": "user", "content": "x"}]}


def test_half_a_surrogate_pair_is_refused() -> None:
    answer = raw(never, "POST", "/threads/thread_1/messages", {"role": "user", "content": "\ud83d"})
    assert answer.status_code == 400
    assert raw(never, "POST", "/threads", {"\ud83d": 1}).json()["error"]["param"] == "\ud83d"


def test_half_a_surrogate_pair_in_a_stored_message_is_shown() -> None:
    found = httpx2.Response(200, content=json.dumps(message(1, content=[text_part("\ud83d")])))
    shown = raw(answers(found)[0], "GET", "/threads/thread_1/messages/msg_1").json()
    assert shown["content"] == [text("\ud83d")]


OTHERS = [
    {"id": "rs_1", "type": "reasoning", "summary": []},
    {"id": "fc_1", "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    {"id": "new_1", "type": "something_new"},
    message(8, role="developer", content=[{"type": "input_text", "text": "hidden"}]),
    message(9, role="system", content=[{"type": "input_text", "text": "hidden"}]),
]


def test_only_messages_of_users_and_assistants_are_shown() -> None:
    upstream, _ = answers(page(*OTHERS, message(1)))
    with over(upstream) as client:
        assert [one.id for one in client.beta.threads.messages.list("thread_1").data] == ["msg_1"]


@pytest.mark.parametrize("item", OTHERS, ids=lambda item: item["type"])
def test_what_is_no_message_is_not_found(item: dict[str, Any]) -> None:
    with over(answers(item)[0]) as client, pytest.raises(NotFoundError, match=item["id"]):
        client.beta.threads.messages.retrieve(item["id"], thread_id="thread_1")


PARTS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({"type": "input_text", "text": "a"}, [text("a")]),
    ({"type": "text", "text": "a"}, [text("a")]),
    ({"type": "output_text", "text": "a"}, [text("a")]),
    ({"type": "output_text", "text": "a", "annotations": None}, [text("a")]),
    ({"type": "refusal", "refusal": "no"}, [{"type": "refusal", "refusal": "no"}]),
    (
        {"type": "input_image", "image_url": "https://x", "file_id": None, "detail": "original"},
        [{"type": "image_url", "image_url": {"url": "https://x", "detail": "high"}}],
    ),
    (
        {"type": "computer_screenshot", "image_url": None, "file_id": "file-1"},
        [{"type": "image_file", "image_file": {"file_id": "file-1", "detail": "auto"}}],
    ),
    ({"type": "input_file", "file_id": "file-1"}, []),
    ({"type": "something_new", "x": 1}, []),
]


@pytest.mark.parametrize(("part", "wanted"), PARTS, ids=lambda value: str(value)[:30])
def test_parts_are_shown_as_v2_has_them(part: dict[str, Any], wanted: list[dict[str, Any]]) -> None:
    with over(answers(message(1, content=[part]))[0]) as client:
        found = client.beta.threads.messages.retrieve("msg_1", thread_id="thread_1")
    assert [one.to_dict() for one in found.content] == wanted
    attached = [one.to_dict() for one in found.attachments or []]
    assert attached == ([{"file_id": "file-1", "tools": []}] if part["type"] == "input_file" else [])


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("completed", "completed"),
        ("in_progress", "in_progress"),
        ("incomplete", "incomplete"),
        (None, "completed"),
        ("new", "completed"),
    ],
)
def test_a_message_has_one_of_v2s_statuses(status: str | None, wanted: str) -> None:
    with over(answers(message(1, status=status))[0]) as client:
        assert client.beta.threads.messages.retrieve("msg_1", thread_id="thread_1").status == wanted


ANNOTATIONS = {
    "file_citation": (
        {"file_id": "file-1", "filename": "a.txt", "index": 4},
        {
            "text": "",
            "start_index": 4,
            "end_index": 4,
            "file_citation": {"file_id": "file-1", "filename": "a.txt"},
        },
    ),
    "container_file_citation": (
        {"container_id": "c", "file_id": "f", "filename": "a", "start_index": 1, "end_index": 3},
        {
            "text": "",
            "start_index": 1,
            "end_index": 3,
            "file_citation": {"file_id": "f", "filename": "a", "container_id": "c"},
        },
    ),
    "file_path": (
        {"file_id": "file-1", "index": 2},
        {"text": "", "start_index": 2, "end_index": 2, "file_path": {"file_id": "file-1"}},
    ),
    "url_citation": (
        {"url": "https://x", "title": "X", "start_index": 0, "end_index": 9},
        {"text": "", "start_index": 0, "end_index": 9, "url_citation": {"url": "https://x", "title": "X"}},
    ),
}


@pytest.mark.parametrize("kind", ANNOTATIONS)
def test_annotations_of_all_four_kinds_are_shown(kind: str) -> None:
    given, wanted = ANNOTATIONS[kind]
    part = {"type": "output_text", "text": "0123456789", "annotations": [{"type": kind, **given}]}
    known_to_v2 = kind != "url_citation"
    with over(answers(message(1, content=[part]))[0], strict=known_to_v2) as client:
        block: Any = client.beta.threads.messages.retrieve("msg_1", thread_id="thread_1").content[0]
    shown = block.text.annotations[0].to_dict()
    assert shown.pop("type") == ("file_citation" if kind == "container_file_citation" else kind)
    assert shown == wanted


def test_a_thread_that_is_not_there_is_not_found(client: OpenAI) -> None:
    for ask in (
        lambda: client.beta.threads.messages.create("thread_none", role="user", content="x"),
        lambda: client.beta.threads.messages.list("thread_none"),
    ):
        with pytest.raises(NotFoundError, match="Thread with id 'thread_none' not found"):
            ask()


def test_a_text_that_is_too_long_is_refused_by_upstream() -> None:
    too_long = {"error": {"message": "string too long", "type": "invalid_request_error"}}
    upstream, _ = answers(httpx2.Response(400, json=too_long))
    with over(upstream) as client, pytest.raises(BadRequestError, match="string too long"):
        client.beta.threads.messages.create("thread_1", role="user", content="x" * 2_000_000)


def test_a_message_added_during_a_run_is_refused_as_v2_did(client: OpenAI) -> None:
    assistant = client.beta.assistants.create(model="gpt-6-luna")
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "/wait 20"}])
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    with pytest.raises(APIStatusError, match=f"already has an active run {run.id}") as refused:
        client.beta.threads.messages.create(thread.id, role="user", content="x")
    assert refused.value.status_code == 400
    client.beta.threads.runs.cancel(run.id, thread_id=thread.id)
