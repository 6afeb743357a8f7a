"""The SDK as it is, with the function's URL as its base URL, in both backends."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai import AssistantEventHandler, OpenAI

from local.emulator.server import Emulator
from tests.backends import Backend, function_tool
from tests.by_url import open_client
from tests.fake_upstream import Upstream, answer_always
from tests.invoke import make_function

pytestmark = pytest.mark.filterwarnings("ignore:(deprecated$|The Assistants API):DeprecationWarning")
MODEL = "gpt-6-luna"


@pytest.fixture
def client(backend: Backend) -> Iterator[OpenAI]:
    with open_client(backend.function()) as opened:
        yield opened


@pytest.fixture
def assistant(client: OpenAI) -> str:
    tools: Any = [function_tool("weather")]
    return client.beta.assistants.create(model=MODEL, name="a", tools=tools).id


def start_thread(client: OpenAI, *questions: str) -> str:
    messages: Any = [{"role": "user", "content": question} for question in questions]
    return client.beta.threads.create(messages=messages).id


def read_texts(client: OpenAI, thread: str) -> list[str]:
    found = client.beta.threads.messages.list(thread, order="asc")
    return [part.text.value for one in found for part in one.content if part.type == "text"]


def test_assistants_are_made_changed_listed_and_deleted(client: OpenAI) -> None:
    assistants = client.beta.assistants
    made = assistants.create(model=MODEL, name="first", metadata={"limit": "is no query"})
    assert assistants.update(made.id, name="second").name == "second"
    assert assistants.retrieve(made.id).metadata == {"limit": "is no query"}
    assert made.id in [one.id for one in assistants.list(order="desc", limit=100).data]
    assert assistants.delete(made.id).deleted


def test_threads_and_messages_are_made_changed_and_deleted(client: OpenAI) -> None:
    threads = client.beta.threads
    thread = start_thread(client, "Hello")
    assert threads.update(thread, metadata={"a": "b"}).metadata == {"a": "b"}
    message = threads.messages.create(thread, role="user", content="More")
    assert threads.messages.retrieve(message.id, thread_id=thread).content[0].type == "text"
    assert read_texts(client, thread) == ["Hello", "More"]
    assert threads.messages.delete(message.id, thread_id=thread).deleted
    assert threads.delete(thread).deleted


def test_pages_follow_each_other(client: OpenAI) -> None:
    texts = [f"number {number}" for number in range(7)]
    thread = start_thread(client, *texts)
    found = client.beta.threads.messages.list(thread, limit=3, order="asc")
    assert [one.content[0].text.value for one in found if one.content[0].type == "text"] == texts


def test_a_page_too_long_for_the_platform_is_gone_on_with(backend: Backend) -> None:
    texts = [str(number) * 30_000 for number in range(9)] * 5
    with open_client(backend.function()) as client:
        thread = start_thread(client, *texts[:20])
        for text in texts[20:]:
            client.beta.threads.messages.create(thread, role="user", content=text)
        page = client.beta.threads.messages.list(thread, limit=100, order="asc")
        assert len(page.data) < len(texts)
        assert read_texts(client, thread) == texts


def test_create_and_poll_returns_the_ended_run(client: OpenAI, assistant: str) -> None:
    thread = start_thread(client, "/wait 0.3\n/say Hello")
    run = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=assistant)
    assert run.status == "completed"
    assert read_texts(client, thread)[-1] == "Hello"
    steps = client.beta.threads.runs.steps.list(run.id, thread_id=thread).data
    assert [step.type for step in steps] == ["message_creation"]
    assert (
        client.beta.threads.runs.steps.retrieve(steps[0].id, thread_id=thread, run_id=run.id).id
        == steps[0].id
    )


def test_functions_are_called_and_answered(client: OpenAI, assistant: str) -> None:
    thread = start_thread(client, "/call weather {}")
    runs = client.beta.threads.runs
    run = runs.create_and_poll(thread_id=thread, assistant_id=assistant)
    assert (run.status, run.required_action is not None) == ("requires_action", True)
    assert run.required_action is not None
    [call] = run.required_action.submit_tool_outputs.tool_calls
    outputs: Any = [{"tool_call_id": call.id, "output": "sunny"}]
    ended = runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=thread, tool_outputs=outputs)
    assert (ended.id, ended.status) == (run.id, "completed")


def test_a_run_is_cancelled(client: OpenAI, assistant: str) -> None:
    run = client.beta.threads.create_and_run(
        assistant_id=assistant, thread={"messages": [{"role": "user", "content": "/wait 20"}]}
    )
    client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)
    assert client.beta.threads.runs.poll(run.id, run.thread_id).status == "cancelled"


def test_what_is_sent_again_with_the_same_key_is_done_once(client: OpenAI, assistant: str) -> None:
    thread, again = start_thread(client), {"Idempotency-Key": "one"}
    messages, runs = client.beta.threads.messages, client.beta.threads.runs
    sent = [messages.create(thread, role="user", content="Hi", extra_headers=again) for _ in range(2)]
    started = [runs.create(thread, assistant_id=assistant, extra_headers=again) for _ in range(2)]
    assert sent[0].id == sent[1].id
    assert started[0].id == started[1].id
    runs.poll(started[0].id, thread)
    assert len(read_texts(client, thread)) == 2


# ---------------------------------------------------------------- streams


class Handler(AssistantEventHandler):
    """Answers the calls of functions by a stream of their own, as OpenAI's guide has it."""

    def __init__(self, client: OpenAI, written: list[str]) -> None:
        super().__init__()
        self.client, self.written = client, written

    def on_text_done(self, text: Any) -> None:
        self.written.append(text.value)

    def on_event(self, event: Any) -> None:
        if event.event == "thread.run.requires_action":
            calls = event.data.required_action.submit_tool_outputs.tool_calls
            with self.client.beta.threads.runs.submit_tool_outputs_stream(
                run_id=event.data.id,
                thread_id=event.data.thread_id,
                tool_outputs=[{"tool_call_id": one.id, "output": "sunny"} for one in calls],
                event_handler=Handler(self.client, self.written),
            ) as stream:
                stream.until_done()


