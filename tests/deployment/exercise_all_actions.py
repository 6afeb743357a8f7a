"""Every action of the function, and requests by path, in both backends, with every failure: to be run in the
function's folder.

    python exercise_all_actions.py URL_OF_THE_EMULATOR

Prints JSON: `calls`, each with its backend, failure, action, status and error, and `unfound`, the modules
that were looked for in vain. It uses the virtualenv in that folder, as the platform does, where there is one.
"""

import contextlib
import importlib
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2

sys.path[0] = os.getcwd()
ACTIVATE = os.path.abspath("virtualenv/bin/activate_this.py")
if os.path.exists(ACTIVATE):
    with open(ACTIVATE) as script:
        exec(script.read(), {"__file__": ACTIVATE})  # noqa: S102 (as the platform does)

UNFOUND: list[str] = []


class LastFinder:
    @staticmethod
    def find_spec(name: str, *_place: object) -> None:
        UNFOUND.append(name)


sys.meta_path.append(LastFinder)


from assistant_function.request.event import Runtime  # noqa: E402

main = importlib.import_module("main__").main

Json = dict[str, Any]
Called = tuple[str, Any, str, Json, Json]
"""Backend, failure, action, answer, what was logged."""

ARGUMENTS: dict[str, Json] = {
    "create-assistant": {
        "name": "A",
        "instructions": "Be brief",
        "description": "d",
        "tools": [
            {
                "type": "function",
                "function": {"name": "weather", "description": "w", "parameters": {"type": "object"}},
            }
        ],
        "metadata": {"a": "b"},
        "responseFormat": {"type": "json_object"},
    },
    "list-assistants": {"limit": 5, "order": "asc"},
    "get-assistant": {"assistantId": "asst_1"},
    "update-assistant": {"assistantId": "asst_1", "name": "B", "responseFormat": "auto"},
    "create-thread": {"messages": [{"role": "user", "content": "Hello"}], "metadata": {"a": "b"}},
    "update-thread": {"threadId": "thread_1", "metadata": {"c": "d"}},
    "get-thread": {"threadId": "thread_1"},
    "send-message": {"threadId": "thread_1", "message": "/call weather {}"},
    "run-assistant": {"threadId": "thread_1", "assistantId": "asst_1", "maxCompletionTokens": 500},
    "get-run": {"threadId": "thread_1", "runId": "run_1"},
    "submit-tool-outputs": {
        "threadId": "thread_1",
        "runId": "run_1",
        "toolOutputs": [{"toolCallId": "call_1", "output": "sunny"}],
    },
    "cancel-run": {"threadId": "thread_1", "runId": "run_1"},
    "chat": {"threadId": "thread_1", "message": "Hello", "assistantId": "asst_1"},
    "list-messages": {"threadId": "thread_1", "limit": 5},
    "list-runs": {"threadId": "thread_1", "limit": 5},
    "delete-message": {"threadId": "thread_1", "messageId": "msg_1"},
    "delete-thread": {"threadId": "thread_1"},
    "delete-assistant": {"assistantId": "asst_1"},
    "describe": {},
}

REQUESTS: dict[str, Json] = {
    "GET /v1/assistants": {},
    "POST /threads": {"metadata": {"a": "b"}},
    "POST /threads/thread_1/runs": {"assistant_id": "asst_1", "stream": True},
    "GET /threads/thread_1/runs/run_1": {},
    "GET /threads/thread_1/messages": {"limit": "5"},
    "DELETE /threads/thread_1": {},
    "GET /nothing": {},
}

ASSISTANT = {
    "id": "asst_1",
    "object": "assistant",
    "created_at": 1,
    "name": "A",
    "description": None,
    "model": "m",
    "instructions": "i",
    "metadata": {},
    "response_format": "auto",
    "temperature": 1.0,
    "tools": [
        {"type": "code_interpreter"},
        {"type": "file_search"},
        {"type": "function", "function": {"name": "f"}},
    ],
    "tool_resources": {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}},
}
THREAD = {"id": "thread_1", "object": "thread", "created_at": 1, "metadata": {}, "tool_resources": None}
CITATION = {
    "type": "file_citation",
    "text": "x",
    "start_index": 0,
    "end_index": 1,
    "file_citation": {"file_id": "f"},
}
MESSAGE = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": 1,
    "thread_id": "thread_1",
    "role": "assistant",
    "content": [
        {"type": "text", "text": {"value": "Hi", "annotations": [CITATION]}},
        {"type": "image_file", "image_file": {"file_id": "f"}},
        {"type": "refusal", "refusal": "no"},
    ],
    "assistant_id": "asst_1",
    "run_id": "run_1",
    "attachments": [],
    "metadata": {},
    "status": "completed",
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
RUN = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": 1,
    "thread_id": "thread_1",
    "assistant_id": "asst_1",
    "status": "completed",
    "model": "m",
    "instructions": "i",
    "tools": [],
    "metadata": {},
    "last_error": None,
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
ASKING = {
    **RUN,
    "status": "requires_action",
    "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}},
}
FAILED = {**RUN, "status": "failed", "last_error": {"code": "server_error", "message": "no"}}
INCOMPLETE = {**RUN, "status": "incomplete", "incomplete_details": {"reason": "max_completion_tokens"}}

