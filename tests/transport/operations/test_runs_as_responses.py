"""Runs from their start to their end."""

import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from openai import BadRequestError, NotFoundError, OpenAI
from openai.types.beta.threads import Run

from local.emulator.server import Emulator, start_emulator
from tests.transport.fakes import (
    CONVERSATION,
    MODEL,
    connect,
    fake_answers,
    make_agent,
    make_message,
    make_page,
    make_response,
    send_raw,
)

Since = Callable[[], list[tuple[str, str]]]
FUNCTIONS: Any = [{"type": "function", "function": {"name": name}} for name in ("f", "g")]
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "id": "fco_1", "call_id": "call_1", "output": "x"}


def start(client: OpenAI, text: str, assistant: dict[str, Any] | None = None, **run: Any) -> Run:
    made = client.beta.assistants.create(**{"model": MODEL, **(assistant or {})})
    thread = client.beta.threads.create(messages=[{"role": "user", "content": text}])
    started: Run = client.beta.threads.runs.create(thread.id, assistant_id=made.id, **run)
    return started


def end(client: OpenAI, run: Run) -> Run:
    while run.status in ("queued", "in_progress"):
        time.sleep(0.002)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
    return run


def texts(client: OpenAI, run: Run, **query: Any) -> list[str]:
    found = client.beta.threads.messages.list(run.thread_id, order="asc", **query).data
    return [one.content[0].to_dict()["text"]["value"] for one in found]  # type: ignore[index]


def calls(run: Run) -> list[tuple[str, str, str]]:
    assert run.required_action
    found = run.required_action.submit_tool_outputs.tool_calls
    return [(one.id, one.function.name, one.function.arguments) for one in found]


def submit(client: OpenAI, run: Run, outputs: dict[str, str]) -> Run:
    given: Any = [{"tool_call_id": call_id, "output": output} for call_id, output in outputs.items()]
    return client.beta.threads.runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=given)


# ---------------------------------------------------------------- from its start to its end


def test_a_run_answers_the_thread_under_its_assistants_instructions(client: OpenAI) -> None:
    run = start(client, "hello", {"instructions": "Be brief."}, metadata={"a": "b"})
    assert run.status in ("queued", "in_progress")
    assert run.id.startswith("run_")
    done = end(client, run)
    assert (done.id, done.status, done.assistant_id) == (run.id, "completed", run.assistant_id)
    assert (done.instructions, done.model, done.metadata) == ("Be brief.", MODEL, {"a": "b"})
    assert done.usage
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 0
    [answer] = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data
    assert (answer.role, answer.run_id, answer.assistant_id) == ("assistant", run.id, run.assistant_id)
    assert texts(client, run)[1] == f"instructions: Be brief. | model: {MODEL} | thread: user: hello"


def test_the_next_run_sees_the_whole_thread(client: OpenAI) -> None:
    run = end(client, start(client, "/say one"))
    more: Any = [{"role": "user", "content": "two"}, {"role": "assistant", "content": "three"}]
    again = client.beta.threads.runs.create(
        run.thread_id, assistant_id=run.assistant_id, additional_messages=more, instructions="Own."
    )
    end(client, again)
    [answer] = texts(client, run, run_id=again.id)
    assert answer.endswith("thread: user: /say one / assistant: one / user: two / assistant: three")
    assert answer.startswith("instructions: Own. ")


def test_one_request_starts_a_run_once_the_assistant_is_known(client: OpenAI, requests_since: Since) -> None:
    run = end(client, start(client, "/say one"))
    requests_since()
    client.beta.threads.runs.create(run.thread_id, assistant_id=run.assistant_id)
    assert requests_since() == [("POST", "/v1/responses")]


def test_the_messages_of_a_run_whose_end_was_seen_need_no_request(
    client: OpenAI, requests_since: Since
) -> None:
    run = end(client, start(client, "/two"))
    requests_since()
    assert [one.partition(":")[0] for one in texts(client, run, run_id=run.id)] == ["first", "second"]
    assert requests_since() == []


