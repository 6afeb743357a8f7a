"""Errors in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`."""

from starlette.responses import JSONResponse

SERVER_ERROR = "The server had an error while processing your request. Sorry about that!"


class ApiError(Exception):
    """A refusal: HTTP status and what stands in OpenAI's error object."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code
        self.kind = kind

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return JSONResponse({"error": error}, status_code=self.status)


def not_found(what: str, identifier: str, param: str | None = None) -> ApiError:
    """404: there is no such object."""
    return ApiError(f"{what} with id '{identifier}' not found.", status=404, param=param)


def locked(conversation_id: str) -> ApiError:
    """400: the conversation has an active response."""
    return ApiError(
        f"Another process is currently operating on this conversation ({conversation_id}). "
        "Please retry in a few seconds.",
        code="conversation_locked",
    )


def missing(param: str) -> ApiError:
    """400: a required parameter was left out."""
    return ApiError(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def unsupported(param: str) -> ApiError:
    """400: a parameter that exists, but not here."""
    return ApiError(
        f"Unsupported parameter: '{param}' is not supported with this model.",
        param=param,
        code="unsupported_parameter",
    )


def server_error() -> ApiError:
    """500: the emulator's own fault."""
    return ApiError(SERVER_ERROR, status=500, code="server_error", kind="server_error")
