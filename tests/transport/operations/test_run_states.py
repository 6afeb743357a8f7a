"""A run tells the truth in every process, whatever others do to its thread."""

from typing import Any

import httpx2
import pytest
from openai import APIConnectionError, BadRequestError, NotFoundError, OpenAI
from openai.types.beta.threads import Run

from local.emulator.server import Emulator
from tests.backends import LosingTransport, pick_first
from tests.transport.fakes import CONVERSATION, MODEL, connect, fake_answers, make_response, send_raw
from tests.transport.following import answer_calls, look_at, wait_for

FUNCTIONS: Any = [{"type": "function", "function": {"name": "f"}}]
NEARLY_FULL = {f"key {number}": "x" * 512 for number in range(15)}


def start_waiting(client: OpenAI, metadata: Any = None) -> Run:
    assistant = client.beta.assistants.create(model=MODEL, tools=FUNCTIONS)
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "/call f {}"}])
    started = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, metadata=metadata)
    return wait_for(client, started)


def run_again(client: OpenAI, run: Run, text: str) -> Run:
    """Another run of the same assistant in the same thread."""
    client.beta.threads.messages.create(run.thread_id, role="user", content=text)
    again = client.beta.threads.runs.create(run.thread_id, assistant_id=run.assistant_id)
    return wait_for(client, again)


def finish(client: OpenAI, run: Run) -> Run:
    return wait_for(client, answer_calls(client, run, "/say done"))


def count_requests(emulator: Emulator, since: int) -> int:
    return len(emulator.requests) - since


# ---------------------------------------------------------------- other runs, other processes


def test_a_later_run_that_is_cancelled_does_not_cancel_an_earlier_one(
    client: OpenAI, another: OpenAI
) -> None:
    done = finish(client, start_waiting(client))
    later = run_again(client, done, "/call f {}")
    client.beta.threads.runs.cancel(later.id, thread_id=later.thread_id)
    seen = look_at(another, done)
    assert (seen.status, seen.usage) == ("completed", done.usage)


def test_a_process_that_looked_before_does_not_put_the_run_back(
    client: OpenAI, another: OpenAI, emulator: Emulator
) -> None:
    run = start_waiting(client)
    look_at(another, run)
    answer_calls(client, run, "/wait 20")
    with connect(emulator.url, httpx2.HTTPTransport()) as third:
        for process in (another, third, client):
            assert look_at(process, run).status in ("queued", "in_progress")
    another.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)


def test_a_look_that_tells_nothing_new_writes_nothing(
    client: OpenAI, another: OpenAI, emulator: Emulator
) -> None:
    run = start_waiting(client)
    since = len(emulator.requests)
    look_at(another, run)
    assert [method for method, _ in emulator.requests[since:]] == ["GET", "GET", "GET"]


def test_the_error_does_not_name_a_run_that_another_process_saw_end(client: OpenAI, another: OpenAI) -> None:
    assistant = client.beta.assistants.create(model=MODEL)
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "/say hi"}])
    first = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    wait_for(another, first)
    another.beta.threads.messages.create(thread.id, role="user", content="/wait 20")
    slow = another.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    with pytest.raises(BadRequestError) as refusal:
        client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    assert first.id not in str(refusal.value)
    another.beta.threads.runs.cancel(slow.id, thread_id=thread.id)


def test_a_run_that_goes_on_for_long_is_named_to_another_process() -> None:
    going = make_response(status="in_progress", created_at=1.0)
    upstream, asked = fake_answers(going, {"id": "conv_1", "metadata": {}}, {})
    assert send_raw(upstream, "GET", "/threads/thread_1/runs/run_1").json()["status"] == "in_progress"
    assert [one.method for one in asked] == ["GET", "GET", "POST"]
    assert asked[2].read() == b'{"metadata":{"v2_0":"{\\"runs\\":{\\"1\\":null}}"}}'


# ---------------------------------------------------------------- many rounds, full metadata


