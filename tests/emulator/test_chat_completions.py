"""LOCAL_MODEL_URL: another server answers; here one that the test itself runs on a real socket."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local.emulator.chat_completions import ChatCompletionsModel
from local.emulator.models import ModelError, Prompt
from local.emulator.server import start_emulator
from tests.emulator.conftest import make_client

ANSWER = {
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": " hi "}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
}


class ChatServer(ThreadingHTTPServer):
    """Answers every POST with `answer`, or with a stream of `chunks`, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ChatHandler)
        self.answer: Any = ANSWER
        self.chunks: list[Any] | None = None
        self.status = 200
        self.asked: dict[str, Any] = {}
        self.authorization: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class ChatHandler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        self.server.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.authorization = self.headers["Authorization"]
        body, kind = json.dumps(self.server.answer), "application/json"
        if self.server.chunks is not None:
            lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in self.server.chunks]
            body, kind = "".join([": hello\n\n", *lines, "data: [DONE]\n\n"]), "text/event-stream"
        self.send_response(self.server.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with ChatServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(chat: ChatServer, prompt: Prompt, **settings: Any) -> Any:
    return asyncio.run(ChatCompletionsModel(chat.url, **settings).answer(prompt))


def message(text: str, role: str = "user") -> dict[str, Any]:
    return {"type": "message", "role": role, "content": text}


def test_instructions_and_thread_are_sent(chat: ChatServer) -> None:
    answer = ask(chat, Prompt("m", "Be brief", [message("a"), message("b", "developer")]))
    assert chat.asked == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief"},
            {"role": "user", "content": "a"},
            {"role": "system", "content": "b"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert (answer.texts, answer.input_tokens, answer.output_tokens) == (("hi",), 5, 1)


def test_name_and_key_are_the_configured_ones(chat: ChatServer) -> None:
    ask(chat, Prompt("m", None, []), model="llama3", key="secret")
    assert (chat.asked["model"], chat.authorization) == ("llama3", "Bearer secret")


def test_settings_are_sent_where_they_were_given(chat: ChatServer) -> None:
    text_format = {"type": "json_schema", "name": "n", "schema": {"type": "object"}}
    prompt = Prompt("m", None, [], text_format=text_format, max_output_tokens=20, temperature=0.5)
    ask(chat, prompt)
    assert (chat.asked["max_tokens"], chat.asked["temperature"]) == (20, 0.5)
    schema = {"name": "n", "schema": {"type": "object"}}
    assert chat.asked["response_format"] == {"type": "json_schema", "json_schema": schema}


def test_functions_calls_and_outputs_are_sent(chat: ChatServer) -> None:
    calls = [
        {"type": "function_call", "call_id": f"call_{name}", "name": name, "arguments": "{}"} for name in "ab"
    ]
    outputs = [{"type": "function_call_output", "call_id": f"call_{name}", "output": name} for name in "ab"]
    tools: Any = [
        {"type": "function", "name": "a", "parameters": {}, "strict": False},
        {"type": "web_search"},
    ]
    ask(chat, Prompt("m", None, [*calls, *outputs], tools=tools))
    assistant, *answered = chat.asked["messages"]
    assert [call["id"] for call in assistant["tool_calls"]] == ["call_a", "call_b"]
    assert [(item["role"], item["tool_call_id"]) for item in answered] == [
        ("tool", "call_a"),
        ("tool", "call_b"),
    ]
    function = {"name": "a", "parameters": {}, "strict": False}
    assert chat.asked["tools"] == [{"type": "function", "function": function}]


def test_tool_calls_come_back_as_calls(chat: ChatServer) -> None:
    call = {"id": "x", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    answered = {"role": "assistant", "content": None, "tool_calls": [call]}
    chat.answer = {"choices": [{"finish_reason": "tool_calls", "message": answered}]}
    answer = ask(chat, Prompt("m", None, [message("x")]))
    assert answer.texts == ()
    assert [(call.name, call.arguments) for call in answer.calls] == [("f", '{"a": 1}')]


def test_an_answer_cut_by_its_length_is_incomplete(chat: ChatServer) -> None:
    chat.answer = {"choices": [{"finish_reason": "length", "message": {"content": "x"}}]}
    assert ask(chat, Prompt("m", None, [])).incomplete == "max_output_tokens"


def make_chunk(**delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}


def test_a_stream_is_told_as_it_comes_without_the_space_around_it(chat: ChatServer) -> None:
    pieces = [" ", "\n Hello", " ", "you", "\n"]
    chat.chunks = [*(make_chunk(content=one) for one in pieces), USAGE]
    with (
        start_emulator(model=ChatCompletionsModel(chat.url)) as emulator,
        make_client(emulator.url) as client,
    ):
        events = list(client.responses.create(model="m", input="x", stream=True))
    told = [one.delta for one in events if one.type == "response.output_text.delta"]
    assert told == ["Hello", " you"]
    last: Any = events[-1]
    assert (last.response.output_text, last.response.usage.total_tokens) == ("Hello you", 7)
    assert len({one.item.id for one in events if hasattr(one, "item")}) == 1


def test_calls_and_ends_of_a_stream_are_put_together(chat: ChatServer) -> None:
    def call(index: int, **function: str) -> Any:
        return make_chunk(content=None, tool_calls=[{"index": index, "function": function}])

    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
    chat.chunks = [
        call(0, name="f", arguments=""),
        call(0, arguments='{"a"'),
        call(1, name="g"),
        call(0, arguments=": 1}"),
        end,
    ]
    answer = ask(chat, Prompt("m", None, [message("x")]))
    assert [(call.name, call.arguments) for call in answer.calls] == [("f", '{"a": 1}'), ("g", "")]
    assert (answer.texts, answer.incomplete) == ((), "max_output_tokens")


@pytest.mark.parametrize("chunk", [{"error": {"message": "no"}}, [], {"choices": [{}]}])
def test_a_stream_of_something_else_makes_the_run_fail(chat: ChatServer, chunk: Any) -> None:
    chat.chunks = [chunk]
    with pytest.raises(ModelError, match="gave no answer"):
        ask(chat, Prompt("m", None, []))


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [(429, {}, "rate_limit_exceeded"), (500, {}, "server_error"), (200, {"x": 1}, "server_error")],
)
def test_a_server_that_fails_makes_the_run_fail(
    chat: ChatServer, status: int, answer: object, code: str
) -> None:
    chat.status, chat.answer = status, answer
    with pytest.raises(ModelError) as failure:
        ask(chat, Prompt("m", None, []))
    assert failure.value.code == code


def test_a_server_that_is_not_there_makes_the_run_fail() -> None:
    model = ChatCompletionsModel("http://127.0.0.1:9/v1")
    with pytest.raises(ModelError, match="gave no answer"):
        asyncio.run(model.answer(Prompt("m", None, [])))
