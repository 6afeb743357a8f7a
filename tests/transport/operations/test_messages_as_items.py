"""Messages are added, listed and deleted."""

from typing import Any

import httpx2
import pytest
from openai import APIStatusError, BadRequestError, NotFoundError, OpenAI

from tests.transport.fakes import connect_fake, fake_answers, make_message, make_page


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


OTHERS = [
    {"id": "rs_1", "type": "reasoning", "summary": []},
    {"id": "fc_1", "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    {"id": "new_1", "type": "something_new"},
    make_message(8, role="developer", content=[{"type": "input_text", "text": "hidden"}]),
    make_message(9, role="system", content=[{"type": "input_text", "text": "hidden"}]),
]


def test_only_messages_of_users_and_assistants_are_shown() -> None:
    upstream, _ = fake_answers(make_page(*OTHERS, make_message(1)))
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
