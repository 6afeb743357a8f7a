"""Runs that are streamed: v2's events from today's over a real socket, and every way in which that fails."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from openai import APIConnectionError, AssistantEventHandler, BadRequestError, NotFoundError, OpenAI
from openai.types.beta.threads import Message, Run, Text

from local.emulator.echo import EchoModel
from local.emulator.event_streams import REPLAY_SECONDS
from local.emulator.models import Answer, Prompt, Say, say_nothing
from local.emulator.server import Emulator, start_emulator
from local.emulator.stream_faults import StreamFaults
from tests.transport.fakes import MODEL, connect
from tests.transport.following import look_at, wait_for
from tests.transport.streaming import (
    FUNCTIONS,
    Events,
    find_all,
    find_run,
    join_deltas,
    names,
    parse_stream,
    stream_run,
    submit,
    take_up,
)

Requests = Callable[[], list[tuple[str, str]]]
MESSAGE_STEP = [
    "run.step.created",
    "run.step.in_progress",
    "message.created",
    "message.in_progress",
    "message.delta",
    "message.completed",
    "run.step.completed",
]
CALL_STEP = ["run.step.created", "run.step.in_progress", "run.step.delta"]
BEGUN = ["run.created", "run.queued", "run.in_progress"]
TOOLS: Any = [
    *FUNCTIONS,
    {"type": "file_search"},
    {"type": "code_interpreter"},
]


class Sent(httpx2.HTTPTransport):
    """Sends, and keeps the bodies of POST /responses."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[Any] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST" and request.url.path.endswith("/responses"):
            self.bodies.append(json.loads(request.content))
        return super().handle_request(request)


class TalkingModel(EchoModel):
    """Says something before it calls functions, which is no commentary."""

    async def answer(self, prompt: Prompt, say: Say = say_nothing) -> Answer:
        found = await super().answer(prompt, say)
        return replace(found, texts=("Let me look.",)) if found.calls else found


class Handler(AssistantEventHandler):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.done: list[str] = []
        self.calls: list[tuple[str, str]] = []

    def on_text_delta(self, delta: Any, snapshot: Text) -> None:
        self.texts.append(delta.value)
        assert snapshot.value.endswith("".join(self.texts)[-10:])

    def on_text_done(self, text: Text) -> None:
        self.done.append(text.value)

    def on_tool_call_done(self, tool_call: Any) -> None:
        self.calls.append((tool_call.function.name, tool_call.function.arguments))


@pytest.fixture
def assistant(client: OpenAI) -> str:
    return client.beta.assistants.create(model=MODEL, tools=FUNCTIONS).id


def make_thread(client: OpenAI, text: str) -> str:
    return client.beta.threads.create(messages=[{"role": "user", "content": text}]).id


def begin(client: OpenAI, assistant: str, text: str, until: str = "thread.run.created") -> Run:
    """The run as it was told when its stream was hung up."""
    thread = make_thread(client, text)
    run: Any = None
    with client.beta.threads.runs.create(thread, assistant_id=assistant, stream=True) as events:
        for event in events:
            run = event.data if event.event.startswith("thread.run.") and "step" not in event.event else run
            if event.event == until:
                break
    assert run
    return run  # type: ignore[no-any-return]


def retrieve_all(client: OpenAI, events: Events) -> tuple[Any, list[Any], list[Any]]:
    """The run, its messages and its steps as those see them who ask for them, oldest first."""
    told = find_run(events)
    thread_id, run_id = told["thread_id"], told["id"]
    run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
    messages = client.beta.threads.messages.list(thread_id, run_id=run_id, order="asc").data
    steps = client.beta.threads.runs.steps.list(run_id, thread_id=thread_id, order="asc").data
    return run.to_dict(), [one.to_dict() for one in messages], [one.to_dict() for one in steps]


# ---------------------------------------------------------------- what is told


def test_a_run_is_told_in_v2s_events(client: OpenAI) -> None:
    events = stream_run(client, "/say Hello my friend")
    assert names(events) == [*BEGUN, *MESSAGE_STEP, "run.completed", "done"]
    assert events[-1][1] == "[DONE]"


