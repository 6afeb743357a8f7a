"""What a request that failed means: whose fault it is, and whether it may have been carried out."""

import re
from typing import Any

import httpx2

from assistant_function import errors
from assistant_function.upstream.bounded_reading import MAX_ANSWER_BYTES, AnswerTooLong
from assistant_function.upstream.retrying import NOT_SENT

STREAM_REFUSALS = (400, 404, 405, 422, 501)
_ACTIVE_RUN = re.compile(r"already has an active run|while a run (run_\w+ )?is active", re.IGNORECASE)
_RUN_ID = re.compile(r"\brun_[A-Za-z0-9]\w*")
_STREAM = re.compile(r"\b(stream|streamed|streaming|background)\b", re.IGNORECASE)
UNKNOWN_PATH = "Invalid URL"  # how OpenAI begins its 404 for a path that is none of its own


def translate_failure(cause: BaseException | None) -> errors.UpstreamError:
    """An error of httpx2: no answer, or the end of one that was not whole."""
    if isinstance(cause, httpx2.TooManyRedirects):
        return errors.AnswerLost(f"OPENAI_BASE_URL redirects to {cause}; set it to the address that answers")
    if isinstance(cause, AnswerTooLong):
        told = f"OpenAI's answer is longer than the {MAX_ANSWER_BYTES} bytes that are read"
        return errors.AnswerTooLong(told)
    if isinstance(cause, httpx2.DecodingError):
        return errors.InvalidUpstreamResponse()
    kind = errors.NotSent if isinstance(cause, NOT_SENT) else errors.AnswerLost
    if isinstance(cause, httpx2.TimeoutException):
        return kind("OpenAI did not answer in time", status=504)
    return kind("OpenAI could not be reached")


def tells_active_run(words: str) -> bool:
    """Whether OpenAI's words say that the thread is not free."""
    return bool(_ACTIVE_RUN.search(words))


def find_run_id(words: str) -> str | None:
    found = _RUN_ID.search(words)
    return found.group() if found else None


def refuses_stream(status: int, body: Any, text: str) -> bool:
    """Whether an answer to a request for a stream says that there is none, and nothing was started.

    `body` is its JSON. Servers word it differently; some give a `detail` in place of OpenAI's error."""
    in_doubt = isinstance(body, dict) and "detail" in body
    return status in STREAM_REFUSALS and bool(in_doubt or _STREAM.search(text))


def find_own_fault(status: int, words: str) -> errors.FunctionError | None:
    """The error for an answer that the function's settings are to blame for, not its caller; else None.

    `words` are OpenAI's own."""
    if words.startswith(UNKNOWN_PATH):
        return errors.NotConfigured(f"check OPENAI_BASE_URL and ASSISTANTS_BACKEND: {words}")
    if status == 401:
        return errors.Refused("OPENAI_API_KEY is refused by OpenAI; set a valid key", status=500)
    if status == 403:
        reason = words or "no reason given"
        return errors.Refused(f"OPENAI_API_KEY is not allowed to do this: {reason}", status=500)
    return None
