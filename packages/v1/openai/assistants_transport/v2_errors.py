"""Errors in the shape of Assistants v2: `{"error": {message, type, param, code}}`."""

from typing import Any, Never

import httpx2

Json = dict[str, Any]

LOCKED = "conversation_locked"
NO_OUTPUT = "No tool output found"
TYPES = {401: "authentication_error", 403: "permission_error", 404: "invalid_request_error"}


class V2Error(Exception):
    """A refusal: becomes an answer with this status in v2's error shape."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param, code

    def body(self) -> Json:
        kind = TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


class UpstreamError(Exception):
    """An upstream answer with a status of 400 or more."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(f"upstream answered {response.status_code}")
        self.response = response
        self.status = response.status_code

    def details(self) -> Json | None:
        """OpenAI's error object, or None where the body is something else."""
        try:
            error = self.response.json()["error"]
        except (ValueError, TypeError, KeyError):
            return None
        return error if isinstance(error, dict) else None

    def is_active_run(self) -> bool:
        """Whether the conversation is locked by a response, or waits for the outputs of its calls."""
        error = self.details() or {}
        return error.get("code") == LOCKED or NO_OUTPUT in str(error.get("message", ""))


def refuse_field(param: str, why: str) -> Never:
    """What cannot be carried is refused by name."""
    raise V2Error(
        400,
        f"'{param}' cannot be carried to today's OpenAI: {why}.",
        param=param,
        code="unsupported_parameter",
    )


def refuse_value(param: str, why: str) -> Never:
    raise V2Error(400, f"Invalid '{param}': {why}.", param=param)


def refuse_missing(param: str) -> Never:
    raise V2Error(400, f"Missing required parameter: '{param}'.", param=param)


def active_run(thread_id: str, run_id: str | None) -> V2Error:
    """v2's refusal while a run is active, as the Assistants API worded it."""
    return V2Error(400, f"Thread {thread_id} already has an active run{' ' + run_id if run_id else ''}.")