def test_a_run_with_much_metadata_goes_through_any_number_of_rounds(client: OpenAI) -> None:
    run = start_waiting(client, metadata=dict(list(NEARLY_FULL.items())[:14]))
    for _ in range(10):
        run = wait_for(client, answer_calls(client, run, "/call f {}"))
        assert run.status == "requires_action"
    assert finish(client, run).status == "completed"


def test_the_messages_of_many_rounds_need_no_request_for_each(
    client: OpenAI, another: OpenAI, emulator: Emulator
) -> None:
    run = start_waiting(client)
    for _ in range(6):
        wait_for(client, answer_calls(client, run, "/call f {}"))
    finish(client, run)
    since = len(emulator.requests)
    assert len(another.beta.threads.messages.list(run.thread_id, run_id=run.id).data) == 1
    assert count_requests(emulator, since) <= 5
    steps = another.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id).data
    assert len(steps) == 8


def test_what_is_noted_gives_way_to_the_callers_metadata(client: OpenAI) -> None:
    run = finish(client, start_waiting(client))
    full = NEARLY_FULL | {"last": "x" * 512}
    assert client.beta.threads.update(run.thread_id, metadata=full).metadata == full


def test_the_usage_of_a_round_that_failed_is_that_of_the_others(client: OpenAI) -> None:
    run = start_waiting(client)
    failed = wait_for(client, answer_calls(client, run, "/fail server_error"))
    assert (failed.status, failed.usage) == ("failed", run.usage)


@pytest.mark.parametrize("bad", [{"n": 5}, {"k" * 65: "v"}, {"k": "v" * 513}])
def test_a_runs_new_metadata_is_checked(client: OpenAI, bad: Any) -> None:
    run = start_waiting(client)
    with pytest.raises(BadRequestError, match="metadata"):
        client.beta.threads.runs.update(run.id, thread_id=run.thread_id, extra_body={"metadata": bad})


# ---------------------------------------------------------------- what is gone, and what is not the thread's


def test_a_response_without_a_conversation_is_no_run_of_any_thread(
    client: OpenAI, emulator: Emulator
) -> None:
    thread = client.beta.threads.create()
    with httpx2.Client(headers={"Authorization": "Bearer k"}) as plain:
        made = plain.post(f"{emulator.url}/responses", json={"model": MODEL, "input": "/say SECRET"}).json()
    with pytest.raises(NotFoundError):
        client.beta.threads.runs.retrieve(made["id"].replace("resp_", "run_"), thread_id=thread.id)


def test_a_server_that_names_no_conversation_is_understood() -> None:
    extras = {"v2_0": '{"assistant":"agent_1","thread":"conv_1"}'}
    upstream, _ = fake_answers(make_response(conversation=None, metadata=extras), CONVERSATION)
    run = send_raw(upstream, "GET", "/threads/thread_1/runs/run_1").json()
    assert (run["thread_id"], run["status"]) == ("thread_1", "completed")


def test_a_deleted_message_is_none_of_its_runs_any_more(client: OpenAI) -> None:
    run = finish(client, start_waiting(client))
    [message] = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data
    client.beta.threads.messages.delete(message.id, thread_id=run.thread_id)
    assert client.beta.threads.messages.list(run.thread_id, run_id=run.id).data == []


def test_a_response_that_is_gone_blocks_neither_messages_nor_lists(
    client: OpenAI, emulator: Emulator
) -> None:
    run = start_waiting(client)
    with httpx2.Client(headers={"Authorization": "Bearer k"}) as plain:
        plain.delete(f"{emulator.url}/responses/{run.id.replace('run_', 'resp_')}").raise_for_status()
    assert client.beta.threads.runs.list(run.thread_id).data == []
    client.beta.threads.messages.create(run.thread_id, role="user", content="hello?")


