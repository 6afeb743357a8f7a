"""What belongs to runs: their list, their steps, their metadata, a thread made with them, who wrote what."""

from typing import Any

import httpx2
import pytest
from openai import BadRequestError, NotFoundError, OpenAI
from openai.types.beta.threads import Run

from local.emulator.server import Emulator, start_emulator
from tests.transport.fakes import MODEL, connect
from tests.transport.following import answer_calls, look_at, wait_for

FUNCTIONS: Any = [{"type": "function", "function": {"name": name}} for name in ("f", "g")]
SEARCH: Any = [{"type": "file_search"}]
CODE: Any = [{"type": "code_interpreter"}]
RESULTS = "step_details.tool_calls[*].file_search.results[*].content"


def run_once(client: OpenAI, text: str, **assistant: Any) -> Run:
    """An ended run, or one that waits for outputs, in a thread of its own."""
    made = client.beta.assistants.create(**{"model": MODEL, **assistant})
    thread = client.beta.threads.create(messages=[{"role": "user", "content": text}])
    return wait_for(client, client.beta.threads.runs.create(thread.id, assistant_id=made.id))


def list_steps(client: OpenAI, run: Run, **query: Any) -> list[Any]:
    found = client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id, order="asc", **query)
    return [step.step_details for step in found.data]


# ---------------------------------------------------------------- lists of runs


def test_the_runs_of_a_thread_are_listed_latest_first(client: OpenAI) -> None:
    first = run_once(client, "/say one")
    client.beta.threads.messages.create(first.thread_id, role="user", content="/say two")
    second = wait_for(
        client, client.beta.threads.runs.create(first.thread_id, assistant_id=first.assistant_id)
    )
    listed = client.beta.threads.runs.list(first.thread_id).data
    assert [run.id for run in listed] == [second.id, first.id]
    assert listed[0].status == "completed"
    ascending = client.beta.threads.runs.list(first.thread_id, order="asc", limit=1)
    assert [run.id for run in ascending.data] == [first.id]


def test_another_process_lists_the_runs_that_the_thread_notes(client: OpenAI, another: OpenAI) -> None:
    waiting = run_once(client, "/call f {}", tools=FUNCTIONS)
    assert [run.id for run in another.beta.threads.runs.list(waiting.thread_id).data] == [waiting.id]


def test_a_thread_without_known_runs_has_none(client: OpenAI) -> None:
    assert client.beta.threads.runs.list(client.beta.threads.create().id).data == []
    with pytest.raises(NotFoundError):
        client.beta.threads.runs.list("thread_nobody")


# ---------------------------------------------------------------- a run's metadata


def test_a_runs_metadata_is_replaced_and_seen_by_every_process(client: OpenAI, another: OpenAI) -> None:
    run = run_once(client, "/say hi")
    updated = client.beta.threads.runs.update(run.id, thread_id=run.thread_id, metadata={"a": "b"})
    assert (updated.id, updated.metadata) == (run.id, {"a": "b"})
    assert look_at(client, run).metadata == look_at(another, run).metadata == {"a": "b"}
    assert client.beta.threads.retrieve(run.thread_id).metadata == {}


def test_a_run_takes_no_other_update(client: OpenAI) -> None:
    run = run_once(client, "/say hi")
    with pytest.raises(BadRequestError, match="model"):
        client.beta.threads.runs.update(run.id, thread_id=run.thread_id, extra_body={"model": "m"})


# ---------------------------------------------------------------- a thread and its run in one request


def test_a_thread_is_created_and_run_in_one_request(client: OpenAI) -> None:
    assistant = client.beta.assistants.create(model=MODEL)
    run = client.beta.threads.create_and_run(
        assistant_id=assistant.id,
        thread={"messages": [{"role": "user", "content": "/say hi"}], "metadata": {"a": "b"}},
    )
    assert wait_for(client, run).status == "completed"
    assert client.beta.threads.retrieve(run.thread_id).metadata == {"a": "b"}
    [answer] = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data
    assert answer.content[0].to_dict()["text"]["value"] == "hi"  # type: ignore[index]


def test_the_resources_of_create_and_run_take_the_place_of_the_assistants(client: OpenAI) -> None:
    assistant = client.beta.assistants.create(
        model=MODEL, tools=CODE, tool_resources={"code_interpreter": {"file_ids": ["file_own"]}}
    )
    run = client.beta.threads.create_and_run(
        assistant_id=assistant.id,
        thread={"messages": [{"role": "user", "content": "hi"}]},
        tool_resources={"code_interpreter": {"file_ids": ["file_given"]}},
    )
    wait_for(client, run)
    [answer] = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data
    assert "container: file_given |" in answer.content[0].to_dict()["text"]["value"]  # type: ignore[index]


@pytest.mark.parametrize("given", [{"assistant_id": "asst_nobody"}, {"model": "gpt-4"}])
def test_a_refused_create_and_run_leaves_no_thread(emulator: Emulator, given: Any) -> None:
    already = len(emulator.requests)
    with connect(emulator.url, httpx2.HTTPTransport()) as client:
        assistant = client.beta.assistants.create(model=MODEL)
        with pytest.raises((NotFoundError, BadRequestError)):
            client.beta.threads.create_and_run(**{"assistant_id": assistant.id, **given})
    changed = [(method, path.removeprefix("/v1")) for method, path in emulator.requests[already:]]
    made = [path for method, path in changed if (method, path) == ("POST", "/conversations")]
    gone = [path for method, path in changed if method == "DELETE" and path.count("/") == 2]
    assert len(made) == len(gone)


