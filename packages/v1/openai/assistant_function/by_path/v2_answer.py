"""OpenAI's answer as the platform sends it, and failures in the shape of OpenAI's errors."""

import base64
import re
from typing import TYPE_CHECKING, Any

from assistant_function import json_text
from assistant_function.answer.envelope import HEADERS, TOO_LONG, make_sendable
from assistant_function.answer.failure import Failure
from assistant_function.answer.redaction import hide_secrets, redact
from assistant_function.answer.truncation import MAX_BYTES, cut_page, fits
from assistant_function.errors import FunctionError, InvalidUpstreamResponse, Json
from assistant_function.upstream.refusals import find_own_fault, find_run_id, refuses_stream, tells_active_run

if TYPE_CHECKING:
    import httpx2

    from assistant_function.by_path.api_request import ApiRequest

KEPT_HEADERS = {
    "x-request-id": "[!-~]{1,200}",
    "retry-after": r"[0-9]{1,5}(\.[0-9]+)?|[A-Z][a-z]{2}, [0-9A-Za-z :]{20,25}",
    "x-should-retry": "true|false",
    "openai-poll-after-ms": "[0-9]{1,9}",
    "openai-processing-ms": "[0-9]{1,9}",
}
V2_KINDS = re.compile(r"assistant|thread|thread\.(message|run|run\.step)|.*\.deleted|list")
ERROR_NAMES = ("message", "type", "param", "code", "thread_id")
DO_NOT_REPEAT = {"x-should-retry": "false"}  # else the SDKs send a change again after every 5xx
PAGE_KEYS = ("first_id", "last_id", "has_more")
WORDS_OF_A_RUN = ("last_error", "incomplete_details")  # they might hold a key
ERROR_CODES = {401: "invalid_api_key", 403: "insufficient_permissions", 413: "too_long"}
_JSON_TYPE = re.compile(r"application/([a-z.-]+\+)?json\b")
_TEXT_TYPE = re.compile(r"(text/|application/(javascript|xml)\b)")


def present_answer(
    response: "httpx2.Response", request: "ApiRequest", secrets: tuple[str, ...], may_have_changed: bool
) -> Json:
    """Raises InvalidUpstreamResponse for what is no answer of OpenAI's, and an error for one that the
    function's own settings are to blame for."""
    headers = _pick_headers(response, secrets)
    if response.status_code >= 300:
        body = {"error": _read_error(response, request, secrets)}
        repeat = DO_NOT_REPEAT if may_have_changed and response.status_code >= 500 else {}
        return _build_response(response.status_code, body, headers | repeat)
    kind = response.headers.get("content-type", "").lower()
    if _JSON_TYPE.match(kind) or (request.is_v2 and not kind.startswith("text/event-stream")):
        found = _parse_json(response, request)
        return _build_response(200, _fit(hide_words_of_runs(found, secrets), request), headers)
    text = response.text if _TEXT_TYPE.match(kind) else base64.b64encode(response.content).decode()
    if len(text.encode()) > MAX_BYTES:
        raise FunctionError(TOO_LONG, headers=DO_NOT_REPEAT, status=502)
    return _build_response(200, text, headers | {"Content-Type": kind or "text/plain"})


def present_events(events: str, response: "httpx2.Response", secrets: tuple[str, ...]) -> Json:
    headers = {**_pick_headers(response, secrets), "Content-Type": "text/event-stream; charset=utf-8"}
    return _build_response(200, events, headers)


def is_stream_refused(response: "httpx2.Response") -> bool:
    """Whether the answer to a request for a stream says that there is none."""
    response.read()
    try:
        body = json_text.loads(response.content)
    except ValueError:
        body = None
    return refuses_stream(response.status_code, body, response.text)


def is_locked(response: "httpx2.Response") -> bool:
    """Whether the thread is not free though no run is known to be active: a run's lock may outlast it."""
    if response.status_code not in (400, 409):
        return False
    response.read()
    return tells_active_run(response.text) and not find_run_id(response.text)


