"""Errors: the transport's own refusals in the shape of Assistants v2, and upstream's refusals."""

from typing import TYPE_CHECKING, Any, Never

import httpx2

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

Json = dict[str, Any]

CONVERSATION_LOCKED_CODE = "conversation_locked"
UNANSWERED_CALL_MESSAGE = "No tool output found"
ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 404: "invalid_request_error"}


class V2Error(Exception):
    """A refusal. The transport answers it with this status and `body()`."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param, code

    def body(self) -> "v2.ErrorBody":
        kind = ERROR_TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


class UpstreamError(Exception):
    """An upstream answer with a status of 300 or more: a redirect is not followed."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(f"upstream answered {response.status_code}")
        self.response = response
        self.status = response.status_code

    def details(self) -> Json | None:
        """OpenAI's error object, or None if the body holds none."""
        try:
            error = self.response.json()["error"]
        except (ValueError, TypeError, KeyError):
            return None
        return error if isinstance(error, dict) else None

    def is_active_run(self) -> bool:
        """Whether a response locks the conversation, or the conversation waits for tool outputs."""
        error = self.details() or {}
        return error.get("code") == CONVERSATION_LOCKED_CODE or UNANSWERED_CALL_MESSAGE in str(
            error.get("message", "")
        )

    def names_field(self, name: str) -> bool:
        """Whether the request seems to be refused because of this field, whose name must be a rare word."""
        return self.status in (400, 422, 501) and name in self.response.text


class PartialFailure(Exception):
    """Something failed after something else was done for the same request: raised from that failure.

    `left` is a sentence about what exists nevertheless, in the thread with this id."""

    def __init__(self, left: str, thread_id: str) -> None:
        super().__init__(left)
        self.left, self.thread_id = left, thread_id


def is_sure_refusal(failure: Exception) -> bool:
    """Whether the request that failed was surely not carried out, so that what led up to it may be undone.

    Every 4xx says so, that of a lock (400, 409) or a rate limit (429) too. But after 408 a server may have
    gone on, as after a 5xx and after an answer that was lost."""
    if isinstance(failure, UpstreamError):
        return failure.status < 500 and failure.status != httpx2.codes.REQUEST_TIMEOUT
    return isinstance(failure, V2Error)


def refuse_field(param: str, why: str) -> Never:
    """Raises V2Error 400 for a field that today's OpenAI has no place for."""
    raise V2Error(
        400,
        f"'{param}' cannot be carried to today's OpenAI: {why}.",
        param=param,
        code="unsupported_parameter",
    )


def refuse_value(param: str, why: str) -> Never:
    """Raises V2Error 400 for a field whose value is wrong."""
    raise V2Error(400, f"Invalid '{param}': {why}.", param=param)


def refuse_missing(param: str) -> Never:
    """Raises V2Error 400 for a required field that is not there."""
    raise V2Error(400, f"Missing required parameter: '{param}'.", param=param)


def active_run_error(thread_id: str, run_id: str | None, *, adds_message: bool = False) -> V2Error:
    """The errors that Assistants v2 gave, word for word, while a run of the thread was active."""
    if adds_message:
        run = f"a run {run_id}" if run_id else "a run"
        return V2Error(400, f"Can't add messages to {thread_id} while {run} is active.")
    return V2Error(400, f"Thread {thread_id} already has an active run{' ' + run_id if run_id else ''}.")
