"""The way out: one kept-alive connection, bounded by the call's deadline, repeating only what is safe."""

import threading
from collections.abc import Callable

import httpx2

from assistant_function.deadline import Deadline

CONNECT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 55.0
MOST_CONNECTIONS = 10
MOST_ANSWER_BYTES = 16 * 1024 * 1024
MOST_ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.25
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
OF_THE_WIRE = ("content-encoding", "content-length", "transfer-encoding")
PASSING_STATUSES = (408, 500, 502, 503, 504, 529)


def wire() -> httpx2.BaseTransport:
    limits = httpx2.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=KEEP_ALIVE_SECONDS)
    return httpx2.HTTPTransport(limits=limits)


class Network(httpx2.BaseTransport):
    """Sends over `wire` within `deadline`, which every call sets anew.

    A change goes out again only where it surely was not carried out: the connection was never made, or the
    answer is 429. Reads go out again after passing failures too. Never after the deadline."""

    def __init__(self, wire: httpx2.BaseTransport, deadline: Deadline) -> None:
        self._wire, self.deadline = wire, deadline
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
        self._wire.close()

    def _may_repeat(self, request: httpx2.Request, attempt: int, pause: float, not_done: bool) -> bool:
        if attempt == MOST_ATTEMPTS or pause >= self.deadline.left():
            return False
        return not_done or request.method == "GET"

    def _seconds(self, request: httpx2.Request, attempt: int) -> float:
        """A read leaves half of the time for another attempt; a change has all of it."""
        left = self.deadline.left()
        return left / 2 if request.method == "GET" and attempt < MOST_ATTEMPTS else left

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
        response = _bounded(lambda: self._exchange(request), seconds, request)
        self.last_request_id = response.headers.get("x-request-id", self.last_request_id)
        return response

    def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        response = self._wire.handle_request(request)
        try:
            content = _whole(response, request)
        finally:
            response.close()
        headers = [(k, v) for k, v in response.headers.multi_items() if k not in OF_THE_WIRE]
        return httpx2.Response(response.status_code, headers=headers, content=content, request=request)


def _bounded(
    exchange: Callable[[], httpx2.Response], seconds: float, request: httpx2.Request
) -> httpx2.Response:
    """Runs the exchange beside us: a socket's timeouts bound neither a name lookup nor a trickling answer."""
    outcome: list[httpx2.Response | BaseException] = []

    def run() -> None:
        try:
            outcome.append(exchange())
        except BaseException as problem:
            outcome.append(problem)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(seconds)
    if not outcome:
        raise httpx2.ReadTimeout("no whole answer in time", request=request)
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


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
    value = response.headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0.0