def test_an_updated_assistant_is_used_at_once(client: OpenAI) -> None:
    run = end(client, start(client, "hello", {"instructions": "Old."}))
    client.beta.assistants.update(run.assistant_id, instructions="New.")
    again = end(client, client.beta.threads.runs.create(run.thread_id, assistant_id=run.assistant_id))
    assert again.instructions == "New."


def test_a_deleted_assistant_runs_no_more(client: OpenAI) -> None:
    run = end(client, start(client, "hello"))
    client.beta.assistants.delete(run.assistant_id)
    with pytest.raises(NotFoundError, match=f"Assistant with id '{run.assistant_id}' not found"):
        client.beta.threads.runs.create(run.thread_id, assistant_id=run.assistant_id)


def test_a_run_is_shown_only_under_its_own_thread(client: OpenAI) -> None:
    run = start(client, "/say x")
    other = client.beta.threads.create()
    asks: list[Callable[[], object]] = [
        lambda: client.beta.threads.runs.retrieve(run.id, thread_id=other.id),
        lambda: client.beta.threads.runs.cancel(run.id, thread_id=other.id),
        lambda: client.beta.threads.messages.list(other.id, run_id=run.id),
        lambda: client.beta.threads.runs.submit_tool_outputs(run.id, thread_id=other.id, tool_outputs=[]),
        lambda: client.beta.threads.runs.retrieve("run_none", thread_id=other.id),
    ]
    end(client, run)
    for ask in asks:
        with pytest.raises(NotFoundError, match="run_"):
            ask()


@pytest.mark.parametrize(
    ("directive", "code", "told"),
    [
        ("server_error", "server_error", "The echo failed"),
        ("rate_limit_exceeded", "rate_limit_exceeded", "The echo failed"),
        ("invalid_prompt", "invalid_prompt", "The echo failed"),
        ("vector_store_timeout", "server_error", "vector_store_timeout: The echo failed"),
    ],
)
def test_a_failed_run_says_why(client: OpenAI, directive: str, code: str, told: str) -> None:
    failed = end(client, start(client, f"/fail {directive}"))
    assert failed.status == "failed"
    assert failed.last_error
    assert failed.last_error.code == code
    assert failed.last_error.message.startswith(told)


def test_a_run_cut_short_is_incomplete(client: OpenAI) -> None:
    cut = end(client, start(client, "/length 2000", max_completion_tokens=16))
    assert cut.status == "incomplete"
    assert cut.incomplete_details
    assert cut.incomplete_details.reason == "max_completion_tokens"
    assert cut.max_completion_tokens == 16
    assert len(texts(client, cut, run_id=cut.id)) == 1


def test_a_thread_longer_than_the_context_still_runs() -> None:
    with start_emulator(context_tokens=200) as small, connect(small.url, httpx2.HTTPTransport()) as client:
        run = end(client, start(client, "/say x"))
        more: Any = [{"role": "user", "content": "word " * 50} for _ in range(9)]
        more.append({"role": "user", "content": "and now"})
        again = client.beta.threads.runs.create(
            run.thread_id, assistant_id=run.assistant_id, additional_messages=more
        )
        assert end(client, again).status == "completed"
        [answer] = texts(client, again, run_id=again.id)
        assert answer.endswith("/ user: and now")
        assert answer.count("user: word") < 9


# ---------------------------------------------------------------- tool outputs


def test_a_run_goes_on_with_the_outputs_of_its_calls_round_by_round(client: OpenAI) -> None:
    run = end(
        client,
        start(client, '/call f {"x":1}', {"tools": FUNCTIONS, "temperature": 0.5}, metadata={"a": "b"}),
    )
    assert run.status == "requires_action"
    [(call_id, name, arguments)] = calls(run)
    assert (name, arguments) == ("f", '{"x":1}')
    second = end(client, submit(client, run, {call_id: "/call g {}"}))
    assert (second.status, calls(second)[0][1]) == ("requires_action", "g")
    third = end(client, submit(client, second, {calls(second)[0][0]: "result"}))
    assert (third.status, third.assistant_id, third.metadata) == ("completed", run.assistant_id, {"a": "b"})
    assert third.temperature == 0.5
    assert [tool.to_dict() for tool in third.tools] == [tool.to_dict() for tool in run.tools]
    assert texts(client, third, run_id=third.id)[0].endswith("/ call: g({}) / output: result")
    assert (
        end(client, client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)).status == "completed"
    )


