"""The transport: matches a v2 request, translates, sends, translates back."""

import json
from typing import Any

import httpx2

from assistants_transport import routes
from assistants_transport.ids import in_text
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.request import Memory
from assistants_transport.v2_errors import Json, UpstreamError, V2Error


class AssistantsTransport(httpx2.BaseTransport):
    """Answers Assistants v2 requests by today's OpenAI; every other request goes through untouched.

    `inner` sends what there is to send. The caller's read timeout bounds all that one v2 request needs.
    Upstream errors come back as v2 errors with their status, code and Retry-After."""

    def __init__(self, inner: httpx2.BaseTransport, memory: Memory | None = None) -> None:
        self._inner, self._memory = inner, memory or Memory()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        split = routes.split(request.url.path)
        if split is None:
            return self._inner.handle_request(request)
        prefix, path = split
        api = OpenAIApi(self._inner, request, prefix)
        status, body = self._answered(request, path, api)
        # in ASCII, for a text may hold half a surrogate pair
        headers = {**api.passed_back, "Content-Type": "application/json"}
        return httpx2.Response(status, content=json.dumps(body).encode(), headers=headers, request=request)

    def _answered(self, request: httpx2.Request, path: str, api: OpenAIApi) -> tuple[int, Json]:
        query = dict(request.url.params)
        try:
            return 200, routes.answer(request.method, path, query, _body(request), api, self._memory)
        except V2Error as refusal:
            return refusal.status, refusal.body()
        except UpstreamError as refusal:
            return refusal.status, _translated(refusal)
        except (LookupError, TypeError, AttributeError, ValueError) as surprise:
            if api.answered:
                raise httpx2.DecodingError(
                    "the answer has an unexpected shape", request=request
                ) from surprise
            return 400, V2Error(400, "The request has an unexpected shape.").body()

    def close(self) -> None:
        self._inner.close()


def _body(request: httpx2.Request) -> Json:
    content = request.read()
    try:
        body: Any = json.loads(content) if content else {}
    except (ValueError, RecursionError) as problem:
        raise V2Error(400, "The body is not valid JSON.") from problem
    if not isinstance(body, dict):
        raise V2Error(400, "The body must be a JSON object.")
    return body


def _translated(refusal: UpstreamError) -> Json:
    error = refusal.details()
    if error is None:
        return V2Error(refusal.status, f"OpenAI answered {refusal.status} without saying why.").body()
    return {
        "error": {
            "type": None,
            "param": None,
            "code": None,
            **error,
            "message": in_text(str(error.get("message") or "")),
        }
    }