@pytest.fixture(params=["on", "off"])
def streaming(request: pytest.FixtureRequest, backend: Backend) -> Iterator[OpenAI]:
    """With streams of the server, and without."""
    with open_client(backend.function(RUN_STREAMING=request.param)) as opened:
        yield opened


def test_a_run_is_streamed(streaming: OpenAI, assistant: str) -> None:
    thread = start_thread(streaming, "/wait 0.2\n/say Hello, this is a text.")
    with streaming.beta.threads.runs.stream(thread_id=thread, assistant_id=assistant) as stream:
        assert "".join(stream.text_deltas) == "Hello, this is a text."
        run = stream.current_run
        assert run is not None
        assert run.status == "completed"
        assert [step.type for step in stream.get_final_run_steps()] == ["message_creation"]
        assert len(stream.get_final_messages()) == 1


def test_functions_are_answered_by_a_stream_within_the_stream(streaming: OpenAI, assistant: str) -> None:
    thread = start_thread(streaming, "/call weather {}")
    written: list[str] = []
    with streaming.beta.threads.runs.stream(
        thread_id=thread, assistant_id=assistant, event_handler=Handler(streaming, written)
    ) as stream:
        stream.until_done()
    assert len(written) == 1
    assert "output: sunny" in written[0]


def test_a_thread_is_created_and_run_in_one_stream(streaming: OpenAI, assistant: str) -> None:
    events = streaming.beta.threads.create_and_run(
        assistant_id=assistant, thread={"messages": [{"role": "user", "content": "/say Hi"}]}, stream=True
    )
    names = [event.event for event in events]
    assert names[:4] == [
        "thread.created",
        "thread.run.created",
        "thread.run.queued",
        "thread.run.in_progress",
    ]
    assert names[-1] == "thread.run.completed"
    assert names.count("thread.message.delta") == 1
    assert names.index("thread.message.delta") < names.index("thread.message.completed")


def test_a_run_that_outlives_the_call_is_told_to_be_retrieved(
    backend: Backend, client: OpenAI, assistant: str
) -> None:
    thread = start_thread(client, "/wait 4\n/say At last")
    seen: list[Any] = []
    with open_client(backend.function(), seconds=4.0) as hurried:  # 1.5 are the platform's
        events = hurried.beta.threads.runs.create(thread, assistant_id=assistant, stream=True)
        with pytest.raises(openai.APIError, match="goes on: retrieve run_") as told:
            seen.extend(events)
    assert seen[0].event == "thread.run.created"
    run = seen[0].data
    assert run.id in told.value.message
    assert client.beta.threads.runs.poll(run.id, thread).status == "completed"
    assert read_texts(client, thread)[-1] == "At last"