def test_partial_outputs_are_kept_until_the_others_come(client: OpenAI) -> None:
    run = end(client, start(client, "/call f {}\n/call g {}", {"tools": FUNCTIONS}))
    [(first, *_), (second, *_)] = calls(run)
    waiting = submit(client, run, {first: "one"})
    assert (waiting.id, waiting.status) == (run.id, "requires_action")
    assert [one[0] for one in calls(waiting)] == [second]
    again = client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
    assert [one[0] for one in calls(again)] == [second]
    with pytest.raises(BadRequestError, match=first):
        submit(client, run, {first: "again"})
    done = end(client, submit(client, again, {second: "two"}))
    assert done.status == "completed"
    assert texts(client, run)[-1].endswith("output: one / output: two")


@pytest.mark.parametrize("given", [["call_1", "call_1"], ["call_2"], [None], ["call_1", "call_2"]])
def test_outputs_of_unknown_calls_and_doubles_are_refused(given: list[Any]) -> None:
    upstream, asked = fake_answers(make_response(output=[CALL]), make_page(CALL))
    body = {"tool_outputs": [{"tool_call_id": one, "output": "x"} for one in given]}
    answer = send_raw(upstream, "POST", "/threads/thread_1/runs/run_1/submit_tool_outputs", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == f"tool_outputs[{len(given) - 1}].tool_call_id"
    assert {one.method for one in asked} == {"GET"}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "tool_outputs"),
        ({"tool_outputs": []}, "tool_outputs"),
        ({"tool_outputs": {}}, "tool_outputs"),
        ({"tool_outputs": ["x"]}, "tool_outputs[0]"),
        ({"tool_outputs": [{"tool_call_id": "call_1", "output": 5}]}, "tool_outputs[0].output"),
        ({"tool_outputs": [{"tool_call_id": "call_1", "output": "x", "y": 1}]}, "tool_outputs[0].y"),
        ({"tool_outputs": [{"tool_call_id": "call_1", "output": "x"}], "stream": "yes"}, "stream"),
        ({"tool_outputs": [{"tool_call_id": "call_1", "output": "x"}], "extra": 1}, "extra"),
    ],
)
def test_outputs_that_are_none_are_refused_by_name(body: Any, param: str) -> None:
    upstream, asked = fake_answers(make_response(output=[CALL]), make_page(CALL))
    answer = send_raw(upstream, "POST", "/threads/thread_1/runs/run_1/submit_tool_outputs", body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert "POST" not in {one.method for one in asked}


def test_a_run_that_does_not_wait_takes_no_outputs(client: OpenAI) -> None:
    run = end(client, start(client, "/say x"))
    with pytest.raises(BadRequestError, match="Runs in status 'completed' do not accept tool outputs"):
        submit(client, run, {"call_1": "x"})


def test_the_calls_outputs_are_sought_over_pages() -> None:
    later = [make_message(n) for n in range(100)]
    upstream, asked = fake_answers(
        make_response(output=[CALL]),
        make_page(*later, has_more=True),
        make_page(OUTPUT, CALL, make_message(100)),
        CONVERSATION,
    )
    assert send_raw(upstream, "GET", "/threads/thread_1/runs/run_1").json()["status"] == "completed"
    assert asked[2].url.params["after"] == "msg_99"


@pytest.mark.parametrize("how", ["/fail server_error", "/wait 20"])
def test_outputs_are_not_lost_with_a_round_that_fails_or_is_cancelled(client: OpenAI, how: str) -> None:
    run = end(client, start(client, "/call f {}", {"tools": FUNCTIONS}))
    second = submit(client, run, {calls(run)[0][0]: how})
    if "wait" in how:
        client.beta.threads.runs.cancel(second.id, thread_id=run.thread_id)
    assert end(client, client.beta.threads.runs.retrieve(second.id, thread_id=run.thread_id)).status in (
        "failed",
        "cancelled",
    )
    usable(client, run)


def test_outputs_are_taken_back_where_the_next_round_is_refused() -> None:
    refused = httpx2.Response(429, json={"error": {"message": "slow down"}})
    upstream, asked = fake_answers(
        make_response(output=[CALL]), make_page(CALL), make_page(OUTPUT), refused, {}
    )
    body = {"tool_outputs": [{"tool_call_id": "call_1", "output": "x"}]}
    assert (
        send_raw(upstream, "POST", "/threads/thread_1/runs/run_1/submit_tool_outputs", body).status_code
        == 429
    )
    assert (asked[-1].method, asked[-1].url.path) == ("DELETE", "/v1/conversations/conv_1/items/fco_1")


# ---------------------------------------------------------------- cancel


def test_a_running_run_is_cancelled_and_its_thread_is_free(client: OpenAI) -> None:
    run = start(client, "/wait 20")
    assert client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id).status == "cancelled"
    assert client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id).status == "cancelled"
    usable(client, run)