def test_a_run_whose_response_is_not_known_takes_no_outputs_but_can_be_cancelled(
    client: OpenAI, another: OpenAI, emulator: Emulator
) -> None:
    assistant = client.beta.assistants.create(model=MODEL, tools=FUNCTIONS)
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "/call f {}"}])
    losing = connect(emulator.url, LosingTransport(pick_first("POST", "/responses")))
    with losing, pytest.raises(APIConnectionError):
        losing.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    items: Any = []
    with httpx2.Client(headers={"Authorization": "Bearer k"}) as plain:
        while not items:
            listed = plain.get(f"{emulator.url}/conversations/{thread.id.replace('thread_', 'conv_')}/items")
            items = [item for item in listed.json()["data"] if item["type"] == "function_call"]
    run_id = f"run_open_{items[0]['call_id']}"
    open_run = another.beta.threads.runs.retrieve(run_id, thread_id=thread.id)
    with pytest.raises(BadRequestError, match="cancel it"):
        answer_calls(another, open_run, "output")
    another.beta.threads.runs.cancel(run_id, thread_id=thread.id)
    assert look_at(another, open_run).status == "cancelled"


# ---------------------------------------------------------------- lists and steps


def test_runs_of_one_second_are_listed_latest_first(client: OpenAI) -> None:
    old = start_waiting(client)
    client.beta.threads.runs.cancel(old.id, thread_id=old.thread_id)
    new = run_again(client, old, "/call f {}")
    listed = client.beta.threads.runs.list(old.thread_id).data
    assert [run.id for run in listed] == [new.id, old.id]


def test_a_page_of_runs_loads_only_its_own(client: OpenAI, emulator: Emulator) -> None:
    run = finish(client, start_waiting(client))
    for text in ("/say a", "/say b", "/say c"):
        run_again(client, run, text)
    since = len(emulator.requests)
    client.beta.threads.runs.list(run.thread_id, limit=1)
    assert count_requests(emulator, since) == 2  # the notes, and one run


def test_a_completed_step_tells_when_it_was_completed(client: OpenAI) -> None:
    run = finish(client, start_waiting(client))
    steps = client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id).data
    assert all(step.completed_at for step in steps)
    assert run.started_at == run.created_at


# ---------------------------------------------------------------- the cache key


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"message": "Unrecognized request argument supplied: prompt_cache_key"}}),
        (400, {"error": {"message": 'Unknown parameter "prompt_cache_key"'}}),
        (422, {"detail": [{"loc": ["body", "prompt_cache_key"], "msg": "extra fields not permitted"}]}),
        (400, {"message": "`prompt_cache_key` is not supported"}),
        (501, {"error": "prompt_cache_key"}),
    ],
)
def test_a_cache_key_that_is_refused_in_whatever_words_is_left_out(status: int, body: Any) -> None:
    agent = {"id": "agent_1", "created_at": 1, "model": "m"}
    refused = httpx2.Response(status, json=body)
    upstream, asked = fake_answers(agent, refused, make_response(status="queued"))
    answer = send_raw(upstream, "POST", "/threads/thread_1/runs", {"assistant_id": "asst_1"})
    assert answer.status_code == 200
    assert ["prompt_cache_key" in one.content.decode() for one in asked[1:]] == [True, False]


# ---------------------------------------------------------------- notes that are refused, lost or strange


def test_the_starting_process_knows_a_round_that_could_not_be_noted(
    client: OpenAI, emulator: Emulator
) -> None:
    run = start_waiting(client)
    run = wait_for(client, answer_calls(client, run, "/call f {}"))
    noted = read_metadata(emulator, run)
    answer_calls(client, run, "/wait 20")
    write_metadata(emulator, run, noted)  # another program writes back what it read before
    client.beta.threads.runs.list(run.thread_id)
    assert look_at(client, run).status in ("queued", "in_progress")
    client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)