def test_what_is_told_is_what_is_there_afterwards(client: OpenAI) -> None:
    events = stream_run(client, "/two", metadata={"a": "b"})
    run, messages, steps = retrieve_all(client, events)
    assert find_run(events) == run
    assert find_all(events, "message.completed") == messages
    assert [one["id"] for one in find_all(events, "run.step.completed")] == [one["id"] for one in steps]
    created = [{**one, "content": [], "status": "in_progress"} for one in messages]
    assert find_all(events, "message.created") == find_all(events, "message.in_progress") == created
    assert join_deltas(events) == "".join(one["content"][0]["text"]["value"] for one in messages)


def test_the_sdks_handlers_see_text_steps_and_run(client: OpenAI, assistant: str) -> None:
    handler = Handler()
    thread: Any = {"messages": [{"role": "user", "content": "/say Hello my friend"}]}
    with client.beta.threads.create_and_run_stream(
        assistant_id=assistant, thread=thread, event_handler=handler
    ) as stream:
        stream.until_done()
    assert (handler.texts, handler.done) == (["Hello ", "my ", "friend"], ["Hello my friend"])
    run, (message,) = handler.get_final_run(), handler.get_final_messages()
    listed: list[Message] = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data
    assert [message] == listed
    (step,) = handler.get_final_run_steps()
    assert step.id == client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id).data[0].id


def test_a_thread_that_is_made_with_its_run_is_told_first(client: OpenAI, assistant: str) -> None:
    body: dict[str, Any] = {"assistant_id": assistant, "thread": {"metadata": {"a": "b"}}}
    with client.beta.threads.create_and_run(**body, stream=True) as events:
        (first, *rest) = list(events)
    assert first.event == "thread.created"
    assert first.data == client.beta.threads.retrieve(first.data.id)
    assert rest[0].event == "thread.run.created"
    assert rest[0].data.thread_id == first.data.id


@pytest.mark.parametrize(
    ("text", "steps", "end"),
    [
        ("/call f {}\n/call g {}", CALL_STEP, "run.requires_action"),
        ("/reasoning\n/think aloud\n/say a", MESSAGE_STEP, "run.completed"),
        ("/say a cite", [*CALL_STEP, "run.step.completed", *MESSAGE_STEP], "run.completed"),
        ("/python 1\n/say a", [*CALL_STEP, "run.step.completed", *MESSAGE_STEP], "run.completed"),
        ("/fail rate_limit_exceeded", [], "run.failed"),
        (
            "/incomplete",
            [*MESSAGE_STEP[:-2], "message.incomplete", "run.step.completed"],
            "run.incomplete",
        ),
        ("/refuse", MESSAGE_STEP, "run.completed"),
    ],
)
def test_every_run_is_told_as_far_as_v2_knew_such(
    client: OpenAI, text: str, steps: list[str], end: str
) -> None:
    events = stream_run(client, text, tools=TOOLS)
    assert names(events) == [*BEGUN, *steps, end, "done"]
    run, messages, _ = retrieve_all(client, events)
    assert find_run(events) == run
    told = find_all(events, "message.completed") + find_all(events, "message.incomplete")
    assert told == messages


def test_steps_are_told_as_they_are_listed(client: OpenAI) -> None:
    """But for when they ended, which upstream tells of the whole response alone."""
    events = stream_run(client, "/python 1 + 1\n/say cite", tools=TOOLS)
    _, _, listed = retrieve_all(client, events)
    told = find_all(events, "run.step.completed")
    assert [one | {"completed_at": None} for one in told] == [one | {"completed_at": None} for one in listed]


def test_a_marker_is_told_where_it_stands(client: OpenAI) -> None:
    events = stream_run(client, "/say as cite", tools=TOOLS)
    (message,) = find_all(events, "message.completed")
    text = message["content"][0]["text"]
    assert text["value"] == join_deltas(events) == "as cite【0:0†source】"
    last = find_all(events, "message.delta")[-1]["delta"]["content"][0]["text"]
    assert last == {"value": "【0:0†source】", "annotations": [{"index": 0, **text["annotations"][0]}]}


def test_a_cancelled_run_ends_as_cancelled(client: OpenAI, another: OpenAI, assistant: str) -> None:
    thread = make_thread(client, "/wait 20")
    told = []
    with client.beta.threads.runs.create(thread, assistant_id=assistant, stream=True) as events:
        for event in events:
            told.append(event.event)
            if event.event == "thread.run.in_progress":
                another.beta.threads.runs.cancel(event.data.id, thread_id=thread)
    assert told[-1] == "thread.run.cancelled"