def present_v2_failure(failure: Failure, secrets: tuple[str, ...], may_have_changed: bool) -> Json:
    """A failure that is no answer of OpenAI's. Only one that may pass is left for the SDKs to repeat."""
    kind = "invalid_request_error" if failure.status < 500 else "server_error"
    code = ERROR_CODES.get(failure.status)
    message = redact(failure.message, secrets) + failure.advice
    error = {"message": message, "type": kind, "param": None, "code": code}
    repeat = DO_NOT_REPEAT if may_have_changed or failure.status == 500 else {}
    return _build_response(failure.status, {"error": error}, {**failure.headers, **repeat})


def _read_error(response: "httpx2.Response", request: "ApiRequest", secrets: tuple[str, ...]) -> Json:
    """OpenAI's error object, completed where a server leaves something out, and without what may be long."""
    try:
        found = json_text.loads(response.content)
    except ValueError:
        found = None
    error = found.get("error") if isinstance(found, dict) else None
    told = _pick_details(error, secrets) if isinstance(error, dict) else {}
    own_fault = find_own_fault(response.status_code, str(told.get("message", "")))
    if own_fault and (request.is_v2 or response.status_code != 404):  # a path of another API may be a typo
        raise own_fault
    if response.status_code < 400:
        raise InvalidUpstreamResponse
    unsaid = f"OpenAI answered {response.status_code} without saying why."
    return {"message": unsaid, "type": "server_error", "param": None, "code": None} | told


def _pick_details(error: Json, secrets: tuple[str, ...]) -> Json:
    told = {name: error[name] for name in ERROR_NAMES if isinstance(error.get(name), str | int)}
    return {name: redact(value, secrets) if isinstance(value, str) else value for name, value in told.items()}


def _parse_json(response: "httpx2.Response", request: "ApiRequest") -> Any:
    try:
        found = json_text.loads(response.content)
    except ValueError as problem:
        raise InvalidUpstreamResponse from problem
    if not isinstance(found, dict | list) or json_text.is_too_deep(found):
        raise InvalidUpstreamResponse
    if request.is_v2 and not (isinstance(found, dict) and _is_of_v2(found)):
        raise InvalidUpstreamResponse
    return found


def _is_of_v2(found: Json) -> bool:
    """Whether it is what v2 answers; some servers do not say that a list is one."""
    kind = found.get("object")
    return isinstance(found.get("data"), list) if kind is None else bool(V2_KINDS.fullmatch(str(kind)))


def hide_words_of_runs(found: Any, secrets: tuple[str, ...]) -> Any:
    """What OpenAI says about how a run went may hold a key; what the model says cannot."""
    if isinstance(found, list):
        return [hide_words_of_runs(one, secrets) for one in found]
    if not isinstance(found, dict):
        return found
    hidden = {name: hide_secrets(found[name], secrets) for name in WORDS_OF_A_RUN if name in found}
    if "data" in found:
        hidden["data"] = hide_words_of_runs(found["data"], secrets)
    return {**found, **hidden}


def _fit(body: Any, request: "ApiRequest") -> Any:
    """A page that is too long is cut, and says that there is more: the SDKs go on by themselves."""
    if fits(body):
        return body
    if isinstance(body, dict) and body.get("object") == "list" and body.get("data"):
        cut_front = "before" in request.query and "after" not in request.query
        cut = cut_page(body, "data", "id", PAGE_KEYS, cut_front)
        if fits(cut):
            return cut
    raise FunctionError(TOO_LONG, headers=DO_NOT_REPEAT, status=502)


def _pick_headers(response: "httpx2.Response", secrets: tuple[str, ...]) -> dict[str, str]:
    found = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return {
        name: redact(value, secrets)
        for name, value in found.items()
        if re.fullmatch(KEPT_HEADERS[name], value)
    }


def _build_response(status: int, body: Any, headers: dict[str, str]) -> Json:
    return {"statusCode": status, "headers": {**HEADERS, **headers}, "body": make_sendable(body)}
