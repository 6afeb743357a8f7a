"""What one process of the function needs in memory, at the worst that callers and OpenAI can send."""

import contextlib
import gzip
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from assistant_function.upstream.bounded_reading import MAX_ANSWER_BYTES
from tests.backends import BACKENDS
from tests.fake_upstream import v2_message, v2_run, v2_text
from tests.invoke import KEY, Json, web
from tests.transport.fakes import make_agent, make_message, make_page, make_response

FUNCTION = Path(__file__).parents[2] / "packages" / "v1" / "openai"
PROGRAM = Path(__file__).with_name("answer_calls.py")
MAX_KILOBYTES = 110_000  # project.yml gives 128 MB

# ---------------------------------------------------------------- what OpenAI answers

EMOJI = "\U0001f600"  # makes each character of its text four bytes in memory
FULL = MAX_ANSWER_BYTES - 3_000
INSTRUCTIONS = "x" * 255_000 + EMOJI
TEXTS = {
    "short": "hello",
    "emojis": EMOJI * 32_000,
    "escaped": EMOJI * 32_000,
    "mixed": "x" * 31_999 + EMOJI,
    "wide": "x" * (FULL // 25 - 300) + EMOJI,  # a page of 25 is just short enough
    "long": "x" * FULL + EMOJI,
    "cited": "x" * 2_000_000 + EMOJI,
    "long-emojis": EMOJI * (FULL // len(EMOJI.encode())),
    "long-escaped": EMOJI * (FULL // len(json.dumps(EMOJI))),
    "long-control": "\0" * (FULL // len(json.dumps("\0"))),
}
CITATION = {"type": "url_citation", "url": "https://a", "title": "a", "start_index": 0, "end_index": FULL}
CITATIONS = {"cited": [CITATION] * 5_000}
ESCAPED = ("escaped", "long-escaped", "long-control")
VALUES = {"lists": "[]", "dicts": '{"a":1}', "numbers": "12345", "floats": "1.5", "texts": '"ab"'}
NOTED_RUNS = {"v2_0": json.dumps({"runs": {f"long_{number}": None for number in range(4)}})}


def fill(value: str, size: int) -> bytes:
    """A page of nothing but this value, in so many bytes."""
    values = ",".join([value] * (size // (len(value) + 1)))
    return f'{{"object":"list","id":"x","data":[{values}],"has_more":false}}'.encode()


RAW_BODIES = {
    **{name: fill(value, FULL) for name, value in VALUES.items()},
    **{f"huge-{name}": fill(value, 12 * 1024 * 1024) for name, value in VALUES.items()},
    "bomb": gzip.compress(b'["' + b"x" * 100_000_000 + b'"]'),
    "refusal": json.dumps({"error": {"message": "x" * FULL}}).encode(),
}


NAME = re.compile("(?:conv|thread|resp|run)_([a-z-]+)")


class OpenAI(BaseHTTPRequestHandler):
    """Today's OpenAI and a server of Assistants v2: the last id in an address names what it answers with."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        split, name = urlsplit(self.path), ([*NAME.findall(self.path)] or [""])[-1]
        if name in RAW_BODIES:
            self.send(400 if name == "refusal" else 200, RAW_BODIES[name], is_gzip=name == "bomb")
            return
        found = make_object(split.path.split("/")[2:], name, dict(parse_qsl(split.query)))
        body = json.dumps(found or {}, ensure_ascii=name in ESCAPED).encode()
        self.send(200 if found else 404, body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send(400, b"{}")

    def send(self, status: int, body: bytes, is_gzip: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if is_gzip:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with contextlib.suppress(OSError):  # nobody reads it to its end
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def make_object(path: list[str], name: str, query: dict[str, str]) -> Json | None:
    match path:
        case ["conversations", conversation_id]:
            metadata = NOTED_RUNS if name == "wide" else {}
            return {"id": conversation_id, "created_at": 1, "metadata": metadata}
        case ["conversations", _, "items"]:
            return make_list(query, len(TEXTS[name]), lambda n: make_message(n, content=[make_part(name)]))
        case ["threads", _, "messages"]:
            run_id, text = query.get("run_id"), v2_text(TEXTS[name])
            made = make_list(
                query, len(TEXTS[name]), lambda n: v2_message(text, id=f"msg_{n}", run_id=run_id)
            )
            return (
                made
                if run_id in (None, "run_wide_0")
                else made | {"data": made["data"][:1], "has_more": False}
            )
        case ["responses", response_id]:
            output = [make_message(1, content=[make_part(name)])]
            return make_response(id=response_id, conversation={"id": "conv_wide"}, output=output)
        case ["threads", thread_id, "runs", run_id]:
            return v2_run(id=run_id, thread_id=thread_id)
        case ["agents" | "assistants"]:
            more = {"object": path[0][:-1], "instructions": INSTRUCTIONS}
            return make_list(query, len(INSTRUCTIONS), lambda n: make_agent(id=f"agent_{n}", **more))
    return None


def make_part(name: str) -> Json:
    return {"type": "output_text", "text": TEXTS[name], "annotations": CITATIONS.get(name, [])}


def make_list(query: dict[str, str], characters: int, make: Callable[[int], Json]) -> Json:
    """A page of a list of 1,000 objects of so many characters. One that is too long is not made whole."""
    start = int(query["after"].partition("_")[2]) + 1 if "after" in query else 0
    most = min(int(query["limit"]), MAX_ANSWER_BYTES // characters + 2)
    return make_page(*map(make, range(start, min(1_000, start + most))), has_more=True)


# ---------------------------------------------------------------- what callers ask for

SENT_BYTES = 950_000  # by the platform to the function, at most 1 MB
LISTS: list[Any] = [[]] * (SENT_BYTES // 4)
LIST: Json = {"action": "list-messages"}
GET_RUN: Json = {"action": "get-run", "threadId": "thread_wide"}
CREATE: Json = {"action": "create-thread"}
FORMAT = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"x": LISTS}}}
CALLS: dict[str, Json] = {
    "short list": {**LIST, "threadId": "thread_short"},
    **{f"list of {name}": {**LIST, "threadId": f"thread_{name}"} for name in (*TEXTS, *RAW_BODIES)},
    **{
        f"{name} between": {**LIST, "threadId": f"thread_{name}", "after": "msg_0", "before": "msg_none"}
        for name in ("emojis", "wide", "long")
    },
    **{f"run of {name}": {**GET_RUN, "runId": f"run_{name}"} for name in TEXTS},
    **{f"run {number}": {**GET_RUN, "runId": f"run_wide_{number}"} for number in range(10)},
    "runs": {"action": "list-runs", "threadId": "thread_wide"},
    "assistants": {"action": "list-assistants", "limit": 100},
    "empty lists": {**CREATE, "messages": LISTS},
    "empty lists as text": {**CREATE, "messages": json.dumps(LISTS)},
    "empty lists in a message": {**CREATE, "messages": [{"role": "user", "content": LISTS}]},
    "empty lists in a schema": {
        "action": "run-assistant",
        "threadId": "thread_short",
        "assistantId": "asst_1",
        "responseFormat": FORMAT,
    },
    "outputs": {
        **GET_RUN,
        "action": "submit-tool-outputs",
        "runId": "run_short",
        "toolOutputs": [{"id": "a", "output": ""}] * (SENT_BYTES // 26),
    },
    "a long message": {"action": "send-message", "threadId": "thread_1", "message": "x" * SENT_BYTES + EMOJI},
    **{
        f"{name} by path": web("GET", path=f"/threads/thread_{name}/messages") | {"limit": "100"}
        for name in (*TEXTS, *RAW_BODIES)
    },
    "empty lists by path": web("POST", path="/threads") | {"messages": LISTS},
}


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Says nothing of connections that the function gives up."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Server(("127.0.0.1", 0), OpenAI) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_call_needs_more_memory_than_the_platform_gives(backend: str, url: str, tmp_path: Path) -> None:
    """All calls are made to one process: what one leaves behind counts at the next."""
    folder = tmp_path / "openai"
    shutil.copytree(FUNCTION, folder, ignore=shutil.ignore_patterns("virtualenv", "__pycache__"))
    (folder / "__main__.py").rename(folder / "main__.py")
    environment = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": url,
        "ASSISTANTS_BACKEND": backend,
        "MAX_MESSAGE_CHARS": str(SENT_BYTES * 2),
    }
    events = "".join(json.dumps(event) + "\n" for event in CALLS.values())
    finished = subprocess.run(
        [sys.executable, str(PROGRAM)],
        cwd=folder,
        env=environment,
        input=events,
        capture_output=True,
        text=True,
        check=False,
    )
    answers = dict(zip(CALLS, map(json.loads, finished.stdout.splitlines()), strict=True))
    assert finished.returncode == 0, finished.stderr
    peaks = {name: answer["peak_kilobytes"] for name, answer in answers.items()}
    assert max(peaks.values()) < MAX_KILOBYTES, peaks
    for name in TEXTS:  # what can be held is answered, as much of it as fits
        assert answers[f"list of {name}"]["status"] == answers[f"run of {name}"]["status"] == 200
        by_path = answers[f"{name} by path"]
        assert by_path["status"] == 200 or "1 MB" in by_path["error"]["message"]
