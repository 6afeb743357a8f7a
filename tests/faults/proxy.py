"""A proxy that makes faults, on a real socket between the function and its upstream.

with start_emulator() as emulator, start_proxy(emulator.url) as proxy:
    proxy.inject(LOST, method="POST", path="/items$")  # the next such request
"""

import http.client
import random
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from local.emulator.server import HOST, listen

MAX_HEAD_BYTES = 65_536
CLOSE_WITH_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds
TRICKLE_SECONDS = 0.005
UPSTREAM_SECONDS = 60
NOT_PASSED_BACK = ("content-length", "connection", "transfer-encoding")  # of streams too: sent whole
ALWAYS = 1_000_000_000


class Answer(NamedTuple):
    """An HTTP answer; `length` is its Content-Length where that is not the length of the body."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    length: int | None = None

    def encode(self) -> bytes:
        length = len(self.body) if self.length is None else self.length
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, ("Content-Length", str(length)))]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class Fault(NamedTuple):
    """What goes wrong with a request.

    `ending` says what becomes of the connection: `unread` resets it with the request unread, after `gone`
    nothing listens any more. `carried_out` says whether the upstream gets the request first; `change` turns
    its answer (an empty one where it was not asked) into the one that is sent."""

    name: str
    ending: Literal["answer", "reset", "unread", "silence", "trickle", "close", "gone"] = "answer"
    carried_out: bool = False
    change: Callable[[Answer], Answer] = lambda answer: answer


def status(number: int, body: bytes = b"", name: str = "", **headers: str) -> Fault:
    """A fault: the proxy refuses with this status, and the upstream never hears of the request."""
    given = tuple((key.replace("_", "-"), value) for key, value in headers.items())
    answer = Answer(number, body, (("Content-Type", "application/json"), *given))
    return Fault(name or str(number), change=lambda _: answer)


def body(name: str, content: bytes) -> Fault:
    """A fault: the upstream does what it was asked for, but the answer has this body."""

    def change(answer: Answer) -> Answer:
        return answer._replace(body=content, status=200)

    return Fault(f"a body {name}", carried_out=True, change=change)


NONE = Fault("none", carried_out=True)
UNREAD = Fault("reset before the request was read", "unread")
UNSENT = Fault("reset after the request was read", "reset")
LOST = Fault("reset after it was carried out", "reset", carried_out=True)
SILENT = Fault("no answer", "silence")
SILENT_AFTER = Fault("carried out, no answer", "silence", carried_out=True)
TRICKLE = Fault("an answer that trickles", "trickle", carried_out=True)
GONE = Fault("answered, and nothing listens any more", "gone", carried_out=True)
CUT = Fault(
    "a body cut off",
    "close",
    carried_out=True,
    change=lambda answer: answer._replace(body=answer.body[:-9], length=len(answer.body)),
)


@dataclass
class Rule:
    """Strikes requests of one kind with a fault: not the first `skip`, but the next `times`."""

    fault: Fault
    method: re.Pattern[str]
    path: re.Pattern[str]
    skip: int
    times: int

    def strikes(self, method: str, path: str) -> bool:
        if not self.times or not self.method.fullmatch(method) or not self.path.search(path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Seen(NamedTuple):
    """One request: the fault that struck it, and whether the upstream carried it out."""

    method: str
    path: str
    fault: str
    carried_out: bool


@dataclass
class Proxy:
    """Its `url` (ends in /v1) is used in place of the upstream's; `seen` are the requests so far."""

    upstream: str
    seen: list[Seen] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    chance: Callable[[], Fault] = lambda: NONE

    def __post_init__(self) -> None:
        self.port = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self.open()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/v1"

    def inject(
        self, fault: Fault, *, method: str = ".*", path: str = "", skip: int = 0, times: int = ALWAYS
    ) -> None:
        self.rules.append(Rule(fault, re.compile(method), re.compile(path), skip, times))

    def at_random(self, seed: int, share: float, faults: Sequence[Fault]) -> None:
        """Strikes this share of the other requests with one of these faults, chosen at random."""
        dice = random.Random(seed)  # noqa: S311
        self.chance = lambda: dice.choice(faults) if dice.random() < share else NONE

    def heal(self) -> None:
        """Removes all faults."""
        self.rules.clear()
        self.chance = lambda: NONE

    def close(self) -> None:
        """Stops listening on the port, and cuts all connections."""
        self._closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def open(self) -> None:
        """Listens (again), on the same port."""
        self._listener = listen(self.port)
        self.port = self._listener.getsockname()[1]
        self._closed.clear()
        self._acceptor = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._acceptor.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with suppress(OSError, http.client.HTTPException):
                while self._exchange(connection):
                    pass
        finally:
            with self._lock:
                self._open.discard(connection)
                connection.close()

    def _exchange(self, connection: socket.socket) -> bool:
        """Answers one request; returns whether the connection stays open."""
        head = _await_head(connection)
        if not head:
            return False
        method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        fault = self._pick_fault(method, path)
        self.seen.append(Seen(method, path, fault.name, fault.carried_out))
        if fault.ending == "unread":
            return _reset(connection)
        body = _read_body(connection, head)
        answer = self._forward(method, path, head, body) if fault.carried_out else Answer(200, b"")
        return self._end(connection, fault, fault.change(answer).encode())

    def _pick_fault(self, method: str, path: str) -> Fault:
        with self._lock:
            struck = next((rule.fault for rule in self.rules if rule.strikes(method, path)), None)
            return struck or self.chance()

    def _forward(self, method: str, path: str, head: bytes, body: bytes) -> Answer:
        lines = [line.decode("latin-1").split(": ", 1) for line in head.strip().split(b"\r\n")[1:]]
        upstream = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=UPSTREAM_SECONDS)
        with closing(upstream):
            upstream.request(method, path, body or None, dict(lines))
            answer = upstream.getresponse()
            kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in NOT_PASSED_BACK]
            return Answer(answer.status, answer.read(), tuple(kept))

    def _end(self, connection: socket.socket, fault: Fault, answer: bytes) -> bool:
        if fault.ending == "reset":
            return _reset(connection)
        if fault.ending == "silence":
            return bool(connection.recv(1))  # the client hangs up
        if fault.ending == "trickle":
            for place in range(len(answer)):
                connection.sendall(answer[place : place + 1])
                self._closed.wait(TRICKLE_SECONDS)
            return True
        connection.sendall(answer)
        if fault.ending == "gone":
            self.close()
        return fault.ending == "answer"


@contextmanager
def start_proxy(upstream_url: str) -> Iterator[Proxy]:
    proxy = Proxy(upstream_url)
    try:
        yield proxy
    finally:
        proxy.close()


def _await_head(connection: socket.socket) -> bytes:
    """Waits for a request's head without taking it off the socket; nothing where the client hung up."""
    seen = -1
    while True:
        head = connection.recv(MAX_HEAD_BYTES, socket.MSG_PEEK)
        if b"\r\n\r\n" in head:
            return head.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n"
        if len(head) == seen or not head:
            return b""
        seen = len(head)


def _read_body(connection: socket.socket, head: bytes) -> bytes:
    """Reads the whole request, and returns its body."""
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    left = len(head) + (int(found[1]) if found else 0)
    parts = []
    while left:
        part = connection.recv(min(left, 1 << 20))
        if not part:
            raise ConnectionError("the client hung up")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)[len(head) :]


def _reset(connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSE_WITH_RESET)
    return False
