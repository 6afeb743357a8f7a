"""What can go wrong, each failure as a class of its own.

Who wants to go on after a failure looks at its class, never at the status that a caller would be answered."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

NOT_UNDERSTOOD = "OpenAI's answer could not be understood"


class FunctionError(Exception):
    """Ends a call: with this status and message, and with `data` where something exists nevertheless."""

    status = 500

    def __init__(
        self,
        message: str,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.data, self.headers = message, data, dict(headers or {})
        self.status = status or self.status


# ---------------------------------------------------------------- the call is refused, nothing was sent


class InvalidRequest(FunctionError):
    status = 400


class TokenMissing(FunctionError):
    status = 401


class TokenUnknown(FunctionError):
    """By path, as at OpenAI; by action a wrong token is Forbidden."""

    status = 401


class Forbidden(FunctionError):
    status = 403


class UnknownPath(FunctionError):
    status = 404


class MethodNotAllowed(FunctionError):
    status = 405


class TooLong(FunctionError):
    status = 413


class NotConfigured(FunctionError):
    status = 500


# ---------------------------------------------------------------- a request to OpenAI failed


class UpstreamError(FunctionError):
    """A request to OpenAI failed."""

    status = 502


class NotSent(UpstreamError):
    """OpenAI never got the request, so nothing was carried out."""


class AnswerLost(UpstreamError):
    """The request was sent and no usable answer came: what it asked for may have been carried out."""


class InvalidUpstreamResponse(AnswerLost):
    """OpenAI's answer is not what was asked for."""

    def __init__(self) -> None:
        super().__init__(NOT_UNDERSTOOD)


class AnswerTooLong(UpstreamError):
    """OpenAI's answer does not fit into the memory, nor would it the next time."""


class Refused(UpstreamError):
    """OpenAI refused the request, so nothing was carried out. What the caller is told depends on why."""


class Gone(Refused):
    """The object that the request names does not exist."""

    status = 404


class StreamRefused(Refused):
    """The run is not streamed; without a stream the same request may be carried out."""

    status = 400


class Conflict(Refused):
    """OpenAI is at work on the object."""

    status = 409


class Busy(Conflict):
    """The thread has an active run; `data` names it where it is known."""


class RateLimited(Refused):
    """OpenAI's rate limit or quota is used up."""

    status = 429


PASSING = (NotSent, AnswerLost, RateLimited)
"""After these the same read may succeed a moment later."""


# ---------------------------------------------------------------- the work was done in part, or ended badly


class RunEndedBadly(FunctionError):
    """A run that ended failed, expired or cancelled; `data` is the run."""

    status = 502


class RunHitRateLimit(RunEndedBadly):
    status = 429


class PartialFailure(Exception):
    """Something failed after something else was done: raised from that failure, with `data` that exists."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__("failed in part")
        self.data = data