@pytest.mark.parametrize("answered", [0, 1])
def test_a_waiting_run_is_cancelled_and_its_thread_is_free(client: OpenAI, answered: int) -> None:
    run = end(client, start(client, "/call f {}\n/call g {}", {"tools": FUNCTIONS}))
    for call_id, *_ in calls(run)[:answered]:
        submit(client, run, {call_id: "x"})
    assert client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id).status == "cancelled"
    assert client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id).status == "cancelled"
    with pytest.raises(BadRequestError, match="Runs in status 'cancelled'"):
        submit(client, run, {calls(run)[1][0]: "x"})
    usable(client, run)


def usable(client: OpenAI, run: Run) -> None:
    client.beta.threads.messages.create(run.thread_id, role="user", content="/say fine")
    again = end(client, client.beta.threads.runs.create(run.thread_id, assistant_id=run.assistant_id))
    assert texts(client, again, run_id=again.id) == ["fine"]


def test_a_run_that_ended_cannot_be_cancelled(client: OpenAI) -> None:
    run = end(client, start(client, "/say x"))
    with pytest.raises(BadRequestError, match="Cannot cancel run with status 'completed'"):
        client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)


def test_a_cancellation_has_no_body() -> None:
    upstream, asked = fake_answers(make_response(status="in_progress"), make_response(status="cancelled"))
    send_raw(upstream, "POST", "/threads/thread_1/runs/run_1/cancel", {})
    assert (asked[1].url.path, asked[1].content) == ("/v1/responses/resp_1/cancel", b"")


# ---------------------------------------------------------------- a thread that is not free


@pytest.mark.parametrize("text", ["/wait 20", "/call f {}"])
def test_a_second_run_is_v2s_error_that_names_the_active_run(client: OpenAI, text: str) -> None:
    run = start(client, text, {"tools": FUNCTIONS})
    run = run if "wait" in text else end(client, run)
    before = texts(client, run)
    more: Any = [{"role": "user", "content": "again"}]
    told = f"^Error code: 400.*Thread {run.thread_id} already has an active run {run.id}."
    with pytest.raises(BadRequestError, match=told):
        client.beta.threads.runs.create(
            run.thread_id, assistant_id=run.assistant_id, additional_messages=more
        )
    assert texts(client, run) == before  # nothing that a repeated call would double
    client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)


def test_an_active_run_that_nobody_here_knows_is_not_named(client: OpenAI, emulator: Any) -> None:
    run = start(client, "/wait 20")
    with (
        connect(emulator.url, httpx2.HTTPTransport()) as another,
        pytest.raises(BadRequestError, match=f"Thread {run.thread_id} already has an active run."),
    ):
        another.beta.threads.runs.create(run.thread_id, assistant_id=run.assistant_id)
    client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)


