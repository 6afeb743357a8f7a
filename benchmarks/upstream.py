"""An upstream for benchmarks, as a process of its own: Assistants v2 and today's OpenAI, answered at once.

A thread's id tells how long its runs take: in `thread_2300_7` 2.3 seconds. A run that is asked for as a
stream is told as it goes. `/v1/measured/{thread_id}` says when the run has ended and how many requests named
its thread, `/v1/connections` how many connections there were.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from local.emulator.server import HOST, listen

Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]
MESSAGES = 10
TEXT = "A sonnet is a poem of fourteen lines. " * 10
ENDS_AT: dict[str, float] = {}
REQUESTS: Counter[str] = Counter()
WORD_SECONDS = 0.05
CONNECTIONS: set[Any] = set()


@contextmanager
def running() -> Iterator[str]:
    """The base URL of a running upstream."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.upstream"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def main() -> None:
    """Serve until terminated; the first line tells the base URL."""
    with listen(0) as listener:
        server = uvicorn.Server(uvicorn.Config(app(), log_level="warning", access_log=False, ws="none"))
        print(f"http://{HOST}:{listener.getsockname()[1]}/v1", flush=True)
        server.run(sockets=[listener])


def app() -> Starlette:
    """Only what the benchmarks ask for."""
    v2 = [
        Route("/v1/assistants/{name}", answering(assistant)),
        Route("/v1/threads", answering(thread), methods=["POST"]),
        Route("/v1/threads/{name}/messages", answering(message), methods=["POST"]),
        Route("/v1/threads/{name}/messages", answering(message_page)),
        Route("/v1/threads/{name}/runs", start_run, methods=["POST"]),
        Route("/v1/threads/{name}/runs/{run_id}", answering(run)),
    ]
    today = [
        Route("/v1/agents/{name}", answering(agent)),
        Route("/v1/conversations", answering(conversation), methods=["POST"]),
        Route("/v1/conversations/{name}", answering(conversation)),
        Route("/v1/conversations/{name}/items", answering(added_items), methods=["POST"]),
        Route("/v1/conversations/{name}/items", answering(item_page)),
    ]
    measured = [
        Route("/v1/measured/{name}", answering(measured_run)),
        Route("/v1/connections", answering(told_connections)),
    ]
    return Starlette(routes=[*v2, *today, *measured])


def answering(make: Callable[[str], Json]) -> Endpoint:
    """An endpoint that answers with the object of the name in the path."""

    async def endpoint(request: Request) -> Response:
        name = request.path_params.get("name", "")
        if make not in (told_connections, measured_run):
            CONNECTIONS.add(tuple(request.scope["client"]))
            REQUESTS[name] += 1
        body = json.dumps(make(name))
        return Response(body, media_type="application/json", headers={"x-request-id": "req_1"})

    return endpoint


def measured_run(name: str) -> Json:
    return {"ended": ENDS_AT[name], "requests": REQUESTS[name]}


def told_connections(_: str) -> Json:
    return {"connections": len(CONNECTIONS)}


def assistant(name: str) -> Json:
    return {
        "id": name,
        "object": "assistant",
        "created_at": 1,
        "name": "Poet",
        "description": None,
        "model": "gpt-6-luna",
        "instructions": "Be brief.",
        "tools": [],
        "tool_resources": None,
        "metadata": {},
        "temperature": None,
        "top_p": None,
        "response_format": "auto",
    }


def thread(_: str) -> Json:
    return {"id": "thread_1", "object": "thread", "created_at": 1, "metadata": {}, "tool_resources": None}


def message(name: str, role: str = "user", number: int = 1) -> Json:
    return {
        "id": f"msg_{number}",
        "object": "thread.message",
        "created_at": 1,
        "thread_id": name,
        "run_id": run_id(name) if role == "assistant" else None,
        "assistant_id": None,
        "role": role,
        "content": [{"type": "text", "text": {"value": TEXT, "annotations": []}}],
        "attachments": [],
        "metadata": {},
        "status": "completed",
        "completed_at": 1,
        "incomplete_at": None,
        "incomplete_details": None,
    }


def message_page(name: str) -> Json:
    return page([message(name, role, number) for number, role in enumerate(roles())])


async def start_run(request: Request) -> Response:
    name = request.path_params["name"]
    ENDS_AT[name] = time.time() + int(name.split("_")[1]) / 1000
    if not (await request.json()).get("stream"):
        return await answering(run)(request)
    REQUESTS[name] += 1
    return StreamingResponse(tell_run(name), media_type="text/event-stream")


async def tell_run(name: str) -> AsyncIterator[str]:
    """The run in v2's events, its text word by word until it ends."""
    begun = {**message(name, "assistant"), "content": []}
    yield event("thread.run.created", run(name))
    yield event("thread.message.created", begun)
    while (left := ENDS_AT[name] - time.time()) > WORD_SECONDS:
        await asyncio.sleep(WORD_SECONDS)
        part = {"index": 0, "type": "text", "text": {"value": "word ", "annotations": []}}
        delta = {"id": begun["id"], "object": "thread.message.delta", "delta": {"content": [part]}}
        yield event("thread.message.delta", delta)
    await asyncio.sleep(max(0.0, left))
    yield event("thread.message.completed", message(name, "assistant"))
    yield event("thread.run.completed", run(name) | {"status": "completed"})
    yield "event: done\ndata: [DONE]\n\n"


def event(name: str, data: Json) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def run(name: str) -> Json:
    return {
        "id": run_id(name),
        "object": "thread.run",
        "created_at": 1,
        "thread_id": name,
        "assistant_id": "asst_1",
        "status": "completed" if time.time() >= ENDS_AT[name] else "in_progress",
        "instructions": "",
        "model": "gpt-6-luna",
        "tools": [],
        "metadata": {},
        "usage": None,
        "parallel_tool_calls": True,
    }


def run_id(name: str) -> str:
    return f"run_{name}"


def agent(name: str) -> Json:
    return assistant(name) | {"object": "agent", "updated_at": 1}


def conversation(_: str) -> Json:
    return {"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}


def item(role: str = "user", number: int = 1) -> Json:
    kind = "input_text" if role == "user" else "output_text"
    part: Json = {"type": kind, "text": TEXT} | (
        {} if role == "user" else {"annotations": [], "logprobs": []}
    )
    return {"id": f"msg_{number}", "type": "message", "role": role, "status": "completed", "content": [part]}


def added_items(_: str) -> Json:
    return page([item()])


def item_page(_: str) -> Json:
    return page([item(role, number) for number, role in enumerate(roles())])


def roles() -> list[str]:
    return ["user", "assistant"] * (MESSAGES // 2)


def page(objects: list[Json]) -> Json:
    ends = {"first_id": objects[0]["id"], "last_id": objects[-1]["id"]}
    return {"object": "list", "data": objects, **ends, "has_more": False}


if __name__ == "__main__":
    main()