def test_a_run_that_fails_is_streamed_to_its_end(streaming: OpenAI, assistant: str) -> None:
    thread = start_thread(streaming, "/fail server_error")
    *_, last = streaming.beta.threads.runs.create(thread, assistant_id=assistant, stream=True)
    assert last.event == "thread.run.failed"
    assert last.data.last_error is not None


def test_a_stream_that_is_refused_is_an_exception(streaming: OpenAI) -> None:
    thread = start_thread(streaming, "Hello")
    with pytest.raises(openai.NotFoundError):
        streaming.beta.threads.runs.create(thread, assistant_id="asst_none", stream=True)


# ---------------------------------------------------------------- files and all else


def test_the_owner_uploads_a_file_and_fetches_it() -> None:
    content = bytes(range(256)) * 100

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(200, json={"id": "file-1", "object": "file", "purpose": "assistants"})
        return httpx2.Response(200, content=content, headers={"content-type": "application/octet-stream"})

    upstream = Upstream(answer)
    with open_client(upstream.function(ADMIN_TOKEN="admin-token"), "admin-token") as owner:
        assert owner.files.create(file=("a.bin", content), purpose="assistants").id == "file-1"
        assert owner.files.content("file-1").content == content
    assert content in upstream.seen[0].content
    assert b'name="purpose"\r\n\r\nassistants' in upstream.seen[0].content


def test_nobody_else_fetches_a_file() -> None:
    upstream = answer_always(200, content=b"secret")
    function = upstream.function(ADMIN_TOKEN="admin-token")
    with open_client(function, "wrong") as stranger, pytest.raises(openai.NotFoundError):
        stranger.files.content("file-1")
    assert upstream.seen == []


def test_the_owner_lists_the_models(openai_at_home: Emulator) -> None:
    function = make_function({"OPENAI_BASE_URL": openai_at_home.url, "ADMIN_TOKEN": "admin-token"})
    with open_client(function, "admin-token") as owner:
        assert MODEL in [one.id for one in owner.models.list()]


# ---------------------------------------------------------------- exceptions


@pytest.mark.parametrize(
    ("settings", "token", "kind"),
    [
        ({"ACCESS_TOKEN": "t"}, "wrong", openai.AuthenticationError),
        ({"ACCESS_TOKEN": "t", "ADMIN_TOKEN": "a"}, "t", openai.PermissionDeniedError),
        ({"OPENAI_API_KEY": "none"}, "any", openai.InternalServerError),
        ({}, "any", openai.NotFoundError),
    ],
)
def test_a_refusal_is_the_exception_that_programs_catch(
    backend: Backend, settings: Any, token: str, kind: type[openai.APIStatusError]
) -> None:
    with open_client(backend.function(**settings), token) as client, pytest.raises(kind) as raised:
        client.beta.assistants.retrieve("asst_none")
    assert isinstance(raised.value.body, dict)
    assert raised.value.message


def test_a_text_that_is_too_long_is_an_exception(backend: Backend) -> None:
    with (
        open_client(backend.function(MAX_MESSAGE_CHARS="5")) as client,
        pytest.raises(openai.APIStatusError, match="at most 5") as raised,
    ):
        start_thread(client, "too long")
    assert (raised.value.status_code, raised.value.code) == (413, "too_long")


def test_a_busy_thread_is_told_in_v2s_words(client: OpenAI, assistant: str) -> None:
    thread = start_thread(client, "/wait 5")
    run = client.beta.threads.runs.create(thread, assistant_id=assistant)
    with pytest.raises(openai.BadRequestError, match=f"while a run {run.id} is active"):
        client.beta.threads.messages.create(thread, role="user", content="Still there?")
    client.beta.threads.runs.cancel(run.id, thread_id=thread)


def test_the_answer_of_the_raw_response_tells_openais_request(client: OpenAI) -> None:
    raw = client.beta.threads.with_raw_response.create()
    assert raw.headers["x-request-id"].startswith("req_")
    assert json.loads(raw.content)["object"] == "thread"