def test_looking_at_an_old_run_does_not_make_it_the_active_one(client: OpenAI) -> None:
    old = end(client, start(client, "/say done"))
    active = client.beta.threads.runs.create(
        old.thread_id,
        assistant_id=old.assistant_id,
        additional_messages=[{"role": "user", "content": "/wait 20"}],
    )
    assert client.beta.threads.runs.retrieve(old.id, thread_id=old.thread_id).status == "completed"
    with pytest.raises(BadRequestError, match=f"active run {active.id}"):
        client.beta.threads.runs.create(old.thread_id, assistant_id=old.assistant_id)
    client.beta.threads.runs.cancel(active.id, thread_id=active.thread_id)


def test_additional_messages_are_taken_back_where_the_run_is_refused(client: OpenAI) -> None:
    run = end(client, start(client, "/say x", {"model": "gpt-6-luna"}))
    before = texts(client, run)
    more: Any = [{"role": "user", "content": str(n)} for n in range(25)]
    with pytest.raises(BadRequestError, match="temperature"):
        client.beta.threads.runs.create(
            run.thread_id, assistant_id=run.assistant_id, additional_messages=more, temperature=1
        )
    assert texts(client, run, limit=100) == before
    client.beta.threads.runs.create(run.thread_id, assistant_id=run.assistant_id, additional_messages=more)
    assert texts(client, run, limit=100)[:27] == [*before, *map(str, range(25))]


SURE = (400, 404, 409, 413, 429)
UNSURE = (408, 500, 503)


@pytest.mark.parametrize("status", [*SURE, *UNSURE])
def test_messages_of_a_run_are_taken_back_only_where_it_was_surely_refused(status: int) -> None:
    added = make_page(make_message(1, role="user"))
    upstream, asked = fake_answers(make_agent(), added, httpx2.Response(status, text="no"), {})
    body = {"assistant_id": "asst_1", "additional_messages": [{"role": "user", "content": "x"}]}
    assert send_raw(upstream, "POST", "/threads/thread_1/runs", body).status_code == status
    taken_back = [one.url.path for one in asked if one.method == "DELETE"]
    assert taken_back == (["/v1/conversations/conv_1/items/msg_1"] if status in SURE else [])


def test_messages_that_cannot_be_taken_back_are_told() -> None:
    worse = [httpx2.Response(400, text="no"), httpx2.Response(500, text="worse")]
    upstream, _ = fake_answers(make_agent(), make_page(make_message(1)), *worse)
    body = {"assistant_id": "asst_1", "additional_messages": [{"role": "user", "content": "x"}]}
    answer = send_raw(upstream, "POST", "/threads/thread_1/runs", body)
    error = answer.json()["error"]
    assert (answer.status_code, error["thread_id"]) == (400, "thread_1")
    assert error["message"].endswith("What was added to the thread before that could not be deleted again.")


@pytest.mark.parametrize("status", [*SURE, *UNSURE])
def test_a_new_thread_is_taken_back_only_where_its_run_was_surely_refused(status: int) -> None:
    cleaned_up = [make_page(), {"deleted": True}]
    refused = httpx2.Response(status, text="no")
    upstream, asked = fake_answers(make_agent(), CONVERSATION, refused, *cleaned_up)
    answer = send_raw(upstream, "POST", "/threads/runs", {"assistant_id": "asst_1"})
    assert answer.status_code == status
    assert (asked[-1].method == "DELETE") == (status in SURE)
    assert answer.json()["error"].get("thread_id") == (None if status in SURE else "thread_1")


def test_a_run_goes_with_its_thread(emulator: Emulator, client: OpenAI) -> None:
    run = end(client, start(client, "/say secret"))
    client.beta.threads.delete(run.thread_id)
    with connect(emulator.url, httpx2.HTTPTransport()) as another:
        for process in (client, another):
            with pytest.raises(NotFoundError):
                process.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
            with pytest.raises(NotFoundError):
                process.beta.threads.messages.list(run.thread_id, run_id=run.id)


def test_deleting_a_thread_stops_the_run_that_is_known_to_go_on(client: OpenAI, emulator: Emulator) -> None:
    run = start(client, "/wait 20")
    client.beta.threads.delete(run.thread_id)
    assert ("POST", f"/v1/responses/{run.id.replace('run_', 'resp_')}/cancel") in emulator.requests
