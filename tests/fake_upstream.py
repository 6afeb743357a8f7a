"""A fake upstream that gives prepared answers and keeps what it was asked."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

from assistants_transport.event_stream import write_event
from tests.invoke import FakeClock, Function, Json, make_function

Handler = Callable[[httpx2.Request], httpx2.Response]
NATIVE = {"ASSISTANTS_BACKEND": "native", "OPENAI_BASE_URL": "http://upstream.test/v1"}
THREAD: Json = {"id": "thread_1", "object": "thread", "created_at": 1, "metadata": {}, "tool_resources": None}
THREAD_PARAMS: Json = {"action": "get-thread", "threadId": "thread_1"}
SEND: Json = {"action": "send-message", "threadId": "thread_1", "message": "hi"}
RUN: Json = {"action": "run-assistant", "threadId": "thread_1", "assistantId": "asst_1"}


@dataclass
class Upstream:
    """A server of Assistants v2 that answers with `answer`; it keeps what it was asked."""

    answer: Handler
    clock: FakeClock = field(default_factory=FakeClock)
    seen: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        return self.answer(request)

    def function(self, **environment: str) -> Function:
        """The function in native mode before this server, with a clock that moves by sleeping alone."""
        return make_function(NATIVE | environment, transport=httpx2.MockTransport(self), clock=self.clock)

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.seen if request.content]


def answer_always(status: int, body: Any = None, headers: Json | None = None, **more: Any) -> Upstream:
    """Makes an upstream with one answer; it may have `content` or `text` in place of JSON."""
    given = more or {"json": body}
    return Upstream(lambda _: httpx2.Response(status, headers=headers, **given))


def answer_in_turn(*answers: httpx2.Response | Exception) -> Upstream:
    """Makes an upstream that gives one answer after the other, the last for good; exceptions are raised."""
    left = list(answers)

    def answer(_: httpx2.Request) -> httpx2.Response:
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, Exception):
            raise given
        return httpx2.Response(given.status_code, headers=given.headers, content=given.content)

    return Upstream(answer)


def error(status: int, message: str = "It went wrong.", **headers: str) -> httpx2.Response:
    """OpenAI's refusal."""
    body = {"error": {"message": message, "type": "x", "param": None, "code": None}}
    return httpx2.Response(status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def v2_run(status: str = "completed", **more: Any) -> Json:
    return {
        "id": "run_1",
        "object": "thread.run",
        "created_at": 1,
        "thread_id": "thread_1",
        "assistant_id": "asst_1",
        "status": status,
        "required_action": None,
        "last_error": None,
        "incomplete_details": None,
        "model": "m",
        "instructions": "",
        "tools": [],
        "metadata": {},
        "usage": None,
    } | more


def v2_text(value: str, *annotations: Json) -> Json:
    return {"type": "text", "text": {"value": value, "annotations": list(annotations)}}


def v2_message(*content: Json, **more: Any) -> Json:
    return {
        "id": "msg_1",
        "object": "thread.message",
        "created_at": 1,
        "thread_id": "thread_1",
        "run_id": "run_1",
        "assistant_id": "asst_1",
        "role": "assistant",
        "content": list(content),
        "attachments": [],
        "metadata": {},
    } | more


def v2_list(*objects: Json, has_more: bool = False) -> Json:
    return {"object": "list", "data": list(objects), "has_more": has_more, "first_id": None, "last_id": None}


def v2_stream(*events: tuple[str, Json] | Exception) -> httpx2.Response:
    """A stream of events, and `done` behind a run that has ended; an exception breaks it off."""

    def write() -> Iterator[bytes]:
        for event in events:
            if isinstance(event, Exception):
                raise event
            yield write_event(event[0], json.dumps(event[1]))

    return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=write())


def told_run(status: str, **more: Any) -> tuple[str, Json]:
    """The event that tells the run in this status."""
    return f"thread.run.{status}", v2_run(status, **more)


def told_message(state: str, message: Json) -> tuple[str, Json]:
    return f"thread.message.{state}", message


def told_text(value: str, index: int = 0, message_id: str = "msg_1") -> tuple[str, Json]:
    """The event that tells the next piece of a message's text."""
    part = {"index": index, "type": "text", "text": {"value": value, "annotations": []}}
    delta = {"id": message_id, "object": "thread.message.delta", "delta": {"content": [part]}}
    return "thread.message.delta", delta


def answer_run(run: Callable[[float], httpx2.Response], *messages: Json, clock: FakeClock) -> Upstream:
    """Makes an upstream with one run, which is what `run` says at that time, and these messages."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/messages"):
            return httpx2.Response(200, json=v2_list(*messages))
        if request.method == "POST":
            return httpx2.Response(200, json=v2_run("queued"))
        return run(clock.seconds)

    return Upstream(answer, clock)
