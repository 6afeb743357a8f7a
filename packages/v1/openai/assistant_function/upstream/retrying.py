"""The transport to OpenAI: bounded by the call's deadline, and it sends again only what is safe to repeat."""

import math

import httpx2

from assistant_function.request.deadline import Deadline
from assistant_function.upstream.bounded_reading import AnswerTooLong
from assistant_function.upstream.exchange import CHANGE_SHARE, MAX_SILENCE_SECONDS, Exchange, Workers

CONNECT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 55.0
MAX_CONNECTIONS = 10
MAX_ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.25
FEWER = 4  # how many times fewer objects are asked for after a page that was too long
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
PASSING_STATUSES = (408, 500, 502, 503, 504, 529)


def open_transport() -> httpx2.BaseTransport:
    """The real network, whose connections stay open between calls."""
    limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE_SECONDS)
    return httpx2.HTTPTransport(limits=limits)


class RetryingTransport(httpx2.BaseTransport):
    """Sends by `inner` within a deadline that every call of the function sets anew.

    A redirect is not followed: with the key in it, a request goes nowhere but to the address that is set.
    A change is sent again only where it surely was not carried out: the connection was never made, or the
    answer is 429. A read is sent again after other passing failures too, nothing past the deadline, and
    nothing once its answer has begun. A stream of events is handed out as it comes, all else whole."""

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        deadline: Deadline,
        max_silence_seconds: float = MAX_SILENCE_SECONDS,
    ) -> None:
        self._inner, self._workers, self._max_silence_seconds = inner, Workers(), max_silence_seconds
        self.begin_call(deadline)

    def begin_call(self, deadline: Deadline) -> None:
        """Begins a call: from now on `may_have_changed` tells whether it changed anything at OpenAI, or may
        have."""
        self.deadline, self.may_have_changed = deadline, False
        self.last_request_id: str | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """A page that is too long is asked for with fewer objects: it says by itself that there are more."""
        try:
            return self._send_repeatedly(request)
        except AnswerTooLong:
            fewer = _ask_for_fewer(request)
            if fewer is None:
                raise
        return self.handle_request(fewer)

    def _send_repeatedly(self, request: httpx2.Request) -> httpx2.Response:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            pause = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
            try:
                response = self._send(request, self._choose_timeout(request, attempt))
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
        self._workers.close()
        self._inner.close()

    def _may_repeat(self, request: httpx2.Request, attempt: int, pause: float, not_carried_out: bool) -> bool:
        if attempt == MAX_ATTEMPTS or pause >= self.deadline.left():
            return False
        return not_carried_out or request.method == "GET"

    def _choose_timeout(self, request: httpx2.Request, attempt: int) -> float:
        """Seconds: a read leaves half of the time for another attempt, a change some to find out about it."""
        left = self.deadline.left()
        if request.method != "GET":
            return left * CHANGE_SHARE
        return left / 2 if attempt < MAX_ATTEMPTS else left

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
            response = self._workers.run(
                Exchange(request, self._inner, self.deadline, self._max_silence_seconds), seconds
            )
        except httpx2.RequestError as problem:
            self.may_have_changed |= is_change and not isinstance(problem, NOT_SENT)
            raise
        self.may_have_changed |= is_change and (
            response.status_code < 400 or response.status_code in PASSING_STATUSES
        )
        self.last_request_id = response.headers.get("x-request-id", self.last_request_id)
        if response.is_redirect:
            raise httpx2.TooManyRedirects(_find_target(response, request), request=request)
        return response


def _ask_for_fewer(request: httpx2.Request) -> httpx2.Request | None:
    """The request for a page of a quarter as many objects; None where there is nothing to make less of."""
    limit = request.url.params.get("limit", "")
    if request.method != "GET" or not limit.isdecimal() or int(limit) < 2:
        return None
    url = request.url.copy_set_param("limit", str(int(limit) // FEWER or 1))
    return httpx2.Request("GET", url, headers=request.headers, extensions=request.extensions)


def _find_target(response: httpx2.Response, request: httpx2.Request) -> str:
    """Where a redirect leads, without what may hold a secret: the login, the query, the fragment."""
    try:
        url = request.url.join(response.headers["location"])
    except (KeyError, httpx2.InvalidURL):
        return "no address that can be understood"
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))


def _is_rate_limit(response: httpx2.Response) -> bool:
    """Whether it is the 429 of too many requests, which a pause cures; a used up quota it does not."""
    return response.status_code == 429 and b"insufficient_quota" not in response.content


def _retry_after_seconds(response: httpx2.Response) -> float:
    """A date counts as too late: it is passed on to the caller, for our clock may differ from OpenAI's."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    return math.inf if value.endswith(" GMT") else 0.0
