"""A server that speaks Assistants v2, on a real socket: the transport in front of the emulator.

with start_emulator() as emulator, start_native_server(emulator.url) as server:
    client = OpenAI(base_url=server.url, api_key="test")
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assistants_transport import AssistantsTransport
from local.emulator.server import listen

START_TIMEOUT_SECONDS = 10.0
CHECK_SECONDS = 0.005
UPSTREAM_TIMEOUT_SECONDS = 30.0
METHODS = ["GET", "POST", "DELETE"]
NOT_FORWARDED = ("host", "content-length", "connection", "transfer-encoding", "content-encoding")


@dataclass
class NativeServer:
    """`url` (ends in /v1) and (method, path) of every request so far."""

    url: str
    requests: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def start_native_server(
    upstream_url: str,
    make_transport: Callable[[httpx2.BaseTransport], httpx2.BaseTransport] = AssistantsTransport,
) -> Iterator[NativeServer]:
    """A running server of Assistants v2; `upstream_url` is today's OpenAI or the emulator, with its /v1.

    `make_transport` makes what answers the requests of what sends them upstream."""
    with listen(0) as listener, httpx2.HTTPTransport() as inner:
        native = NativeServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
        transport = KeepingMetadata(make_transport(inner))
        app = _make_app(native, transport, httpx2.URL(upstream_url))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield native
        finally:
            server.should_exit = True
            thread.join()


class KeepingMetadata(httpx2.BaseTransport):
    """Keeps the metadata of messages, as a server of Assistants v2 does and today's OpenAI does not.

    Messages that come with a run are added ahead of it, one by one."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner, self._metadata = inner, dict[str, Any]()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if request.method == "POST" and re.search("/threads/[^/]+/messages$", path):
            return self._add_message(request, json.loads(request.read() or b"{}"))
        if request.method == "POST" and re.search("/threads/(?!runs$)[^/]+/runs$", path):
            return self._start_run(request, json.loads(request.read() or b"{}"))
        answer = self._inner.handle_request(request)
        return self._show(request, answer) if "/messages" in path and answer.status_code == 200 else answer

    def _add_message(self, request: httpx2.Request, body: Any) -> httpx2.Response:
        metadata = body.pop("metadata", None) if isinstance(body, dict) else None
        answer = self._inner.handle_request(_with_body(request, request.url.path, body))
        if answer.status_code != 200:
            return answer
        self._metadata[json.loads(answer.read())["id"]] = metadata or {}
        return self._show(request, answer)

    def _start_run(self, request: httpx2.Request, body: Any) -> httpx2.Response:
        if not any(one.get("metadata") for one in body.get("additional_messages") or []):
            return self._inner.handle_request(_with_body(request, request.url.path, body))
        messages_path = request.url.path.removesuffix("/runs") + "/messages"
        for message in body.pop("additional_messages"):
            answer = self._add_message(_with_body(request, messages_path, message), message)
            if answer.status_code != 200:
                return answer
        return self._inner.handle_request(_with_body(request, request.url.path, body))

    def _show(self, request: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        body = json.loads(answer.read())
        for one in body.get("data", [body]):
            if one.get("object") == "thread.message":
                one["metadata"] = self._metadata.get(one["id"], {})
        return httpx2.Response(200, json=body, request=request)


def _with_body(request: httpx2.Request, path: str, body: Any) -> httpx2.Request:
    headers = [(k, v) for k, v in request.headers.items() if k.lower() != "content-length"]
    url = request.url.copy_with(path=path)
    content = json.dumps(body).encode()
    return httpx2.Request(
        request.method, url, headers=headers, content=content, extensions=request.extensions
    )


def _make_app(native: NativeServer, transport: httpx2.BaseTransport, upstream: httpx2.URL) -> Starlette:
    async def forward(request: Request) -> Response:
        native.requests.append((request.method, request.url.path))
        asked = _towards(upstream, request, await request.body())
        try:
            answer = await run_in_threadpool(transport.handle_request, asked)
            content = await run_in_threadpool(answer.read)
        except httpx2.HTTPError as failure:
            return Response(f"the upstream failed: {failure!r}", 502)
        headers = {k: v for k, v in answer.headers.items() if k.lower() not in NOT_FORWARDED}
        return Response(content, answer.status_code, headers)

    return Starlette(routes=[Route("/v1/{path:path}", forward, methods=METHODS)])


def _towards(upstream: httpx2.URL, request: Request, content: bytes) -> httpx2.Request:
    raw_path = upstream.raw_path.rstrip(b"/") + request.scope["raw_path"].removeprefix(b"/v1")
    query = request.scope["query_string"]
    url = upstream.copy_with(raw_path=raw_path + (b"?" + query if query else b""))
    headers = [(k, v) for k, v in request.headers.items() if k.lower() not in NOT_FORWARDED]
    timeout = httpx2.Timeout(UPSTREAM_TIMEOUT_SECONDS).as_dict()
    return httpx2.Request(
        request.method, url, headers=headers, content=content, extensions={"timeout": timeout}
    )


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the native server did not start")
        time.sleep(CHECK_SECONDS)
