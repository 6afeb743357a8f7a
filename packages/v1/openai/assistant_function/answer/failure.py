"""Any exception -> what the caller is told: the status, the words, and what to do next."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from assistant_function.errors import AnswerTooLong, Busy, FunctionError, Json, PartialFailure, UpstreamError

TRY_AGAIN = "; try again"
LOOK_FIRST = "; the change may have been carried out: look before you repeat it"
SAME_REQUEST_ID = "; repeat it with the same requestId: it is done once"
GOES_ON = "; the run is not lost: take it up again with get-run"
OWN_FAULT = "the function failed; its log has the details"


class Failure(NamedTuple):
    """What a failed call is answered with; `advice` is said after the message."""

    status: int
    message: str
    data: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = {}
    advice: str = ""


def present_failure(error: Exception, params: Json, may_have_changed: bool = False) -> Failure:
    """`params` are the call's; `may_have_changed`: it changed something at OpenAI, or may have."""
    return _present(error, params, _choose_advice(params, may_have_changed))


def _choose_advice(params: Json, may_have_changed: bool) -> str:
    """What to do after a failure of OpenAI: how safe is it to repeat the call?"""
    if not may_have_changed:
        return TRY_AGAIN
    return SAME_REQUEST_ID if params.get("requestId") and params.get("threadId") else LOOK_FIRST


def _present(error: BaseException | None, params: Json, advice: str) -> Failure:
    match error:
        case PartialFailure():
            failure = _present(error.__cause__, params, GOES_ON if error.data.get("runId") else advice)
            known = {name: value for name, value in error.data.items() if value is not None}
            return failure._replace(data={**error.data, **(failure.data or {}), **known})
        case Busy():
            thread_id = params["threadId"] if isinstance(params.get("threadId"), str) else None
            return Failure(error.status, error.message, {"threadId": thread_id, **(error.data or {})})
        case AnswerTooLong() if advice in (TRY_AGAIN, GOES_ON):
            return Failure(error.status, error.message, error.data)
        case UpstreamError(status=502 | 504):
            return Failure(error.status, error.message, error.data, error.headers, advice)
        case FunctionError():
            return Failure(error.status, error.message, error.data, error.headers)
    return Failure(500, OWN_FAULT)


def describe_fault(error: BaseException | None) -> Json:
    """For the log: which fault of our own, and where. No message, which may hold a text or a key."""
    if isinstance(error, PartialFailure):
        return describe_fault(error.__cause__)
    if isinstance(error, FunctionError) or error is None:
        return {}
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}" if frame else None
    return {"fault": type(error).__name__, "at": place}
