"""Clients whose transport is the one under test, and an upstream that answers as it is told."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
from openai import OpenAI

from assistants_transport import AssistantsTransport
from assistants_transport.event_stream import write_event

MODEL = "gpt-4.1-mini"  # takes temperature and top_p
BASE_URL = "https://openai.test/v1"
Upstream = Callable[[httpx2.Request], httpx2.Response]


def connect(url: str, inner: httpx2.BaseTransport, *, strict: bool = True, timeout: float = 10.0) -> OpenAI:
    return OpenAI(
        base_url=url,
        api_key="test",
        max_retries=0,
        timeout=timeout,
        _strict_response_validation=strict,
        http_client=httpx2.Client(transport=AssistantsTransport(inner)),
    )


def connect_fake(upstream: Upstream, *, strict: bool = True, timeout: float = 10.0) -> OpenAI:
    """A client of the SDK whose upstream is a function."""
    return connect(BASE_URL, httpx2.MockTransport(upstream), strict=strict, timeout=timeout)


def read_body(request: httpx2.Request) -> Any:
    return json.loads(request.content)


def refuse_all(request: httpx2.Request) -> httpx2.Response:
    """An upstream that fails the test if a request reaches it."""
    raise AssertionError(f"{request.method} {request.url} went out")


def send_raw(
    upstream: Upstream,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    **options: Any,
) -> httpx2.Response:
    """Sends one request without the SDK, which would refuse to send some of them; `options` are the
    transport's."""
    transport = AssistantsTransport(httpx2.MockTransport(upstream), **options)
    with httpx2.Client(transport=transport) as plain:
        content = None if body is None else json.dumps(body)
        return plain.request(method, BASE_URL + path, content=content, headers=headers)


def fake_answers(*bodies: Any) -> tuple[Upstream, list[httpx2.Request]]:
    """-> (an upstream that gives these answers in turn, the requests it has got so far).

    An answer is the JSON body of a 200, a whole response, or an exception, which is raised."""
    asked: list[httpx2.Request] = []
    coming = iter(bodies)

    def upstream(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        answer = next(coming)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx2.Response) else httpx2.Response(200, json=answer)

    return upstream, asked


CONVERSATION: dict[str, Any] = {"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}


def make_agent(**changes: Any) -> dict[str, Any]:
    """An agent as today's OpenAI shows it."""
    return {
        "id": "agent_1",
        "object": "agent",
        "created_at": 1,
        "updated_at": 1,
        "model": "m",
        "name": None,
        "instructions": None,
        "metadata": {},
        "tools": [],
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "reasoning": {"effort": None, "summary": None},
        "multi_agent": {"enabled": False, "max_concurrent_subagents": None},
        "service_tier": "auto",
    } | changes


def make_response(**changes: Any) -> dict[str, Any]:
    """A response as today's OpenAI shows it."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1.0,
        "status": "completed",
        "completed_at": 2.0,
        "conversation": {"id": "conv_1"},
        "model": "m",
        "instructions": "i",
        "output": [],
        "tools": [],
        "tool_choice": "auto",
        "text": {"format": {"type": "text"}},
        "metadata": {"v2_0": '{"assistant":"agent_1"}'},
        "temperature": 1.0,
        "top_p": 1.0,
        "parallel_tool_calls": True,
        "usage": None,
        "error": None,
        "incomplete_details": None,
    } | changes


def make_stream(*events: Any, content_type: str = "text/event-stream") -> httpx2.Response:
    """A stream as today's OpenAI answers it; a text among the events stands in it as it is."""
    lines = [one if isinstance(one, str) else write_event(one["type"], json.dumps(one)) for one in events]
    content = b"".join(one.encode() if isinstance(one, str) else one for one in lines)
    return httpx2.Response(200, content=content, headers={"content-type": content_type})


def make_message(number: int, **changes: Any) -> dict[str, Any]:
    """A message item as today's OpenAI shows it."""
    part = {"type": "output_text", "text": f"text {number}", "annotations": []}
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    } | changes


def make_page(*items: Any, has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(items), "has_more": has_more}
