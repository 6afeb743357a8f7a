"""The way out: one kept-alive connection, bounded by the call's deadline, repeating only what is safe."""

import math
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

import httpx2

from assistant_function.request.deadline import Deadline

CONNECT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 55.0
MOST_CONNECTIONS = 10
MOST_ANSWER_BYTES = 12 * 1024 * 1024  # several copies of it fit into project.yml's 128 MB
MOST_ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.25
CHANGE_SHARE = 0.8  # of the time that is left
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
OF_THE_WIRE = (b"content-encoding", b"content-length", b"transfer-encoding")
PASSING_STATUSES = (408, 500, 502, 503, 504, 529)

Exchange = Callable[[], httpx2.Response]
Task = tuple[Exchange, "SimpleQueue[httpx2.Response | BaseException]"]


def wire() -> httpx2.BaseTransport:
    limits = httpx2.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=KEEP_ALIVE_SECONDS)
    return httpx2.HTTPTransport(limits=limits)


class Network(httpx2.BaseTransport):
    """Sends over `wire` within `deadline`, which every call sets anew.

    A change goes out again only where it surely was not carried out: the connection was never made, or the
    answer is 429. Reads go out again after passing failures too. Never after the deadline."""

    def __init__(self, wire: httpx2.BaseTransport, deadline: Deadline) -> None:
        self._wire, self._beside = wire, _Beside(wire.close)
        self.begin(deadline)

    def begin(self, deadline: Deadline) -> None:
        """A call begins. `changed` tells from now on whether it changed anything, for all that is known."""
        self.deadline, self.changed = deadline, False
        self.last_request_id: str | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        for attempt in range(1, MOST_ATTEMPTS + 1):
            pause = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
            try:
                response = self._send(request, self._seconds(request, attempt))
            except httpx2.TransportError as problem:
                if not self._may_repeat(request, attempt, pause, isinstance(problem, NOT_SENT)):
                    raise
            else:
                pause = max(pause, _retry_after_seconds(response))
                passing = response.status_code in PASSING_STATUSES and request.method == "GET"
                if not passing and not _is_rate_limit(response):
                    return response
                if not self._may_repeat(request, attempt, pause, True):
                    return response
            self.deadline.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        self._beside.close()
        self._wire.close()

    def _may_repeat(self, request: httpx2.Request, attempt: int, pause: float, not_done: bool) -> bool:
        if attempt == MOST_ATTEMPTS or pause >= self.deadline.left():
            return False
        return not_done or request.method == "GET"

    def _seconds(self, request: httpx2.Request, attempt: int) -> float:
        """A read leaves half of the time for another attempt, a change some of it to find out about it."""
        left = self.deadline.left()
        if request.method != "GET":
            return left * CHANGE_SHARE
        return left / 2 if attempt < MOST_ATTEMPTS else left

    def _send(self, request: httpx2.Request, seconds: float) -> httpx2.Response:
        if seconds <= 0:
            raise httpx2.ConnectTimeout("the time for this call is used up", request=request)
        given = (request.extensions.get("timeout") or {}).get("read")
        seconds = seconds if given is None else min(seconds, given)
        timeout = {
            "connect": min(CONNECT_SECONDS, seconds),
            "read": seconds,
            "write": seconds,
            "pool": seconds,
        }
        request.extensions = {**request.extensions, "timeout": timeout}
        is_change = request.method != "GET"
        try:
            response = self._beside.run(lambda: self._exchange(request), seconds, request)
        except httpx2.RequestError as problem:
            self.changed |= is_change and not isinstance(problem, NOT_SENT)
            raise
        self.changed |= is_change and (response.status_code < 400 or response.status_code in PASSING_STATUSES)
        self.last_request_id = response.headers.get("x-request-id", self.last_request_id)
        return response

    def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        response = self._wire.handle_request(request)
        try:
            content = _whole(response, request)
        finally:
            response.close()
        # raw: a header may hold more than ASCII
        headers = [(k, v) for k, v in response.headers.raw if k.lower() not in OF_THE_WIRE]
        return httpx2.Response(response.status_code, headers=headers, content=content, request=request)


class _Beside:
    """Runs an exchange beside us: a socket's timeouts bound neither a name lookup nor a trickling answer.

    The threads are kept for the next exchange. One that does not come back in time is left to itself, and
    all connections with it, or some answers that trickle would use them up."""

    def __init__(self, hang_up: Callable[[], None]) -> None:
        self._hang_up = hang_up
        self._idle: list[SimpleQueue[Task | None]] = []

    def run(self, exchange: Exchange, seconds: float, request: httpx2.Request) -> httpx2.Response:
        try:
            thread = self._idle.pop()
        except IndexError:  # not asked before: requests go out side by side
            thread = _started()
        outcome: SimpleQueue[httpx2.Response | BaseException] = SimpleQueue()
        thread.put((exchange, outcome))
        try:
            found = outcome.get(timeout=seconds)
        except Empty:
            thread.put(None)
            self._hang_up()
            raise httpx2.ReadTimeout("no whole answer in time", request=request) from None
        self._idle.append(thread)
        if isinstance(found, BaseException):
            raise found
        return found

    def close(self) -> None:
        while self._idle:
            self._idle.pop().put(None)


def _started() -> "SimpleQueue[Task | None]":
    """A thread that does what is put here, until it is told to end by a None."""
    tasks: SimpleQueue[Task | None] = SimpleQueue()

    def run() -> None:
        while task := tasks.get():
            exchange, outcome = task
            try:
                outcome.put(exchange())
            except BaseException as problem:
                outcome.put(problem)
            del task, exchange, outcome  # an idle thread holds no answer

    threading.Thread(target=run, daemon=True).start()
    return tasks


def _whole(response: httpx2.Response, request: httpx2.Request) -> bytes:
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MOST_ANSWER_BYTES:
            raise httpx2.DecodingError(
                f"the answer is longer than {MOST_ANSWER_BYTES} bytes", request=request
            )
    return b"".join(parts)


def _is_rate_limit(response: httpx2.Response) -> bool:
    """429 for too many requests, which a pause cures; a used up quota it does not."""
    return response.status_code == 429 and b"insufficient_quota" not in response.content


def _retry_after_seconds(response: httpx2.Response) -> float:
    """A date is passed on to the caller, who has more time: no clock of ours is compared with OpenAI's."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    return math.inf if value.endswith(" GMT") else 0.0
