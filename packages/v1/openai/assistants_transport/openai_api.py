"""Today's OpenAI as seen from inside one v2 request: same host, same key, the time that is left."""

import json
import time
from collections.abc import Callable
from urllib.parse import quote, urlencode

import httpx2

from assistants_transport.v2_errors import Json, UpstreamError, V2Error

AGENTS_BETA = {"OpenAI-Beta": "agents=v1"}
NOT_FORWARDED = {
    "idempotency-key",
    "content-length",
    "content-type",
    "transfer-encoding",
    "openai-beta",
    "host",
}
PASSED_BACK = (
    "x-request-id",
    "openai-poll-after-ms",
    "openai-processing-ms",
    "openai-organization",
    "retry-after",
)


class OpenAIApi:
    """Sends what one v2 request needs. Every method raises UpstreamError for a status of 400 or more,
    and httpx2's errors where there is no answer or none that can be understood."""

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        request: httpx2.Request,
        prefix: str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner, self._request, self._now = inner, request, now
        self._prefix = quote(prefix)
        self._timeout = request.extensions.get("timeout") or {}
        read_seconds = self._timeout.get("read")
        self._ends = None if read_seconds is None else now() + read_seconds
        self._headers = [(k, v) for k, v in request.headers.multi_items() if k.lower() not in NOT_FORWARDED]
        self.passed_back: dict[str, str] = {}
        self.answered = False

    def seconds_left(self) -> float | None:
        """What the caller's timeout leaves for all requests together; None without one."""
        return None if self._ends is None else self._ends - self._now()

    def get(self, path: str, query: Json | None = None) -> Json:
        return self._send("GET", path + (f"?{urlencode(query)}" if query else ""))

    def post(self, path: str, body: Json | None = None) -> Json:
        return self._send("POST", path, body)

    def delete(self, path: str) -> Json:
        return self._send("DELETE", path)

    def _send(self, method: str, path: str, body: Json | None = None) -> Json:
        response = self._inner.handle_request(self._build(method, path, body))
        try:
            response.read()
        finally:
            response.close()
        self.answered = True
        self.passed_back.update({k: v for k in PASSED_BACK if (v := response.headers.get(k)) is not None})
        if response.status_code >= 400:
            raise UpstreamError(response)
        return _object(response, self._request)

    def _build(self, method: str, path: str, body: Json | None) -> httpx2.Request:
        url = self._request.url.copy_with(raw_path=(self._prefix + path).encode("ascii"))
        headers = [*self._headers, *(AGENTS_BETA.items() if path.startswith("/agents") else ())]
        content = None if body is None else _encoded(body)
        if content is not None:
            headers.append(("Content-Type", "application/json"))
        return httpx2.Request(method, url, headers=headers, content=content, extensions=self._extensions())

    def _extensions(self) -> Json:
        left = self.seconds_left()
        if left is None:
            return dict(self._request.extensions)
        if left <= 0:
            raise httpx2.ReadTimeout("the time for this request is used up", request=self._request)
        timeout = {name: left if given is None else min(given, left) for name, given in self._timeout.items()}
        return {**self._request.extensions, "timeout": timeout}


def _encoded(body: Json) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as problem:
        raise V2Error(400, "The request holds half a surrogate pair, which is no text.") from problem


def _object(response: httpx2.Response, request: httpx2.Request) -> Json:
    try:
        value = response.json()
    except (ValueError, RecursionError) as problem:
        raise httpx2.DecodingError("the answer is not JSON", request=request) from problem
    if not isinstance(value, dict):
        raise httpx2.DecodingError("the answer is not a JSON object", request=request)
    return value
