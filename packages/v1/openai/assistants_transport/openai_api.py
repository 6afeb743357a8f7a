"""Sends requests to today's OpenAI on behalf of one v2 request, within the time that its caller allows."""

import json
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import httpx2

from assistants_transport.v2_errors import Json, UpstreamError, V2Error

if TYPE_CHECKING:
    from assistants_transport.response_stream import ResponseStream

AGENTS_BETA_HEADER = ("OpenAI-Beta", "agents=v1")
REQUEST_HEADERS_DROPPED = {
    "idempotency-key",
    "content-length",
    "content-type",
    "transfer-encoding",
    "openai-beta",
    "host",
}
ANSWER_HEADERS_KEPT = (
    "x-request-id",
    "openai-poll-after-ms",
    "openai-processing-ms",
    "openai-organization",
    "retry-after",
)


class OpenAIApi:
    """Uses the host, the path prefix, the headers and the timeout of one v2 request.

    Paths start behind the prefix: `/agents/agent_x`. Every method returns the answer's JSON object and
    raises UpstreamError for a status of 300 or more, httpx2's errors for no answer or an unreadable one,
    and V2Error 400 for a body that cannot be encoded. `stream` is the last that was opened."""

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        request: httpx2.Request,
        prefix: str,
        now: Callable[[], float] = time.monotonic,
        enough_bytes: float = math.inf,
    ) -> None:
        self._inner, self._request, self._now = inner, request, now
        self._prefix = quote(prefix)
        self._timeout = request.extensions.get("timeout") or {}
        self._read_seconds = self._timeout.get("read")
        self.begin_again()
        headers = request.headers.multi_items()
        self._headers = [(k, v) for k, v in headers if k.lower() not in REQUEST_HEADERS_DROPPED]
        self.kept_headers: dict[str, str] = {}
        self.was_answered = False
        self.stream: ResponseStream | None = None
        self._enough_bytes, self._bytes_read = enough_bytes, 0

    def begin_again(self) -> None:
        """Gives the caller's timeout anew to the requests from now on."""
        self._deadline = None if self._read_seconds is None else self._now() + self._read_seconds

    def has_read_enough(self) -> bool:
        """Whether its caller has no use for a longer list than what was read already."""
        return self.is_enough(self._bytes_read)

    def is_enough(self, size: int) -> bool:
        return size >= self._enough_bytes

    def seconds_left(self) -> float | None:
        """What the caller's timeout leaves for all requests together; None if there is no timeout."""
        return None if self._deadline is None else self._deadline - self._now()

    def get(self, path: str, query: Json | None = None) -> Json:
        return self._send("GET", path + (f"?{urlencode(query, doseq=True)}" if query else ""))

    def post(self, path: str, body: Json | None = None) -> Json:
        return self._send("POST", path, body)

    def delete(self, path: str) -> Json:
        return self._send("DELETE", path)

    def open_stream(
        self, method: str, path: str, body: Json | None = None, query: Json | None = None
    ) -> "ResponseStream":
        """Returns once the first event is there. Raises what ResponseStream raises, too.

        The extension `stream` of the request says to those below that its answer is not to be read whole."""
        from assistants_transport.response_stream import ResponseStream

        request = self._build_request(method, path + (f"?{urlencode(query)}" if query else ""), body)
        request.extensions["stream"] = True
        response = self._inner.handle_request(request)
        response.request = request
        try:
            self._take_head(response)
            self.stream = ResponseStream(response)
        except BaseException:
            response.close()
            raise
        return self.stream

    def hang_up(self) -> None:
        """Closes the stream, if one is open. Upstream the response goes on."""
        stream, self.stream = self.stream, None
        if stream:
            stream.close()

    def _send(self, method: str, path: str, body: Json | None = None) -> Json:
        response = self._inner.handle_request(self._build_request(method, path, body))
        try:
            self._bytes_read += len(response.read())
            self._take_head(response)
        finally:
            response.close()
        return self._parse_object(response)

    def _take_head(self, response: httpx2.Response) -> None:
        """Keeps what the caller is told of the head. Raises UpstreamError for a refusal."""
        self.was_answered = True
        self.kept_headers.update(
            {k: response.headers[k] for k in ANSWER_HEADERS_KEPT if k in response.headers}
        )
        if response.status_code >= 300:
            response.read()
            raise UpstreamError(response)

    def _build_request(self, method: str, path: str, body: Json | None) -> httpx2.Request:
        url = self._request.url.copy_with(raw_path=(self._prefix + path).encode("ascii"))
        headers = [*self._headers, *([AGENTS_BETA_HEADER] if path.startswith("/agents") else [])]
        content = None if body is None else _encode(body)
        if content is not None:
            headers.append(("Content-Type", "application/json"))
        return httpx2.Request(
            method, url, headers=headers, content=content, extensions=self._build_extensions()
        )

    def _build_extensions(self) -> Json:
        left = self.seconds_left()
        if left is None:
            return dict(self._request.extensions)
        if left <= 0:
            raise httpx2.ReadTimeout("the time for this request is used up", request=self._request)
        timeout = {name: left if given is None else min(given, left) for name, given in self._timeout.items()}
        return {**self._request.extensions, "timeout": timeout}

    def _parse_object(self, response: httpx2.Response) -> Json:
        try:
            value = response.json()
        except (ValueError, RecursionError) as problem:
            raise httpx2.DecodingError("the answer is not JSON", request=self._request) from problem
        if not isinstance(value, dict):
            raise httpx2.DecodingError("the answer is not a JSON object", request=self._request)
        return value


def _encode(body: Json) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as problem:
        raise V2Error(400, "The request holds half a surrogate pair, which is no text.") from problem