# ---------------------------------------------------------------- steps


def test_the_steps_are_calls_of_functions_with_their_outputs_and_messages(client: OpenAI) -> None:
    run = run_once(client, '/call f {"x":1}', tools=FUNCTIONS)
    [waiting] = list_steps(client, run)
    assert (waiting.type, waiting.tool_calls[0].function.output) == ("tool_calls", None)
    wait_for(client, answer_calls(client, run, "/say sunny"))
    called, written = list_steps(client, run)
    function = called.tool_calls[0].function
    assert (function.name, function.arguments, function.output) == ("f", '{"x":1}', "/say sunny")
    [message] = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data
    assert written.message_creation.message_id == message.id


def test_a_step_is_found_by_its_id(client: OpenAI, another: OpenAI) -> None:
    run = run_once(client, "/say hi")
    [step] = client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id).data
    same = another.beta.threads.runs.steps.retrieve(step.id, run_id=run.id, thread_id=run.thread_id)
    assert same == step
    assert (step.run_id, step.thread_id, step.assistant_id) == (run.id, run.thread_id, run.assistant_id)
    with pytest.raises(NotFoundError, match="step_nobody"):
        client.beta.threads.runs.steps.retrieve("step_nobody", run_id=run.id, thread_id=run.thread_id)


def test_what_a_file_search_found_is_told_where_it_is_asked_for(client: OpenAI) -> None:
    resources: Any = {"file_search": {"vector_store_ids": ["vs_1"]}}
    run = run_once(client, "cite", tools=SEARCH, tool_resources=resources)
    plain, _ = list_steps(client, run)
    assert not plain.tool_calls[0].file_search.results
    [asked, _] = list_steps(client, run, include=[RESULTS])
    assert asked.tool_calls[0].file_search.results[0].content[0].text


def test_code_that_ran_is_a_step_and_its_file_is_cited(client: OpenAI) -> None:
    run = run_once(client, "/python print(1)\n/file table.csv", tools=CODE)
    ran, written = list_steps(client, run)
    call = ran.tool_calls[0].code_interpreter
    assert (call.input, call.outputs[0].logs) == ("print(1)", "ran: print(1)")
    [message] = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data
    assert message.id == written.message_creation.message_id
    text: Any = message.content[0]
    [path] = text.text.annotations
    assert (path.type, path.text) == ("file_path", "sandbox:/mnt/data/table.csv")
    assert path.text in text.text.value
    assert path.file_path.container_id.startswith("cntr_")


def test_commentary_is_no_message_and_no_step(client: OpenAI) -> None:
    run = run_once(client, "/think let me see\n/say done")
    [message] = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data
    assert message.content[0].to_dict()["text"]["value"] == "done"  # type: ignore[index]
    assert len(list_steps(client, run)) == 1
    assert len(client.beta.threads.messages.list(run.thread_id).data) == 2


# ---------------------------------------------------------------- who wrote a message, and when


def test_the_writer_of_a_message_is_known_where_the_run_was_seen(client: OpenAI) -> None:
    run = run_once(client, "/say hi")
    answer, question = client.beta.threads.messages.list(run.thread_id).data
    assert (answer.run_id, answer.assistant_id) == (run.id, run.assistant_id)
    assert (question.run_id, question.assistant_id) == (None, None)
    assert client.beta.threads.messages.retrieve(answer.id, thread_id=run.thread_id).run_id == run.id


def test_the_writer_of_a_message_is_known_to_every_process_where_the_thread_notes_the_run(
    client: OpenAI, another: OpenAI
) -> None:
    run = run_once(client, "/call f {}", tools=FUNCTIONS)
    wait_for(client, answer_calls(client, run, "/say hi"))
    answer, _ = another.beta.threads.messages.list(run.thread_id).data
    assert (answer.run_id, answer.assistant_id) == (run.id, run.assistant_id)


def test_messages_sorted_by_their_time_are_the_conversation(client: OpenAI, another: OpenAI) -> None:
    run = run_once(client, "/say first")
    for text in ("second", "third"):
        client.beta.threads.messages.create(run.thread_id, role="user", content=f"/say {text}")
        again = client.beta.threads.runs.create(run.thread_id, assistant_id=run.assistant_id)
        wait_for(client, again)
    for process in (client, another):
        listed = process.beta.threads.messages.list(run.thread_id).data
        in_order = sorted(listed, key=lambda message: message.created_at)
        texts = [message.content[0].to_dict()["text"]["value"] for message in in_order]  # type: ignore[index]
        assert texts == ["/say first", "first", "/say second", "second", "/say third", "third"]
        assert in_order[0].created_at > 1_700_000_000


# ---------------------------------------------------------------- the cache key


def test_a_server_that_refuses_the_cache_key_is_sent_it_once() -> None:
    with (
        start_emulator(refuses=frozenset({"prompt_cache_key"})) as emulator,
        connect(emulator.url, httpx2.HTTPTransport()) as client,
    ):
        assert run_once(client, "/say hi").status == "completed"
        assert run_once(client, "/say hi").status == "completed"
        starts = [one for one in emulator.requests if one[0] == "POST" and one[1].endswith("/responses")]
        assert len(starts) == 3


def test_the_assistant_is_the_cache_key(client: OpenAI, emulator: Emulator) -> None:
    run = run_once(client, "/say hi")
    with httpx2.Client(headers={"Authorization": "Bearer k"}) as plain:
        response = plain.get(f"{emulator.url}/responses/{run.id.replace('run_', 'resp_')}").json()
    assert response["prompt_cache_key"] == run.assistant_id.replace("asst_", "agent_")