STATUSES = (400, 401, 403, 404, 409, 422, 429, 500, 503)
BROKEN = ("no connection", "time-out", "html", "no body", "no object")


def answer_natively(request: "httpx2.Request", run: Json) -> "httpx2.Response":
    """An Assistants v2 server with one of everything, whose runs end at once as `run`."""
    import httpx2

    path = request.url.path.removeprefix("/v1/")
    if request.method == "DELETE":
        collection, _, name = path.replace("threads/thread_1/messages", "thread.messages").rpartition("/")
        gone = {"id": name, "object": f"{collection.removesuffix('s')}.deleted", "deleted": True}
        return httpx2.Response(200, json=gone)
    found = {"assistants": ASSISTANT, "threads": THREAD, "messages": MESSAGE, "runs": run}
    collection = re.findall("assistants|threads|messages|runs", path)[-1]
    one = found[collection]
    if request.method == "GET" and path.endswith(collection):
        return httpx2.Response(200, json={"object": "list", "data": [one], "has_more": False})
    return httpx2.Response(200, json=one)


def fail_with(request: "httpx2.Request", failure: Any) -> "httpx2.Response":
    import httpx2

    if failure == "no connection":
        raise httpx2.ConnectError("refused", request=request)
    if failure == "time-out":
        raise httpx2.ReadTimeout("late", request=request)
    if failure == "html":
        return httpx2.Response(200, html="<p>Hello</p>")
    if failure == "no body":
        return httpx2.Response(200, headers={"content-type": "application/json"})
    if failure == "no object":
        return httpx2.Response(200, json=["nonsense"])
    error = {"message": "no", "type": "t", "code": "c", "param": None}
    return httpx2.Response(failure, json={"error": error}, headers={"retry-after": "1"})


def call(action: str, arguments: Json, transport: Any, **environment: str) -> tuple[Json, Json]:
    return call_main({"action": action, **arguments}, transport, **environment)


def call_main(event: Json, transport: Any, **environment: str) -> tuple[Json, Json]:
    settings = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://upstream/v1", **environment}
    runtime = Runtime(environment=settings, sleep=lambda _seconds: None, transport=transport)
    log = io.StringIO()
    with contextlib.redirect_stdout(log):
        answer = main(event, runtime=runtime)
    assert json.loads(json.dumps(answer)) == answer
    return answer, json.loads(log.getvalue())


def ask(line: str, given: Json, transport: Any, **environment: str) -> tuple[Json, Json]:
    """A request by path, of the owner's."""
    method, _, path = line.partition(" ")
    http = {"method": method, "path": path, "headers": {"authorization": "Bearer a"}}
    return call_main(given | {"http": http}, transport, ADMIN_TOKEN="a", **environment)


def make_failing_calls() -> Iterator[Called]:
    import httpx2

    for backend in ("responses", "native"):
        for failure in (*STATUSES, *BROKEN):
            transport = httpx2.MockTransport(lambda request, failure=failure: fail_with(request, failure))
            for action, arguments in ARGUMENTS.items():
                answer, log = call(action, arguments, transport, ASSISTANTS_BACKEND=backend)
                yield backend, failure, action, answer, log
            for line, given in REQUESTS.items():
                answer, log = ask(line, given, transport, ASSISTANTS_BACKEND=backend)
                yield backend, failure, line, answer, log


def make_native_calls() -> Iterator[Called]:
    import httpx2

    for run in (RUN, ASKING, FAILED, INCOMPLETE):
        transport = httpx2.MockTransport(lambda request, run=run: answer_natively(request, run))
        for action, arguments in ARGUMENTS.items():
            answer, log = call(action, arguments, transport, ASSISTANTS_BACKEND="native")
            yield "native", f"run {run['status']}", action, answer, log
        for line, given in REQUESTS.items():
            answer, log = ask(line, given, transport, ASSISTANTS_BACKEND="native")
            yield "native", f"run {run['status']}", line, answer, log


def make_emulated_calls(url: str) -> Iterator[Called]:
    """One conversation with the emulator, over a real connection; ids are taken from the answers."""
    known: Json = {}
    for action, arguments in ARGUMENTS.items():
        arguments = {key: known.get(key, value) for key, value in arguments.items()}
        if action == "submit-tool-outputs":
            arguments["toolOutputs"] = [{"toolCallId": known.get("call", "call_1"), "output": "sunny"}]
        answer, log = call(action, arguments, None, OPENAI_BASE_URL=url)
        data = answer["body"]["data"] or {}
        ids = ("assistantId", "threadId", "runId", "messageId")
        known.update({key: data[key] for key in ids if data.get(key)})
        for made in data.get("toolCalls") or []:
            known["call"] = made["id"]
        yield "responses", None, action, answer, log


def summarize(backend: str, failure: Any, action: str, answer: Json, log: Json) -> Json:
    body = answer["body"] if isinstance(answer["body"], dict) else {"error": None}
    outcome = {"status": answer["statusCode"], "error": body.get("error"), "fault": log.get("fault")}
    return {"backend": backend, "failure": failure, "action": action, **outcome}


if __name__ == "__main__":
    sources = (make_emulated_calls(sys.argv[1]), make_native_calls(), make_failing_calls())
    calls = [summarize(*called) for source in sources for called in source]
    print(json.dumps({"calls": calls, "unfound": UNFOUND}))