# ---------------------------------------------------------------- tools


def test_a_run_keeps_its_id_when_it_goes_on_behind_its_calls(client: OpenAI) -> None:
    waiting = find_run(first := stream_run(client, '/call f {"x": 1}\n/call g {}'))
    assert waiting["status"] == "requires_action"
    events = submit(client, waiting, "/say all is well", "out")
    assert names(events) == [
        "run.step.completed",
        "run.queued",
        "run.in_progress",
        *MESSAGE_STEP,
        "run.completed",
        "done",
    ]
    run, messages, steps = retrieve_all(client, events)
    assert find_run(events) == run
    assert run["id"] == waiting["id"]
    assert find_all(events, "message.completed") == messages
    told = find_all(first, "run.step.created") + find_all(events, "run.step.completed")[1:]
    assert [one["id"] for one in told] == [one["id"] for one in steps]
    answered = find_all(events, "run.step.completed")[0]
    assert [one["function"]["output"] for one in answered["step_details"]["tool_calls"]] == [
        "/say all is well",
        "out",
    ]


def test_the_sdks_handlers_see_the_calls(client: OpenAI, assistant: str) -> None:
    handler = Handler()
    thread = make_thread(client, '/call f {"x": 1}\n/call g {}')
    with client.beta.threads.runs.stream(
        thread_id=thread, assistant_id=assistant, event_handler=handler
    ) as stream:
        stream.until_done()
    assert handler.calls == [("f", '{"x": 1}'), ("g", "{}")]
    run, again = handler.get_final_run(), Handler()
    assert run.required_action
    outputs: Any = [
        {"tool_call_id": one.id, "output": "/say done"}
        for one in run.required_action.submit_tool_outputs.tool_calls
    ]
    with client.beta.threads.runs.submit_tool_outputs_stream(
        run_id=run.id, thread_id=thread, tool_outputs=outputs, event_handler=again
    ) as stream:
        assert "".join(stream.text_deltas) == "done"
    assert (again.get_final_run().id, again.get_final_run().status) == (run.id, "completed")


