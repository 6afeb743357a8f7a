"""Our errors, and the SDK's: which status and which words each of them is answered with."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

Json = dict[str, Any]


class FunctionError(Exception):
    """An answer other than success: its status, and the data that exists nevertheless."""

    status = 500

    def __init__(
        self, message: str, data: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.data, self.headers = message, data, dict(headers or {})


class InvalidRequest(FunctionError):
    status = 400


class TokenMissing(FunctionError):
    status = 401


class Forbidden(FunctionError):
    status = 403


class MethodNotAllowed(FunctionError):
    status = 405


class TooLong(FunctionError):
    status = 413


class NotConfigured(FunctionError):
    status = 500


class Nonsense(FunctionError):
    """OpenAI answered with something that is not what was asked for."""

    status = 502


class RunEndedBadly(FunctionError):
    """A run that ended failed, expired or cancelled; `data` is the run."""

    status = 502


class RunHitRateLimit(RunEndedBadly):
    status = 429


class Interrupted(Exception):
    """Something failed after something else was done: raised from the failure, with the data there is."""

    def __init__(self, data: Json) -> None:
        super().__init__("interrupted")
        self.data = data


class Failure(NamedTuple):
    """What a failed call is answered with."""

    status: int
    message: str
    data: Json | None = None
    headers: Mapping[str, str] = {}


NOT_UNDERSTOOD = "OpenAI's answer could not be understood"
AGAIN = "; try again"
LOOK = "; the change may have been carried out: look before you repeat it"
ONCE = "; repeat it with the same requestId: it is done once"
GOES_ON = "; the run is not lost: take it up again with get-run"
OWN_FAULT = "the function failed; its log has the details"

# The SDK's exceptions and Python's, by class name: an error is looked up by its class, then by its bases,
# so the SDK need not be imported for answers that never came near it. {} is OpenAI's own message.
TABLE: dict[str, tuple[int, str]] = {
    "APITimeoutError": (504, "OpenAI did not answer in time"),
    "APIConnectionError": (502, "OpenAI could not be reached"),
    "AuthenticationError": (500, "OPENAI_API_KEY is refused by OpenAI; set a valid key"),
    "PermissionDeniedError": (500, "OPENAI_API_KEY is not allowed to do this: {}"),
    "BadRequestError": (400, "{}"),
    "UnprocessableEntityError": (400, "{}"),
    "NotFoundError": (404, "{}"),
    "ConflictError": (409, "{}"),
    "RateLimitError": (429, "OpenAI's rate limit or quota is used up: {}"),
    "APIResponseValidationError": (502, NOT_UNDERSTOOD),
    "APIStatusError": (502, "OpenAI failed with status {status}: {}"),
    "JSONDecodeError": (502, NOT_UNDERSTOOD),
    "UnicodeDecodeError": (502, NOT_UNDERSTOOD),
    "Exception": (500, OWN_FAULT),
}
UNKNOWN_PATH = "Invalid URL"  # how OpenAI begins its 404 for a path that is none of its own
BY_STATUS = {408: 504, 413: 413}  # statuses that the SDK has no class for
_ACTIVE_RUN = re.compile(r"already has an active run|while a run (run_\w+ )?is active", re.IGNORECASE)
_RUN_ID = re.compile(r"\brun_[A-Za-z0-9]\w*")
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")
MOST_RETRY_AFTER_SECONDS = 86_400


def failure(error: Exception, thread_id: str | None = None, advice: str = AGAIN) -> Failure:
    """The answer to any exception; `advice` says what to do about a 502 or 504."""
    if isinstance(error, Interrupted):
        return _interrupted(error, thread_id, advice)
    if isinstance(error, FunctionError):
        message = error.message + (advice if isinstance(error, Nonsense) else "")
        return Failure(error.status, message, error.data, error.headers)
    return _of_the_sdk(error, thread_id, advice)


def _interrupted(error: Interrupted, thread_id: str | None, advice: str) -> Failure:
    if not isinstance(error.__cause__, Exception):
        return Failure(500, OWN_FAULT, error.data)
    told = failure(error.__cause__, thread_id, GOES_ON if error.data.get("runId") else advice)
    return told._replace(data=error.data | (told.data or {}))


def _of_the_sdk(error: Exception, thread_id: str | None, advice: str) -> Failure:
    words = _upstream_message(error)
    if _ACTIVE_RUN.search(words):
        return _active_run(words, thread_id)
    if words.startswith(UNKNOWN_PATH):
        return Failure(500, f"{words}: check OPENAI_BASE_URL and ASSISTANTS_BACKEND")
    status, text = _look_up(error)
    upstream_status = getattr(error, "status_code", None) or 0
    status = BY_STATUS.get(upstream_status, status)
    text = text.format(words or "no reason given", status=upstream_status)
    headers = _retry_after(error) if status in (429, 502) else {}
    return Failure(status, text + (advice if status in (502, 504) else ""), None, headers)


def _look_up(error: Exception) -> tuple[int, str]:
    if type(getattr(error, "__cause__", None)).__name__ == "DecodingError":
        return 502, NOT_UNDERSTOOD
    return next(TABLE[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in TABLE)


def _upstream_message(error: Exception) -> str:
    """OpenAI's own words: the message of its error object, else nothing (an HTML page is no message)."""
    body = getattr(error, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    return message[:1000] if isinstance(message, str) else ""


def _active_run(words: str, thread_id: str | None) -> Failure:
    found = _RUN_ID.search(words)
    run_id = found.group() if found else None
    advice = (
        "wait for it with get-run or stop it with cancel-run" if run_id else "try again when it has ended"
    )
    return Failure(409, f"the thread has an active run; {advice}", {"threadId": thread_id, "runId": run_id})


def _retry_after(error: Exception) -> dict[str, str]:
    value = str(getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")).strip()
    seconds = re.fullmatch("[0-9]{1,5}", value) and int(value) <= MOST_RETRY_AFTER_SECONDS
    return {"Retry-After": value} if seconds or _HTTP_DATE.fullmatch(value) else {}


def fault(error: Exception) -> Json:
    """For the log: which fault of our own, and where. No message, which may hold a text or a key."""
    if isinstance(error, Interrupted) and isinstance(error.__cause__, Exception):
        return fault(error.__cause__)
    if isinstance(error, FunctionError) or _look_up(error)[1] != OWN_FAULT:
        return {}
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}" if frame else None
    return {"fault": type(error).__name__, "at": place}
