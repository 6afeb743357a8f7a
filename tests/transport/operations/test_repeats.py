"""Idempotency-Key: what a request has done already is not done again, whichever process is asked."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from local.emulator.server import Emulator
from tests.transport.fakes import MODEL, connect, connect_fake, make_message, make_page, read_body
from tests.transport.following import answer_calls, look_at, wait_for

KEY: Any = {"Idempotency-Key": "order-17"}
FUNCTION: Any = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}}


@pytest.fixture
def processes(openai_at_home: Emulator) -> Iterator[tuple[OpenAI, OpenAI]]:
    """Two clients, each with what a process of its own remembers."""
    with (
        connect(openai_at_home.url, httpx2.HTTPTransport()) as first,
        connect(openai_at_home.url, httpx2.HTTPTransport()) as second,
    ):
        yield first, second


def read_texts(client: OpenAI, thread_id: str) -> list[str]:
    listed = client.beta.threads.messages.list(thread_id, order="asc").data
    return [part.text.value for one in listed for part in one.content if part.type == "text"]


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_message_is_added_once(processes: tuple[OpenAI, OpenAI], role: Any) -> None:
    thread = processes[0].beta.threads.create()
    added = {
        client.beta.threads.messages.create(thread.id, role=role, content="hi", extra_headers=KEY).id
        for client in processes
    }
    assert len(added) == 1
    assert read_texts(processes[1], thread.id) == ["hi"]


def test_a_run_is_started_once_and_has_one_id_for_all(processes: tuple[OpenAI, OpenAI]) -> None:
    first, second = processes
    assistant = first.beta.assistants.create(model=MODEL)
    thread = first.beta.threads.create()
    asked: Any = {
        "assistant_id": assistant.id,
        "additional_messages": [{"role": "user", "content": "/say yes"}],
        "metadata": {"order": "17"},
        "extra_headers": KEY,
    }
    run = wait_for(first, first.beta.threads.runs.create(thread.id, **asked))
    again = second.beta.threads.runs.create(thread.id, **asked)
    assert (again.id, again.status, again.assistant_id) == (run.id, "completed", assistant.id)
    assert (again.metadata, again.usage) == ({"order": "17"}, None)
    assert read_texts(second, thread.id) == ["/say yes", "yes"]
    for client in processes:
        assert look_at(client, run).status == "completed"
        written = client.beta.threads.messages.list(thread.id, run_id=run.id).data
        assert [one.run_id for one in written] == [run.id]


def test_a_run_that_waits_for_outputs_goes_on_in_another_process(processes: tuple[OpenAI, OpenAI]) -> None:
    first, second = processes
    assistant = first.beta.assistants.create(model=MODEL, tools=[FUNCTION])
    thread = first.beta.threads.create(messages=[{"role": "user", "content": "/call f {}"}])
    asked: Any = {"assistant_id": assistant.id, "extra_headers": KEY}
    run = wait_for(first, first.beta.threads.runs.create(thread.id, **asked))
    assert run.status == "requires_action"
    again = second.beta.threads.runs.create(thread.id, **asked)
    assert (again.id, again.status) == (run.id, "requires_action")
    ended = wait_for(second, answer_calls(second, again, "out"))
    assert (ended.id, ended.status) == (run.id, "completed")
    assert look_at(first, run).status == "completed"


def test_a_run_that_only_its_mark_tells_of_can_be_cancelled_but_not_go_on(
    processes: tuple[OpenAI, OpenAI],
) -> None:
    first, second = processes
    assistant = first.beta.assistants.create(model=MODEL, tools=[FUNCTION])
    thread = first.beta.threads.create(messages=[{"role": "user", "content": "/call f {}"}])
    run = first.beta.threads.runs.create(thread.id, assistant_id=assistant.id, extra_headers=KEY)
    run = wait_for(first, run)
    first.beta.threads.update(
        thread.id, metadata={f"k{n}": "v" * 500 for n in range(16)}
    )  # no room for notes
    found = look_at(second, run)
    assert found.status == "requires_action"
    with pytest.raises(BadRequestError, match="cancel it"):
        answer_calls(second, found, "out")
    assert second.beta.threads.runs.cancel(run.id, thread_id=thread.id).status == "cancelled"
    assert second.beta.threads.messages.create(thread.id, role="user", content="free").content


def test_an_unknown_run_of_a_request_is_not_found(processes: tuple[OpenAI, OpenAI]) -> None:
    thread = processes[0].beta.threads.create()
    with pytest.raises(NotFoundError):
        processes[0].beta.threads.runs.retrieve("run_request_1a2b3c4d", thread_id=thread.id)


def test_the_same_key_in_another_thread_is_another_request(processes: tuple[OpenAI, OpenAI]) -> None:
    client = processes[0]
    assistant = client.beta.assistants.create(model=MODEL)
    for words in ("one", "two"):
        thread = client.beta.threads.create(messages=[{"role": "user", "content": f"/say {words}"}])
        run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, extra_headers=KEY)
        wait_for(client, run)
        assert read_texts(client, thread.id)[1:] == [words]


def test_a_server_that_loses_the_mark_is_told_of() -> None:
    def upstream(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json=make_page(make_message(1, role="user")))
        given = read_body(request)["items"][0]
        return httpx2.Response(200, json=make_page(make_message(1, role="user", content=given["content"])))

    client = connect_fake(upstream)
    with pytest.raises(BadRequestError, match="this server does not keep what a repeat is known by"):
        client.beta.threads.messages.create("thread_1", role="user", content="hi", extra_headers=KEY)


def test_an_answer_that_is_kept_in_part_is_not_taken_back(openai_at_home: Emulator) -> None:
    """A conversation need not hold all that a response tells of its output, such as its reasoning."""

    class WithoutReasoning(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            answer = inner.handle_request(request)
            if request.method != "GET" or not request.url.path.endswith("/items"):
                return answer
            page = json.loads(answer.read())
            page["data"] = [one for one in page["data"] if one["type"] != "reasoning"]
            return httpx2.Response(answer.status_code, json=page)

    with httpx2.HTTPTransport() as inner, connect(openai_at_home.url, WithoutReasoning()) as client:
        assistant = client.beta.assistants.create(model=MODEL)
        thread = client.beta.threads.create(messages=[{"role": "user", "content": "/reasoning\n/say yes"}])
        run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, extra_headers=KEY)
        wait_for(client, run)
        again = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, extra_headers=KEY)
        assert (again.id, again.status) == (run.id, "completed")
        assert read_texts(client, thread.id)[1:] == ["yes"]
