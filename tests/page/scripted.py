"""A function that answers what it is told, for answers that the real one gives seldom."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

Answer = tuple[int, Any]  # status, and the data (a success) or the text of the body
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Content-Type, Authorization"}


class Scripted(ThreadingHTTPServer):
    """answers: action -> its answers in turn, the last one again and again; calls: what it was asked."""

    daemon_threads = True

    def __init__(self, answers: dict[str, list[Answer]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.calls = answers, list[dict[str, Any]]()
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def answer(self, call: dict[str, Any]) -> Answer:
        self.calls.append(call)
        left = self.answers[call["action"]]
        return left.pop(0) if len(left) > 1 else left[0]


class _Handler(BaseHTTPRequestHandler):
    def do_OPTIONS(self) -> None:
        self._send(204, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, said = cast(Scripted, self.server).answer(json.loads(body))
        success = {"success": True, "data": said, "error": None}
        self._send(status, (said if isinstance(said, str) else json.dumps(success)).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        for name, value in {**CORS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def scripted(**answers: list[Answer]) -> Iterator[Scripted]:
    """Serve until the block ends; an action's - is written as _."""
    server = Scripted({name.replace("_", "-"): found for name, found in answers.items()})
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
