"""Puts objects that exist in the place of the dummies in OpenAI's suite.

The suite was written for a server that looks at shapes alone: it asks for the thread `thread_id`, wants pages
of 0 objects and hands in tool outputs without the id of a call. Every request gets objects of its own, in
the state that it needs; nothing else in it is changed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
from openai import BadRequestError, OpenAI, OpenAIError, omit
from openai.types.beta import FunctionToolParam

from assistants_transport import AssistantsTransport
from local.emulator.server import start_emulator
from tests.native_server import NativeServer, start_native_server

MODEL = "gpt-4.1"
POLL_MS = 5
NOT_MADE = 424  # failed dependency: a status that the SDK does not try again
FUNCTION: FunctionToolParam = {
    "type": "function",
    "function": {"name": "f", "parameters": {"type": "object", "properties": {}}},
}
# What the user says so that the emulator's run is in the state that the request is for.
QUESTIONS = {"cancel": "/wait 20", "submit_tool_outputs": "/call f {}"}
FILES = {"file_ids": "file-abc123", "vector_store_ids": "vs_abc123"}


@dataclass
class Objects:
    """Ids of what was made for one request, oldest first; `call` is the one that the run waits for."""

    assistants: list[str] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    call: str = "tool_call_id"

    def stand_ins(self, listed: str) -> dict[str, str]:
        """Dummy -> the id that stands in for it; the cursors are of what the request lists."""
        cursors: list[str] = getattr(self, listed, [])
        found = {
            "assistant_id": self.assistants[-1:],
            "thread_id": self.threads[-1:],
            "message_id": self.messages[-1:],
            "run_id": self.runs[-1:],
            "step_id": self.steps[-1:],
            "after": cursors[:1],
            "before": cursors[-1:],
            "tool_call_id": [self.call],
            "file_id": [FILES["file_ids"]],
        }
        return {dummy: ids[0] for dummy, ids in found.items() if ids}


class StandInTransport(httpx2.BaseTransport):
    """Answers the suite's requests by `inner`, a transport that speaks Assistants v2 below this URL."""

    def __init__(self, inner: httpx2.BaseTransport, base_url: str) -> None:
        self._inner, self._base_url = inner, base_url
        plain = httpx2.Client(transport=inner)
        self._client = OpenAI(base_url=base_url, api_key="test", http_client=plain, max_retries=0)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = str(request.url.copy_with(query=None)).removeprefix(self._base_url)
        query, body = dict(request.url.params), json.loads(request.read() or b"null")
        try:
            made = make_objects(self._client, request.method, path, query)
        except OpenAIError as failure:
            message = f"what the request is about could not be made: {failure}"
            return httpx2.Response(NOT_MADE, json={"error": {"message": message}}, request=request)
        ids = made.stand_ins(listed=path.split("/")[-1])
        path = "/".join(ids.get(part, part) for part in path.split("/"))
        query = {name: replace_in_query(name, value, ids) for name, value in query.items()}
        body = None if body is None else json.dumps(replace_in_body(body, ids))
        headers = [(k, v) for k, v in request.headers.items() if k.lower() != "content-length"]
        url = httpx2.URL(self._base_url + path, params=query or None)
        return self._inner.handle_request(
            httpx2.Request(request.method, url, headers=headers, content=body, extensions=request.extensions)
        )


@contextmanager
def start_suite_server_by_path(url: str) -> Iterator[NativeServer]:
    """The function by path, on its own URL, taking the suite's dummies."""

    def make_transport(sender: httpx2.BaseTransport) -> httpx2.BaseTransport:
        return StandInTransport(sender, url)

    with start_native_server(url, make_transport) as server:
        yield server


@contextmanager
def start_suite_server() -> Iterator[NativeServer]:
    """The transport in front of the emulator, on a socket, taking the suite's dummies."""

    def make_transport(sender: httpx2.BaseTransport) -> httpx2.BaseTransport:
        return StandInTransport(AssistantsTransport(sender), emulator.url)

    with start_emulator() as emulator, start_native_server(emulator.url, make_transport) as server:
        yield server


def make_objects(client: OpenAI, method: str, path: str, query: Mapping[str, str]) -> Objects:
    """Makes what the request may name: a run only where one is asked for, or the thread would not be free."""
    made, parts = Objects(), path.split("/")
    made.assistants = [client.beta.assistants.create(model=MODEL, tools=[FUNCTION]).id for _ in range(2)]
    if "thread_id" in parts:
        question = QUESTIONS.get(parts[-1], "Hello")
        thread = client.beta.threads.create(messages=[{"role": "user", "content": question}]).id
        made.threads = [thread]
        if "run_id" in (*parts, *query.values()) or (method, parts[-1]) == ("GET", "runs"):
            make_run(client, made, is_left_running=parts[-1] == "cancel")
        if "steps" in parts:
            note_steps(client, made)
        run_id = made.runs[0] if made.runs else omit  # a list of a run's messages takes no other cursors
        listed = client.beta.threads.messages.list(thread, order="asc", run_id=run_id)
        made.messages = [one.id for one in listed]
    return made


def make_run(client: OpenAI, made: Objects, *, is_left_running: bool) -> None:
    """Makes a run of the thread, waits until it has stopped unless it is to be cancelled."""
    runs = client.beta.threads.runs
    thread_id, assistant_id = made.threads[-1], made.assistants[-1]
    run = runs.create(thread_id, assistant_id=assistant_id)
    if not is_left_running:
        run = runs.poll(run.id, thread_id, poll_interval_ms=POLL_MS)
    if run.required_action:
        made.call = run.required_action.submit_tool_outputs.tool_calls[0].id
    made.runs = [run.id]


def note_steps(client: OpenAI, made: Objects) -> None:
    """Notes the steps of the run; where they are refused by name, so will be the request that names one."""
    with suppress(BadRequestError):
        listed = client.beta.threads.runs.steps.list(made.runs[-1], thread_id=made.threads[-1], order="asc")
        made.steps = [one.id for one in listed]


def replace_in_query(name: str, value: str, ids: Mapping[str, str]) -> str:
    """A page holds at least one object; an id is one that exists."""
    return "1" if (name, value) == ("limit", "0") else ids.get(value, value)


def replace_in_body(value: Any, ids: Mapping[str, str], name: str = "") -> Any:
    """The body or a part of it, which stands there under this name, with ids that exist."""
    if isinstance(value, dict):
        whole = {"tool_call_id": "tool_call_id", **value} if name == "tool_outputs" else value
        return {key: replace_in_body(one, ids, key) for key, one in whole.items()}
    if isinstance(value, list):
        return [replace_in_body(one, ids, name) for one in value]
    if name in FILES:
        return FILES[name]
    return ids.get(value, value) if isinstance(value, str) and name.endswith("_id") else value
