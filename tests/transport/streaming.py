"""Streamed runs with the SDK's client: their events as they stand in the answer, `done` included."""

import json
from typing import Any

import httpx2
from openai import OpenAI

from assistants_transport.event_stream import read_events
from tests.transport.fakes import MODEL

STORES: Any = {"file_search": {"vector_store_ids": ["vs_1"]}}
Events = list[tuple[str, Any]]
FUNCTIONS: Any = [{"type": "function", "function": {"name": name}} for name in ("f", "g")]


def parse_stream(answer: httpx2.Response) -> Events:
    assert answer.headers["content-type"] == "text/event-stream", answer.text
    found = list(read_events([answer.content]))
    return [(name, data if data == "[DONE]" else json.loads(data)) for name, data in found]


def stream_run(client: OpenAI, text: str, *, thread_id: str | None = None, **settings: Any) -> Events:
    """All events of a run in a thread with this message; a new thread where none is given."""
    assistant_id = client.beta.assistants.create(
        model=MODEL, tools=settings.pop("tools", FUNCTIONS), tool_resources=STORES
    ).id
    messages: Any = [{"role": "user", "content": text}]
    thread_id = thread_id or client.beta.threads.create().id
    body = {"assistant_id": assistant_id, "additional_messages": messages, "stream": True, **settings}
    return parse_stream(client.post(f"/threads/{thread_id}/runs", body=body, cast_to=httpx2.Response))


def take_up(client: OpenAI, run: Any) -> Events:
    """All events of a run that exists; it is an object of the SDK's or of JSON."""
    told = run if isinstance(run, dict) else run.to_dict()
    path = f"/threads/{told['thread_id']}/runs/{told['id']}?stream=true"
    return parse_stream(client.get(path, cast_to=httpx2.Response))


def submit(client: OpenAI, run: Any, *outputs: str) -> Events:
    """Streams the run from its outputs on, one for each call in turn."""
    calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    given = [{"tool_call_id": call["id"], "output": one} for call, one in zip(calls, outputs, strict=False)]
    path = f"/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs"
    body = {"tool_outputs": given, "stream": True}
    return parse_stream(client.post(path, body=body, cast_to=httpx2.Response))


def names(events: Events) -> list[str]:
    """The names of the events without `thread.`; deltas that follow each other count once."""
    found: list[str] = []
    for name, _ in events:
        short = name.removeprefix("thread.")
        if not (short.endswith(".delta") and found[-1:] == [short]):
            found.append(short)
    return found


def find_all(events: Events, name: str) -> list[Any]:
    """The data of all events with this name."""
    return [data for one, data in events if one == f"thread.{name}"]


def find_run(events: Events) -> Any:
    """The run as it was told last."""
    return [data for name, data in events if name.startswith("thread.run.") and "step" not in name][-1]


def join_deltas(events: Events) -> str:
    """The text that the deltas of all messages make up."""
    parts = [part for one in find_all(events, "message.delta") for part in one["delta"]["content"]]
    return "".join(part["text"]["value"] for part in parts if part["type"] == "text")
