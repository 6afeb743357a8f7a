"""The transport: takes a v2 request apart, has it answered, and makes a v2 response of the answer."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx2

from assistants_transport import routes
from assistants_transport.caches import Caches
from assistants_transport.event_stream import write_event
from assistants_transport.ids import to_v2_text
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.translate.marks import mark_from_key
from assistants_transport.v2_errors import Json, PartialFailure, UpstreamError, V2Error

NO_RETRY = {"x-should-retry": "false"}  # tells the SDK, which would begin anew beside what is left
if TYPE_CHECKING:
    from assistants_transport.operations.runs_as_streams import RunStream

# what reading JSON of an unexpected shape raises
SURPRISES = (LookupError, TypeError, AttributeError, ValueError, RecursionError)


class AssistantsTransport(httpx2.BaseTransport):
    """Answers Assistants v2 requests with today's OpenAI; every other request passes through unchanged.

    A message or a run that is sent again with the same header Idempotency-Key within its thread is done once.
    `inner` sends the requests. The read timeout of a v2 request bounds all requests made for it together.
    Upstream errors come back in v2's shape with their status, code and Retry-After. Raises httpx2's errors
    where there is no upstream answer, and DecodingError where it cannot be understood.
    With `enough_bytes` a list ends early, and says that there is more, once so much of it was read."""

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        caches: Caches | None = None,
        enough_bytes: float = math.inf,
    ) -> None:
        self._inner, self._caches, self._enough_bytes = inner, caches or Caches(), enough_bytes

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        split = routes.split_path(request.url.path)
        if split is None:
            return self._inner.handle_request(request)
        prefix, path = split
        api = OpenAIApi(self._inner, request, prefix, enough_bytes=self._enough_bytes)
        try:
            status, body = self._answer_request(request, path, api)
        except BaseException:
            api.hang_up()
            raise
        if isinstance(body, Mapping):
            # json.dumps writes ASCII: a text may hold half a surrogate pair, which UTF-8 cannot encode
            content = json.dumps(body).encode()
            headers = {**api.kept_headers, "Content-Type": "application/json"}
            return httpx2.Response(status, content=content, headers=headers, request=request)
        headers = {**api.kept_headers, "Content-Type": "text/event-stream"}
        return httpx2.Response(status, headers=headers, stream=_EventBytes(body), request=request)

    def _answer_request(
        self, request: httpx2.Request, path: str, api: OpenAIApi
    ) -> tuple[int, routes.V2Answer]:
        """The status and the body of the answer."""
        query = dict(request.url.params)
        try:
            body = _parse_body(request)
            mark = _read_mark(request)
            return 200, routes.dispatch(request.method, path, query, body, mark, api, self._caches)
        except (V2Error, UpstreamError) as refusal:
            return _describe_failure(refusal)
        except PartialFailure as failure:
            api.kept_headers |= NO_RETRY
            return _describe_failure(failure)
        except SURPRISES as surprise:
            # before the first upstream answer only the request's own shape can be the cause
            if api.was_answered:
                raise httpx2.DecodingError(
                    "the answer has an unexpected shape", request=request
                ) from surprise
            return 400, V2Error(400, "The request has an unexpected shape.").body()

    def close(self) -> None:
        self._inner.close()


class _EventBytes(httpx2.SyncByteStream):
    """A run's events as the body of an answer, each as soon as it is there. Closing it hangs up."""

    def __init__(self, stream: "RunStream") -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        try:
            for name, data in self._stream.events:
                yield write_event(name, data if isinstance(data, str) else json.dumps(data))
        except (V2Error, UpstreamError) as refusal:
            yield write_event("error", json.dumps(_describe_failure(refusal)[1]["error"]))
        except SURPRISES as surprise:
            raise httpx2.DecodingError("an event has an unexpected shape") from surprise

    def close(self) -> None:
        self._stream.close()


def _read_mark(request: httpx2.Request) -> str | None:
    """What stands for the request's Idempotency-Key: see operations/repeats.py."""
    key = request.headers.get("idempotency-key")
    return mark_from_key(key) if key else None


def _parse_body(request: httpx2.Request) -> Json:
    content = request.read()
    try:
        body: Any = json.loads(content) if content else {}
    except (ValueError, RecursionError) as problem:
        raise V2Error(400, "The body is not valid JSON.") from problem
    if not isinstance(body, dict):
        raise V2Error(400, "The body must be a JSON object.")
    return body


def _describe_failure(failure: BaseException | None) -> tuple[int, Mapping[str, Any]]:
    """The status and the body that tell of it; a part that is left is named in `thread_id` too."""
    match failure:
        case V2Error():
            return failure.status, failure.body()
        case UpstreamError():
            status = failure.status if failure.status >= 400 else 502  # a redirect
            return status, _translate_error(failure)
        case PartialFailure():
            status, body = _describe_failure(failure.__cause__)
            message = f"{body['error']['message']} {failure.left}"
            return status, {"error": {**body["error"], "message": message, "thread_id": failure.thread_id}}
        case httpx2.TimeoutException():
            return 504, V2Error(504, "OpenAI did not answer in time.").body()
        case httpx2.TransportError():
            return 502, V2Error(502, "OpenAI could not be reached.").body()
    return 502, V2Error(502, "OpenAI's answer could not be understood.").body()


def _translate_error(refusal: UpstreamError) -> Mapping[str, object]:
    """The upstream error object, completed to v2's and with v2's names and ids in its message."""
    error = refusal.details()
    if error is None:
        return V2Error(refusal.status, f"OpenAI answered {refusal.status} without saying why.").body()
    message = to_v2_text(str(error.get("message") or ""))
    return {"error": {"type": None, "param": None, "code": None, **error, "message": message}}
