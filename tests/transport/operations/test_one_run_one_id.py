"""One run, one id: from create to the end, through every submit_tool_outputs, in whatever process."""

import re
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from openai import APIConnectionError, BadRequestError, NotFoundError, OpenAI
from openai.types.beta.threads import Run

from local.emulator.server import Emulator
from tests.backends import LosingTransport, pick_first
from tests.transport.fakes import MODEL, connect
from tests.transport.following import answer_calls, look_at, wait_for

FUNCTIONS: Any = [{"type": "function", "function": {"name": name}} for name in ("f", "g")]
FULL_METADATA = {f"key {number}": "x" * 512 for number in range(16)}


def start_in_tools(client: OpenAI, text: str = "/call f {}", **thread: Any) -> Run:
    """A run of an assistant with functions that has come to a call."""
    assistant = client.beta.assistants.create(model=MODEL, tools=FUNCTIONS)
    made = client.beta.threads.create(messages=[{"role": "user", "content": text}], **thread)
    return wait_for(client, client.beta.threads.runs.create(made.id, assistant_id=assistant.id))


def read_texts(client: OpenAI, run: Run, **query: Any) -> list[str]:
    found = client.beta.threads.messages.list(run.thread_id, order="asc", **query).data
    return [one.content[0].to_dict()["text"]["value"] for one in found]  # type: ignore[index]


def cut_once(emulator: Emulator, method: str, path_end: str) -> OpenAI:
    """A client to which the first answer to such a request gets lost."""
    return connect(emulator.url, LosingTransport(pick_first(method, path_end)))


# ---------------------------------------------------------------- one id through all rounds


def test_a_run_keeps_its_id_through_every_round(client: OpenAI) -> None:
    run = start_in_tools(client)
    second = answer_calls(client, run, "/call g {}")
    third = answer_calls(client, wait_for(client, second), "/say done")
    done = wait_for(client, third)
    assert {second.id, third.id, done.id} == {run.id}
    assert (done.status, done.created_at) == ("completed", run.created_at)


def test_the_first_id_is_not_completed_while_the_run_goes_on(client: OpenAI, another: OpenAI) -> None:
    run = start_in_tools(client)
    answer_calls(client, run, "/wait 20")
    for process in (client, another):
        assert look_at(process, run).status in ("queued", "in_progress")
    client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)


def test_another_process_sees_the_latest_round_by_the_first_id(client: OpenAI, another: OpenAI) -> None:
    run = start_in_tools(client)
    wait_for(client, answer_calls(client, run, "/call g {}"))
    waiting = look_at(another, run)
    assert waiting.required_action
    assert waiting.required_action.submit_tool_outputs.tool_calls[0].function.name == "g"
    done = wait_for(another, answer_calls(another, run, "/say done"))
    assert (done.id, done.status) == (run.id, "completed")
    assert look_at(client, run).status == "completed"


def test_the_messages_of_a_run_are_those_of_all_rounds(client: OpenAI, another: OpenAI) -> None:
    run = start_in_tools(client)
    wait_for(client, answer_calls(client, run, "/say the answer"))
    for process in (client, another):
        assert read_texts(process, run, run_id=run.id) == ["the answer"]


def test_the_usage_is_that_of_all_rounds(client: OpenAI, another: OpenAI) -> None:
    run = start_in_tools(client)
    first = look_at(client, run).usage
    wait_for(client, answer_calls(client, run, "/call g {}"))
    second = look_at(client, run).usage
    done = wait_for(client, answer_calls(client, run, "/say done"))
    assert first
    assert second
    assert done.usage
    assert first.total_tokens < second.total_tokens < done.usage.total_tokens
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    assert look_at(another, run).usage == done.usage


def test_a_later_round_is_cancelled_by_the_first_id(client: OpenAI, another: OpenAI) -> None:
    run = start_in_tools(client)
    answer_calls(client, run, "/wait 20")
    cancelled = another.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)
    assert (cancelled.id, cancelled.status) == (run.id, "cancelled")
    assert look_at(client, run).status == "cancelled"


def test_a_thread_with_full_metadata_keeps_the_id_in_this_process(client: OpenAI) -> None:
    run = start_in_tools(client, metadata=FULL_METADATA)
    done = wait_for(client, answer_calls(client, run, "/say done"))
    assert (done.id, look_at(client, run).status) == (run.id, "completed")
    assert client.beta.threads.retrieve(run.thread_id).metadata == FULL_METADATA


def test_what_is_noted_in_a_thread_is_not_shown(client: OpenAI) -> None:
    run = start_in_tools(client, metadata={"own": "1"})
    wait_for(client, answer_calls(client, run, "/say done"))
    assert client.beta.threads.retrieve(run.thread_id).metadata == {"own": "1"}
    updated = client.beta.threads.update(run.thread_id, metadata={"own": "2"})
    assert updated.metadata == {"own": "2"}


def test_an_update_of_a_thread_keeps_what_is_noted(client: OpenAI, another: OpenAI) -> None:
    run = start_in_tools(client)
    done = wait_for(client, answer_calls(client, run, "/say done"))
    client.beta.threads.update(
        run.thread_id, metadata={}, tool_resources={"file_search": {"vector_store_ids": ["vs_1"]}}
    )
    assert look_at(another, run).usage == done.usage


