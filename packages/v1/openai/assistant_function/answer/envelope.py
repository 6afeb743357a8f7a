"""The answer: `{success, data, error}` as a web response of the platform."""

import math
import re
from collections.abc import Mapping
from typing import Any

from assistant_function.answer.truncation import fit, fits, ids_of
from assistant_function.errors import Failure, Json
from assistant_function.json_text import LONE_SURROGATE
from assistant_function.upstream.polling import ENDED

HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
REASONS = ("lastError", "incompleteReason")  # OpenAI's words, which might hold a key
AT_TOP_LEVEL = ("threadId", "response")  # the original example reads them there
UNFINISHED = {"Retry-After": "1"}
TOO_LONG = "the answer is longer than the 1 MB that the platform sends"
HIDDEN = "[hidden]"
SHORTEST_SECRET_CHARACTERS = 6
_OPENAI_KEY = re.compile(r"\bsk-[A-Za-z0-9_*-]{8,}")


def success(data: Json, secrets: tuple[str, ...] = ()) -> Json:
    """200, or 202 with Retry-After for a run or a deletion that goes on."""
    whole = {name: without(value, secrets) if name in REASONS else value for name, value in data.items()}
    data = fit(whole)
    if data is not whole and not fits(data):
        return _response(502, False, ids_of(data), TOO_LONG, {})
    goes_on = data.get("deleted") is False or ("status" in data and data["status"] not in ENDED)
    return _response(202 if goes_on else 200, True, data, None, UNFINISHED if goes_on else {})


def empty() -> Json:
    """The answer to OPTIONS: headers alone."""
    return {"statusCode": 204, "headers": dict(HEADERS), "body": ""}


def refusal(failure: Failure, secrets: tuple[str, ...] = ()) -> Json:
    """The answer to a failure; no secret leaves in it."""
    data = failure.data and fit(without(failure.data, secrets))
    data = data if data is None or fits(data) else ids_of(data)
    return _response(failure.status, False, data, without(failure.message, secrets), failure.headers)


def _response(
    status: int, ok: bool, data: Json | None, error: str | None, headers: Mapping[str, str]
) -> Json:
    body: Json = {"success": ok, "data": data, "error": error}
    body |= {name: data[name] for name in AT_TOP_LEVEL if data and name in data}
    return {"statusCode": status, "headers": {**HEADERS, **headers}, "body": _sendable(body)}


def _sendable(value: Any) -> Any:
    """Only what the platform can send: a lone surrogate in a string becomes an opaque error there, and JSON
    has no NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_sendable(key): _sendable(inner) for key, inner in value.items()}
    return [_sendable(inner) for inner in value] if isinstance(value, list) else value


def without(value: Any, secrets: tuple[str, ...]) -> Any:
    """The value with no secret in any of its texts."""
    if isinstance(value, dict):
        return {without(key, secrets): without(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list):
        return [without(inner, secrets) for inner in value]
    if not isinstance(value, str):
        return value
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET_CHARACTERS:
            value = value.replace(secret, HIDDEN)
    return _OPENAI_KEY.sub(HIDDEN, value)
