"""A v2 message <-> a message item."""

import json
from typing import Any

import httpx2
import pytest
from openai import OpenAI

from tests.transport.fakes import (
    connect_fake,
    fake_answers,
    make_message,
    make_page,
    read_body,
    refuse_all,
    send_raw,
)


def text_part(content: str) -> dict[str, Any]:
    return {"type": "output_text", "text": content, "annotations": []}


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "text": {"value": content, "annotations": []}}


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
        ({"role": "user", "content": "x", "attachments": ["f"]}, "attachments"),
        ({"role": "user", "content": "x", "attachments": [{"tools": []}]}, "attachments[0].file_id"),
        (
            {"role": "user", "content": "x", "attachments": [{"file_id": "f", "tools": [{"type": "y"}]}]},
            "attachments[0].tools",
        ),
        (
            {"role": "user", "content": "x", "attachments": [{"file_id": "f", "name": "n"}]},
            "attachments[0].name",
        ),
        ({"role": "assistant", "content": "x", "attachments": [{"file_id": "f"}]}, "attachments[0]"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(body: dict[str, Any], param: str) -> None:
    answer = send_raw(refuse_all, "POST", "/threads/thread_1/messages", body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    for path in ("/threads", "/threads/thread_1/runs"):
        name = "messages" if path == "/threads" else "additional_messages"
        whole = {name: [body]} | ({} if path == "/threads" else {"assistant_id": "asst_1"})
        inside = send_raw(refuse_all, "POST", path, whole)
        assert (inside.status_code, inside.json()["error"]["param"]) == (400, f"{name}[0].{param}")


@pytest.mark.parametrize(("metadata", "attachments"), [(None, None), ({}, [])])
def test_empty_metadata_and_attachments_are_no_metadata_and_attachments(
    metadata: Any, attachments: Any
) -> None:
    upstream, asked = fake_answers(make_page(make_message(1)))
    body = {"role": "user", "content": "x", "metadata": metadata, "attachments": attachments}
    assert send_raw(upstream, "POST", "/threads/thread_1/messages", body).status_code == 200
    assert read_body(asked[0]) == {"items": [{"type": "message", "role": "user", "content": "x"}]}


SEARCH, CODE = {"type": "file_search"}, {"type": "code_interpreter"}


@pytest.mark.parametrize("tools", [[SEARCH], [SEARCH, CODE], [], None])
def test_a_file_to_read_becomes_a_part_of_its_message(client: OpenAI, tools: Any) -> None:
    attached: Any = [{"file_id": "file-1", "tools": tools}]
    said: Any = {"role": "user", "content": "read it", "attachments": attached}
    thread = client.beta.threads.create(messages=[said])
    client.beta.threads.messages.create(thread.id, **said)
    for found in client.beta.threads.messages.list(thread.id).data:
        assert [part.to_dict() for part in found.content] == [text("read it")]
        assert [one.to_dict() for one in found.attachments or []] == [
            {"file_id": "file-1", "tools": [SEARCH]}
        ]


def test_half_a_surrogate_pair_is_refused() -> None:
    answer = send_raw(refuse_all, "POST", "/threads/thread_1/messages", {"role": "user", "content": "\ud83d"})
    assert answer.status_code == 400
    assert send_raw(refuse_all, "POST", "/threads", {"\ud83d": 1}).json()["error"]["param"] == "\ud83d"


def test_half_a_surrogate_pair_in_a_stored_message_is_shown() -> None:
    found = httpx2.Response(200, content=json.dumps(make_message(1, content=[text_part("\ud83d")])))
    shown = send_raw(fake_answers(found)[0], "GET", "/threads/thread_1/messages/msg_1").json()
    assert shown["content"] == [text("\ud83d")]


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
    with connect_fake(fake_answers(make_message(1, content=[part]))[0]) as client:
        found = client.beta.threads.messages.retrieve("msg_1", thread_id="thread_1")
    assert [one.to_dict() for one in found.content] == wanted
    attached = [one.to_dict() for one in found.attachments or []]
    assert attached == ([{"file_id": "file-1", "tools": [SEARCH]}] if part["type"] == "input_file" else [])


def test_content_that_is_one_text_is_understood() -> None:
    with connect_fake(fake_answers(make_message(1, content="plain"))[0]) as client:
        found = client.beta.threads.messages.retrieve("msg_1", thread_id="thread_1")
    assert [one.to_dict() for one in found.content] == [text("plain")]


def test_a_message_without_a_status_is_completed() -> None:
    item = {name: value for name, value in make_message(1).items() if name != "status"}
    with connect_fake(fake_answers(item)[0]) as client:
        assert client.beta.threads.messages.retrieve("msg_1", thread_id="thread_1").status == "completed"


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
    with connect_fake(fake_answers(make_message(1, status=status))[0]) as client:
        assert client.beta.threads.messages.retrieve("msg_1", thread_id="thread_1").status == wanted


def test_markers_are_unique_in_a_message() -> None:
    cited = {"type": "file_citation", "file_id": "f", "index": 1}
    part = text_part("a【2:0†source】b") | {"annotations": [cited, cited]}
    with connect_fake(fake_answers(make_message(1, content=[part, part]))[0]) as client:
        blocks: Any = client.beta.threads.messages.retrieve("msg_1", thread_id="thread_1").content
    assert [block.text.value for block in blocks] == [
        "a【3:0†source】【3:1†source】【2:0†source】b",
        "a【4:0†source】【4:1†source】【2:0†source】b",
    ]


def test_a_file_that_the_code_interpreter_made_is_attached_once() -> None:
    made = {"type": "container_file_citation", "file_id": "cfile_1", "filename": "a.txt", "container_id": "c"}
    part = text_part("sandbox:/a.txt, sandbox:/a.txt") | {
        "annotations": [made | {"start_index": at, "end_index": at + 14} for at in (0, 16)]
    }
    with connect_fake(fake_answers(make_message(1, content=[part]))[0]) as client:
        found = client.beta.threads.messages.retrieve("msg_1", thread_id="thread_1")
    [attached] = found.attachments or []
    assert attached.to_dict() == {"file_id": "cfile_1", "tools": [CODE], "container_id": "c"}
    block: Any = found.content[0]
    value = block.text.value
    for annotation in block.text.annotations:
        value = value.replace(annotation.text, "[file]")
    assert value == "[file], [file]"