# ---------------------------------------------------------------- the run that keeps a thread busy


def test_another_process_names_the_waiting_run_and_can_free_the_thread(
    client: OpenAI, another: OpenAI
) -> None:
    run = start_in_tools(client)
    with pytest.raises(BadRequestError, match=f"already has an active run {run.id}"):
        another.beta.threads.runs.create(run.thread_id, assistant_id=run.assistant_id)
    assert another.beta.threads.runs.cancel(run.id, thread_id=run.thread_id).status == "cancelled"
    again = another.beta.threads.runs.create(run.thread_id, assistant_id=run.assistant_id)
    assert wait_for(another, again).id != run.id


def test_a_waiting_run_whose_id_got_lost_is_named_and_can_be_cancelled(
    emulator: Emulator, client: OpenAI, another: OpenAI
) -> None:
    assistant = client.beta.assistants.create(model=MODEL, tools=FUNCTIONS)
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "/call f {}"}])
    with cut_once(emulator, "POST", "/responses") as losing, pytest.raises(APIConnectionError):
        losing.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    run_id = wait_for_refusal(another, thread.id, assistant.id)
    open_run = another.beta.threads.runs.retrieve(run_id, thread_id=thread.id)
    assert open_run.status == "requires_action"
    assert another.beta.threads.runs.cancel(run_id, thread_id=thread.id).status == "cancelled"
    wait_for(another, another.beta.threads.runs.create(thread.id, assistant_id=assistant.id))


def test_an_open_run_that_does_not_exist_is_404(client: OpenAI) -> None:
    thread = client.beta.threads.create()
    with pytest.raises(NotFoundError, match="run_open_call_1"):
        client.beta.threads.runs.retrieve("run_open_call_1", thread_id=thread.id)


# ---------------------------------------------------------------- the answer to a submission gets lost


def lose_the_submission(emulator: Emulator, client: OpenAI, output: str) -> Run:
    run = start_in_tools(client)
    with cut_once(emulator, "POST", "/responses") as losing, pytest.raises(APIConnectionError):
        answer_calls(losing, run, output)
    return run


def test_a_round_whose_answer_got_lost_is_found_by_what_it_wrote(
    emulator: Emulator, client: OpenAI, another: OpenAI
) -> None:
    run = lose_the_submission(emulator, client, "/say done")
    wait_until(lambda: look_at(another, run).status == "completed")
    for process in (client, another):
        assert read_texts(process, run, run_id=run.id) == ["done"]


def test_a_round_whose_answer_got_lost_may_wait_for_more_outputs(
    emulator: Emulator, client: OpenAI, another: OpenAI
) -> None:
    run = lose_the_submission(emulator, client, "/call g {}")
    wait_until(lambda: names_of_calls(look_at(another, run)) == ["g"])


def test_a_submission_that_was_not_carried_out_can_be_repeated(emulator: Emulator, client: OpenAI) -> None:
    run = start_in_tools(client)
    with connect(emulator.url, FailingTransport("/responses")) as failing, pytest.raises(APIConnectionError):
        answer_calls(failing, run, "/say done")
    assert look_at(client, run).status == "requires_action"
    done = wait_for(client, answer_calls(client, run, "something else"))
    assert (done.id, done.status) == (run.id, "completed")
    assert read_texts(client, run, run_id=run.id) == ["done"]  # the outputs that were stored first count


def test_a_submission_that_was_not_carried_out_can_be_cancelled(
    emulator: Emulator, client: OpenAI, another: OpenAI
) -> None:
    run = start_in_tools(client)
    with connect(emulator.url, FailingTransport("/responses")) as failing, pytest.raises(APIConnectionError):
        answer_calls(failing, run, "/say done")
    assert client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id).status == "cancelled"
    assert look_at(another, run).status == "cancelled"


def test_a_run_that_was_left_behind_by_its_thread_has_expired(
    emulator: Emulator, client: OpenAI, another: OpenAI
) -> None:
    run = start_in_tools(client)
    with connect(emulator.url, FailingTransport("/responses")) as failing, pytest.raises(APIConnectionError):
        answer_calls(failing, run, "output")
    another.beta.threads.messages.create(run.thread_id, role="user", content="never mind")
    assert look_at(another, run).status == "expired"


class FailingTransport(httpx2.BaseTransport):
    """Lets no POST to this path out: the connection breaks before."""

    def __init__(self, path_end: str) -> None:
        self._inner, self._path_end = httpx2.HTTPTransport(), path_end

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST" and request.url.path.endswith(self._path_end):
            raise httpx2.ReadError("the connection was reset", request=request)
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


def wait_for_refusal(client: OpenAI, thread_id: str, assistant_id: str) -> str:
    """The id of the run that the refusal of another run names, once it names one."""
    found: list[str] = []

    def is_named() -> bool:
        with pytest.raises(BadRequestError, match="active run") as refusal:
            client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
        found.extend(re.findall(r"run_\w+", str(refusal.value)))
        return bool(found)

    wait_until(is_named)
    return found[0]


def wait_until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.002)


def names_of_calls(run: Run) -> list[str]:
    if run.required_action is None:
        return []
    return [call.function.name for call in run.required_action.submit_tool_outputs.tool_calls]
