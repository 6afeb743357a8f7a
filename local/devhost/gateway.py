"""Answers web requests as the platform does, without sockets."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from .events import (
    ENTITY_LIMIT_BYTES,
    Dialect,
    Headers,
    PlatformError,
    WebRequest,
    WebResponse,
    make_event,
    make_web_response,
    render_json,
)
from .pool import Activation, Pool

FUNCTION_PATH = "/api/v1/web/fn-local/v1/openai"
WEB_WAIT_SECONDS = 30.0  # then a web caller is cut off; the activation goes on without it
CORS_METHODS = "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH"
CORS_HEADERS = "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent"

_ROUTE = re.compile(re.escape(FUNCTION_PATH) + r"(?:\.(http|json))?(/.*)?")


class Gateway:
    """Answers web requests from a pool of the function's processes.

    `check` may raise PlatformError for a request that is not to be answered."""

    def __init__(
        self,
        pool: Pool,
        *,
        dialect: Dialect = "digitalocean",
        wait_seconds: float = WEB_WAIT_SECONDS,
        check: Callable[[WebRequest], None] = lambda _: None,
    ) -> None:
        self.pool = pool
        self._check = check
        self._dialect = dialect
        self._wait_seconds = wait_seconds

    def handle(self, request: WebRequest) -> WebResponse:
        """The platform's answer; never raises for anything that a caller or the function does."""
        platform_headers: Headers = []
        try:
            response = self._answer(request, platform_headers)
        except PlatformError as problem:
            response = problem.response()
        # Added, not replaced: a function that sends its own CORS header doubles it.
        return WebResponse(response.status, platform_headers + response.headers, response.body)

    def invoke(self, event: Mapping[str, Any]) -> Activation:
        """Call the function and wait for its end, as `doctl serverless functions invoke` does: by no URL."""
        activation = self.pool.submit(event)
        activation.done.wait()
        return activation

    def _answer(self, request: WebRequest, platform_headers: Headers) -> WebResponse:
        self._check(request)
        route = _ROUTE.fullmatch(request.path)
        if route is None:
            raise PlatformError(404, "The requested resource does not exist.")
        if len(request.body) > ENTITY_LIMIT_BYTES:
            raise PlatformError(413, f"Request larger than allowed: over {ENTITY_LIMIT_BYTES} bytes.")
        if not self.pool.function.custom_options:
            platform_headers += _cors(request)
            if request.method == "OPTIONS":
                return WebResponse(204, [], b"")
        event = make_event(request, route[2] or "", self.pool.function.environment, self._dialect)
        activation = self.pool.submit(event)
        platform_headers.append(("x-openwhisk-activation-id", activation.id))
        result = self._wait(activation)
        return render_json(result) if route[1] == "json" else make_web_response(result)

    def _wait(self, activation: Activation) -> Any:
        if not activation.done.wait(self._wait_seconds):
            raise PlatformError(
                504, f"No answer within {self._wait_seconds:g} s; the activation goes on without its caller."
            )
        if activation.outcome == "timeout":
            raise PlatformError(504, activation.result)
        if activation.outcome == "error":
            raise PlatformError(502, "There was an error processing your request.")
        return activation.result


def _cors(request: WebRequest) -> Headers:
    return [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", CORS_METHODS),
        ("Access-Control-Allow-Headers", request.header("access-control-request-headers") or CORS_HEADERS),
    ]