@pytest.mark.parametrize(
    "strange", ['{"runs":null}', '{"runs":[1]}', '{"runs":{"x":5}}', '{"runs":{"x/y":"z?a"}}']
)
def test_what_another_program_wrote_in_place_of_notes_is_none(
    client: OpenAI, emulator: Emulator, strange: str
) -> None:
    run = start_waiting(client)
    write_metadata(emulator, run, {"v2_0": strange})
    with connect(emulator.url, httpx2.HTTPTransport()) as fresh:
        assert look_at(fresh, run).status == "requires_action"
        assert [one.id for one in fresh.beta.threads.runs.list(run.thread_id).data] == [run.id]


def test_slow_plain_runs_do_not_push_out_the_note_of_a_run_with_rounds(
    client: OpenAI, another: OpenAI
) -> None:
    done = finish(client, start_waiting(client))
    for _ in range(5):
        waiting = run_again(client, done, "/call f {}")
        client.beta.threads.runs.cancel(waiting.id, thread_id=waiting.thread_id)
    assert look_at(another, done).usage == done.usage


def test_the_writers_that_a_process_looked_for_in_vain_are_found_later(
    client: OpenAI, another: OpenAI
) -> None:
    done = finish(client, start_waiting(client))
    another.beta.threads.messages.list(done.thread_id)
    for _ in range(4):
        waiting = run_again(client, done, "/call f {}")
        last = finish(client, waiting)
        newest = another.beta.threads.messages.list(done.thread_id).data[0]
        assert newest.run_id == last.id


def test_the_usage_of_a_run_whose_round_got_lost_is_not_known(
    client: OpenAI, another: OpenAI, emulator: Emulator
) -> None:
    run = start_waiting(client)
    answer_calls(client, run, "/say done")
    write_metadata(emulator, run, {})
    seen = look_at(another, run)
    while seen.status != "completed":
        seen = look_at(another, run)
    assert seen.usage is None


def test_an_open_run_is_none_of_a_later_runs_calls(client: OpenAI, another: OpenAI) -> None:
    old = start_waiting(client)
    assert old.required_action
    old_call = old.required_action.submit_tool_outputs.tool_calls[0].id
    later = run_again(client, finish(client, old), "/call f {}")
    with pytest.raises(NotFoundError):
        another.beta.threads.runs.cancel(f"run_open_{old_call}", thread_id=old.thread_id)
    assert look_at(client, later).status == "requires_action"


def test_the_runs_behind_one_that_is_gone_are_listed(client: OpenAI, emulator: Emulator) -> None:
    first = finish(client, start_waiting(client))
    newest = run_again(client, first, "/say hi")
    with httpx2.Client(headers={"Authorization": "Bearer k"}) as plain:
        plain.delete(f"{emulator.url}/responses/{newest.id.replace('run_', 'resp_')}").raise_for_status()
    assert [one.id for one in client.beta.threads.runs.list(first.thread_id, limit=1)] == [first.id]


def test_a_server_that_names_no_conversation_names_the_thread_at_the_start() -> None:
    agent = {"id": "agent_1", "created_at": 1, "model": "m"}
    upstream, _ = fake_answers(agent, make_response(status="queued", conversation=None, metadata={}))
    answer = send_raw(upstream, "POST", "/threads/thread_1/runs", {"assistant_id": "asst_1"})
    assert answer.json()["thread_id"] == "thread_1"


def conversation_url(emulator: Emulator, run: Run) -> str:
    return f"{emulator.url}/conversations/{run.thread_id.replace('thread_', 'conv_')}"


def read_metadata(emulator: Emulator, run: Run) -> Any:
    with httpx2.Client(headers={"Authorization": "Bearer k"}) as plain:
        return plain.get(conversation_url(emulator, run)).json()["metadata"]


def write_metadata(emulator: Emulator, run: Run, metadata: Any) -> None:
    with httpx2.Client(headers={"Authorization": "Bearer k"}) as plain:
        plain.post(conversation_url(emulator, run), json={"metadata": metadata}).raise_for_status()