def test_a_run_whose_outputs_are_not_all_given_goes_on_waiting(client: OpenAI) -> None:
    waiting = find_run(stream_run(client, "/call f {}\n/call g {}"))
    events = submit(client, waiting, "one")
    assert names(events) == ["run.requires_action", "done"]
    left = find_run(events)["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert [one["function"]["name"] for one in left] == ["g"]


def test_another_process_streams_the_next_round(client: OpenAI, another: OpenAI) -> None:
    waiting = find_run(stream_run(client, "/call f {}"))
    events = submit(another, waiting, "/call g {}")
    assert names(events)[-2:] == ["run.requires_action", "done"]
    assert find_run(events)["id"] == waiting["id"]


# ---------------------------------------------------------------- as it comes, at what cost


def test_words_come_while_the_run_goes_on(client: OpenAI, another: OpenAI, assistant: str) -> None:
    thread = make_thread(client, "/pace 20\n/say a b c")
    with client.beta.threads.runs.stream(thread_id=thread, assistant_id=assistant) as stream:
        assert next(iter(stream.text_deltas)) == "a "
        assert stream.current_run
        assert look_at(another, stream.current_run).status == "in_progress"
        another.beta.threads.runs.cancel(stream.current_run.id, thread_id=thread)
        assert stream.get_final_run().status == "cancelled"
    (message,) = stream.get_final_messages()
    assert (message.status, message.content[0].to_dict()["text"]["value"]) == ("incomplete", "a ")  # type: ignore[index]


def test_a_run_goes_on_when_its_stream_is_hung_up(client: OpenAI, assistant: str) -> None:
    run = begin(client, assistant, "/pace 0.01\n/say a b c", until="thread.message.delta")
    assert wait_for(client, run).status == "completed"
    assert join_deltas(take_up(client, run)) == "a b c"


def test_a_streamed_run_is_one_request_and_with_a_message_two(
    client: OpenAI, assistant: str, requests_since: Requests
) -> None:
    thread = make_thread(client, "/say a")
    body: dict[str, Any] = {"assistant_id": assistant, "stream": True}
    requests_since()
    told = list(client.beta.threads.runs.create(thread, **body))
    assert requests_since() == [("POST", "/v1/responses")]
    run: Any = told[-1].data
    client.beta.threads.messages.list(thread, run_id=run.id)
    assert requests_since() == []
    messages: Any = [{"role": "user", "content": "/say b"}]
    list(client.beta.threads.runs.create(thread, **body, additional_messages=messages))
    items = f"/v1/conversations/{thread.replace('thread_', 'conv_')}/items"
    assert requests_since() == [("POST", items), ("POST", "/v1/responses")]


def test_a_stream_leaves_its_connection_to_the_next_request() -> None:
    with start_emulator() as emulator, connect(emulator.url, httpx2.HTTPTransport()) as client:
        stream_run(client, "a")
        stream_run(client, "b")
        assert emulator.connections == 1


def test_upstream_is_asked_for_a_stream_in_the_background(emulator: Emulator) -> None:
    with connect(emulator.url, sent := Sent()) as client:
        run = find_run(stream_run(client, "/call f {}"))
        submit(client, run, "/say b")
    for body in sent.bodies:
        assert (body["background"], body["stream"], body["store"]) == (True, True, True)
        assert body["stream_options"] == {"include_obfuscation": False}
    assert len(sent.bodies) == 2


def test_a_server_that_knows_no_options_of_streams_is_sent_them_once() -> None:
    refuses = frozenset({"stream_options"})
    with start_emulator(refuses=refuses) as emulator, connect(emulator.url, sent := Sent()) as client:
        for _ in range(2):
            assert find_run(stream_run(client, "a"))["status"] == "completed"
    assert ["stream_options" in body for body in sent.bodies] == [True, False, False]


def test_a_run_that_lasts_is_noted_for_other_processes() -> None:
    """As a poll would do: two more requests, once."""
    with start_emulator(clock=lambda: time.time() - 3) as emulator:
        with connect(emulator.url, httpx2.HTTPTransport()) as client:
            run = find_run(stream_run(client, "/say a b c"))
        noted = [one for one in emulator.requests if one[1].endswith(run["thread_id"].partition("_")[2])]
        assert [method for method, _ in noted] == ["GET", "POST"]
        with connect(emulator.url, httpx2.HTTPTransport()) as another:
            assert [one.id for one in another.beta.threads.runs.list(run["thread_id"])] == [run["id"]]


def test_a_run_that_lasts_is_noted_when_its_stream_is_hung_up_before_it_said_a_word() -> None:
    with (
        start_emulator(clock=lambda: time.time() - 3) as emulator,
        connect(emulator.url, httpx2.HTTPTransport()) as client,
        connect(emulator.url, httpx2.HTTPTransport()) as another,
    ):
        assistant = client.beta.assistants.create(model=MODEL).id
        run = begin(client, assistant, "/wait 20", until="thread.run.created")
        assert [one.id for one in another.beta.threads.runs.list(run.thread_id)] == [run.id]


# ---------------------------------------------------------------- with an Idempotency-Key


def test_a_repeated_request_tells_the_run_that_the_first_has_started(
    client: OpenAI, another: OpenAI, requests_since: Requests
) -> None:
    thread = client.beta.threads.create().id
    assistant = client.beta.assistants.create(model=MODEL).id
    body = {
        "assistant_id": assistant,
        "stream": True,
        "additional_messages": [{"role": "user", "content": "/say a"}],
    }

    def send(process: OpenAI) -> Events:
        headers = {"Idempotency-Key": "one"}
        path = f"/threads/{thread}/runs"
        return parse_stream(
            process.post(path, body=body, cast_to=httpx2.Response, options={"headers": headers})
        )

    first = send(client)
    assert names(first) == [*BEGUN, *MESSAGE_STEP, "run.completed", "done"]
    requests_since()
    for process in (client, another):
        again = send(process)
        assert names(again) == ["run.created", "run.completed", "done"]
        assert find_run(again)["id"] == find_run(first)["id"]
    assert ("POST", "/v1/responses") not in requests_since()
    events = take_up(client, find_run(first))
    assert (names(events)[-1], join_deltas(events)) == ("done", "a")


# ---------------------------------------------------------------- taken up again


def test_a_run_that_goes_on_is_taken_up_in_any_process(
    client: OpenAI, another: OpenAI, assistant: str
) -> None:
    run = begin(client, assistant, "/pace 0.01\n/say a b c")
    events = take_up(another, run)
    assert names(events) == ["run.queued", "run.in_progress", *MESSAGE_STEP, "run.completed", "done"]
    assert join_deltas(events) == "a b c"
    assert find_run(events) == look_at(client, run).to_dict()


def test_the_end_of_a_run_that_is_known_needs_no_request(client: OpenAI, requests_since: Requests) -> None:
    told = stream_run(client, "/say a b")
    requests_since()
    events = take_up(client, find_run(told))
    assert names(events) == [*MESSAGE_STEP, "run.completed", "done"]
    assert find_all(events, "message.completed") == find_all(told, "message.completed")
    assert requests_since() == []


def test_a_run_is_taken_up_in_its_latest_round(client: OpenAI, another: OpenAI) -> None:
    waiting = find_run(stream_run(client, "/call f {}"))
    assert names(take_up(another, waiting))[-2:] == ["run.requires_action", "done"]
    done = find_run(submit(client, waiting, "/say b"))
    for process in (client, another):
        events = take_up(process, waiting)
        assert find_run(events) == done
        assert join_deltas(events) == "b"


def test_messages_of_earlier_rounds_are_told_ahead_of_the_latest() -> None:
    with (
        start_emulator(model=TalkingModel()) as emulator,
        connect(emulator.url, httpx2.HTTPTransport()) as client,
        connect(emulator.url, httpx2.HTTPTransport()) as another,
    ):
        waiting = find_run(stream_run(client, "/call f {}"))
        submit(client, waiting, "/say b")
        for process in (client, another):
            events = take_up(process, waiting)
            assert join_deltas(events) == "Let me look.b"
            assert len(find_all(events, "message.completed")) == 2


def test_a_process_that_knows_no_round_but_the_first_finds_the_latest(
    client: OpenAI, emulator: Emulator
) -> None:
    waiting = find_run(stream_run(client, "/call f {}"))
    submit(client, waiting, "/pace 0.01\n/say a b c")
    with connect(emulator.url, httpx2.HTTPTransport()) as fresh:
        events = take_up(fresh, waiting)
    assert names(events)[-1] == "done"
    assert (find_run(events)["status"], join_deltas(events)) == ("completed", "a b c")


def test_a_run_that_was_cancelled_while_it_waited_is_told_so(client: OpenAI, another: OpenAI) -> None:
    waiting = find_run(stream_run(client, "/call f {}"))
    client.beta.threads.runs.cancel(waiting["id"], thread_id=waiting["thread_id"])
    for process in (client, another):
        assert names(take_up(process, waiting))[-2:] == ["run.cancelled", "done"]


def test_a_run_of_another_thread_is_not_found(client: OpenAI, another: OpenAI) -> None:
    run = find_run(stream_run(client, "x"))
    elsewhere = client.beta.threads.create().id
    for process in (client, another):
        with pytest.raises(NotFoundError):
            take_up(process, {**run, "thread_id": elsewhere})


def test_a_deleted_thread_tells_nothing_any_more(client: OpenAI, another: OpenAI) -> None:
    run = find_run(stream_run(client, "x"))
    client.beta.threads.delete(run["thread_id"])
    for process in (client, another):
        with pytest.raises(NotFoundError):
            take_up(process, run)


def test_a_run_that_was_not_created_as_a_stream_is_refused_one(
    client: OpenAI, another: OpenAI, assistant: str
) -> None:
    run = client.beta.threads.runs.create(make_thread(client, "x"), assistant_id=assistant)
    with pytest.raises(BadRequestError) as refusal:
        take_up(another, run)
    assert (refusal.value.param, refusal.value.code) == ("stream", "stream_refused")


def test_a_run_is_refused_a_stream_after_five_minutes() -> None:
    now = time.time()
    with start_emulator(clock=lambda: now) as emulator:
        with connect(emulator.url, httpx2.HTTPTransport()) as client:
            run = find_run(stream_run(client, "x"))
        now += REPLAY_SECONDS + 1
        with connect(emulator.url, httpx2.HTTPTransport()) as another:
            with pytest.raises(BadRequestError, match="more than 5 minutes old") as refusal:
                take_up(another, run)
            assert refusal.value.param == "stream"
            assert another.beta.threads.runs.retrieve(run["id"], thread_id=run["thread_id"])


@pytest.mark.parametrize("wanted", ["1", "yes", ""])
def test_the_query_says_true_or_false(client: OpenAI, requests_since: Requests, wanted: str) -> None:
    with pytest.raises(BadRequestError) as refusal:
        client.get(f"/threads/thread_1/runs/run_1?stream={wanted}", cast_to=httpx2.Response)
    assert refusal.value.param == "stream"
    assert requests_since() == []


# ---------------------------------------------------------------- what goes wrong


def test_a_stream_that_breaks_off_fails_and_can_be_taken_up(
    client: OpenAI, assistant: str, stream_faults: StreamFaults
) -> None:
    stream_faults.drop_after = 6
    thread = make_thread(client, "/pace 0.01\n/say a b")
    events = client.beta.threads.runs.create(thread, assistant_id=assistant, stream=True)
    first = next(events)
    assert first.event == "thread.run.created"
    with pytest.raises(APIConnectionError):
        list(events)
    assert join_deltas(take_up(client, first.data)) == "a b"


def test_a_stream_that_stalls_ends_at_the_callers_timeout(
    emulator: Emulator, client: OpenAI, assistant: str, stream_faults: StreamFaults
) -> None:
    stream_faults.stall_after = 3
    with connect(emulator.url, httpx2.HTTPTransport(), timeout=0.2) as hasty:
        hasty.beta.assistants.retrieve(assistant)
        events = hasty.beta.threads.runs.create(make_thread(client, "x"), assistant_id=assistant, stream=True)
        with pytest.raises(APIConnectionError):
            list(events)


def test_what_nobody_knows_is_passed_over(client: OpenAI, stream_faults: StreamFaults) -> None:
    stream_faults.noise = True
    events = stream_run(client, "/say Hello my friend")
    assert names(events) == [*BEGUN, *MESSAGE_STEP, "run.completed", "done"]


def test_json_in_place_of_a_stream_tells_the_run_but_not_its_end(
    client: OpenAI, stream_faults: StreamFaults
) -> None:
    stream_faults.json = True
    events = stream_run(client, "/say a")
    assert names(events) == ["run.created", "run.queued", "error"]
    assert wait_for(client, Run.construct(**find_run(events))).status == "completed"


def test_an_empty_answer_is_a_lost_one(client: OpenAI, stream_faults: StreamFaults) -> None:
    stream_faults.empty = True
    with pytest.raises(APIConnectionError):
        stream_run(client, "x")


def test_a_refused_stream_has_its_own_error_and_leaves_nothing(
    client: OpenAI, assistant: str, stream_faults: StreamFaults, requests_since: Requests
) -> None:
    stream_faults.refuses_background = True
    thread = make_thread(client, "a")
    with pytest.raises(BadRequestError) as refusal:
        stream_run(client, "b", thread_id=thread)
    assert (refusal.value.param, refusal.value.code) == ("stream", "stream_refused")
    assert len(client.beta.threads.messages.list(thread).data) == 1
    requests_since()
    with pytest.raises(BadRequestError):
        client.beta.threads.create_and_run(assistant_id=assistant, stream=True)
    assert requests_since()[-1][0] == "DELETE"
    polled = client.beta.threads.runs.create(thread, assistant_id=assistant)
    assert wait_for(client, polled).status == "completed"


def test_a_busy_thread_refuses_a_streamed_run_in_v2s_words(client: OpenAI, assistant: str) -> None:
    run = begin(client, assistant, "/wait 20")
    with pytest.raises(BadRequestError, match=f"{run.thread_id} already has an active run {run.id}"):
        client.beta.threads.runs.create(run.thread_id, assistant_id=assistant, stream=True)
    client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)


def test_a_wrong_run_is_refused_before_anything_is_sent(client: OpenAI, requests_since: Requests) -> None:
    body = {"assistant_id": "asst_1", "stream": "yes"}
    with pytest.raises(BadRequestError) as refusal:
        client.post("/threads/thread_1/runs", body=body, cast_to=httpx2.Response)
    assert refusal.value.param == "stream"
    assert requests_since() == []
