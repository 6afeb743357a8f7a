"""The answer: `{success, data, error}` as a web response of the platform."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from assistant_function.answer.failure import Failure
from assistant_function.answer.redaction import hide_secrets, redact
from assistant_function.answer.truncation import fit, fits, keep_ids
from assistant_function.errors import Json
from assistant_function.json_text import LONE_SURROGATE

HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
OPENAI_WORDS = ("lastError", "incompleteReason")  # of a run; they might hold a key
AT_TOP_LEVEL = ("threadId", "response")  # the original example reads them there
GOES_ON_HEADERS = {"Retry-After": "1"}
TOO_LONG = "the answer is longer than the 1 MB that the platform sends"


class Answer(NamedTuple):
    """What a handler answers. `goes_on`: a run or a deletion goes on, so a later call takes it up (202).

    `cut_front`: where a list of the data is too long to be sent, its first entries are left out, not its
    last."""

    data: Mapping[str, Any]
    goes_on: bool = False
    cut_front: bool = False


def wrap_answer(answer: Answer, secrets: tuple[str, ...] = ()) -> Json:
    """200, or 202 with Retry-After for what goes on."""
    whole = _hide_in_words(answer.data, secrets)
    data = fit(whole, answer.cut_front)
    if data is not whole and not fits(data):
        return _build_response(502, False, keep_ids(data), TOO_LONG, {})
    status, headers = (202, GOES_ON_HEADERS) if answer.goes_on else (200, {})
    return _build_response(status, True, data, None, headers)


def wrap_failure(failure: Failure, secrets: tuple[str, ...] = ()) -> Json:
    """The response to a failure. No secret leaves in it, and its words are bounded, whoever wrote them."""
    data = fit(hide_secrets(dict(failure.data), secrets)) if failure.data else None
    data = data if data is None or fits(data) else keep_ids(data)
    message = redact(failure.message, secrets) + failure.advice
    return _build_response(failure.status, False, data, message, failure.headers)


def _hide_in_words(data: Mapping[str, Any], secrets: tuple[str, ...]) -> Json:
    """The data, without secrets in what OpenAI says of a run, or of each run of a list."""
    hidden = {n: hide_secrets(v, secrets) if n in OPENAI_WORDS else v for n, v in data.items()}
    if "runs" in data:
        hidden["runs"] = [_hide_in_words(run, secrets) for run in data["runs"]]
    return hidden


def wrap_nothing() -> Json:
    """The response to OPTIONS: headers alone."""
    return {"statusCode": 204, "headers": dict(HEADERS), "body": ""}


def _build_response(
    status: int, success: bool, data: Json | None, error: str | None, headers: Mapping[str, str]
) -> Json:
    body: Json = {"success": success, "data": data, "error": error}
    body |= {name: data[name] for name in AT_TOP_LEVEL if data and name in data}
    return {"statusCode": status, "headers": {**HEADERS, **headers}, "body": make_sendable(body)}


def make_sendable(value: Any) -> Any:
    """Only what the platform can send: a lone surrogate in a string becomes an opaque error there, and JSON
    has no NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {make_sendable(key): make_sendable(inner) for key, inner in value.items()}
    return [make_sendable(inner) for inner in value] if isinstance(value, list) else value
