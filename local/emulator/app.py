"""The ASGI app: the endpoints behind a key, every answer and every refusal in OpenAI's shape."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.emulator.agents import Agents
from local.emulator.api_error import ApiError, server_error
from local.emulator.background import ResponseTasks
from local.emulator.conversations import Conversations, Store
from local.emulator.database import Database
from local.emulator.event_log import EventLog
from local.emulator.models import Model
from local.emulator.responses import Responses
from local.emulator.stream_faults import StreamFaults

DEFAULT_CONTEXT_TOKENS = 128_000
REFUSED_KEY = "wrong"
MODELS_CREATED_AT = 1_788_220_800
MODELS = ("gpt-6-luna", "gpt-6-astra", "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini")


@dataclass
class Seen:
    """What the server was asked: (method, path) in order, and the clients' sockets (one per connection)."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)


class Gate:
    """Notes every request, asks for the key and puts OpenAI's headers on every answer."""

    def __init__(self, app: ASGIApp, seen: Seen, key: str | None) -> None:
        self.app = app
        self.seen = seen
        self.key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.monotonic()
        self.seen.requests.append((scope["method"], scope["path"]))
        self.seen.connections.add(tuple(scope["client"]))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = f"req_{secrets.token_hex(16)}"
                headers["openai-processing-ms"] = str(int((time.monotonic() - began) * 1000))
            await send(message)

        refusal = refuse_key(Headers(scope=scope).get("authorization", ""), self.key)
        await (refusal.response() if refusal else self.app)(scope, receive, send_with_headers)


def refuse_key(authorization: str, key: str | None) -> ApiError | None:
    """The 401 for a missing or wrong key; without a configured key any but `wrong` is right."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        return ApiError(
            "You didn't provide an API key. You need to provide your API key in an Authorization header "
            "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            status=401,
        )
    given = given.strip()
    if given == key or (key is None and given != REFUSED_KEY):
        return None
    masked = f"{given[:2]}***{given[-2:]}"
    return ApiError(f"Incorrect API key provided: {masked}.", status=401, code="invalid_api_key")


async def list_models(_: Request) -> JSONResponse:
    """GET /models: some of the names; any other name but those that are gone works too."""
    about = {"object": "model", "created": MODELS_CREATED_AT, "owned_by": "system"}
    return JSONResponse({"object": "list", "data": [{"id": name, **about} for name in MODELS]})


async def refuse_assistants(_: Request) -> JSONResponse:
    """Any Assistants path. What OpenAI answers since the shutdown of 2026-08-26 is unverified."""
    raise ApiError(
        "The Assistants API has been shut down. Please use the Responses API instead.",
        status=404,
        code="assistants_api_shut_down",
    )


async def render_error(_: Request, error: Exception) -> Response:
    """A refusal."""
    return error.response() if isinstance(error, ApiError) else server_error().response()


async def render_unknown_url(request: Request, error: Exception) -> Response:
    """404 and 405 in OpenAI's shape."""
    where = f"({request.method} {request.url.path})"
    if isinstance(error, HTTPException) and error.status_code == 405:
        return ApiError(f"Not allowed {where}", status=405, code="method_not_supported").response()
    return ApiError(f"Invalid URL {where}", status=404).response()


def make_app(
    database: Database,
    model: Model,
    *,
    key: str | None = None,
    context_tokens: int = DEFAULT_CONTEXT_TOKENS,
    refuses: frozenset[str] = frozenset(),
    seen: Seen | None = None,
    clock: Callable[[], float] = time.time,
    log: EventLog | None = None,
    stream_faults: StreamFaults | None = None,
) -> ASGIApp:
    """The app on this database; `key` None accepts any key but `wrong`, `clock` gives the Unix time."""
    store = Store(database, clock)
    log, faults = log or EventLog(database), stream_faults or StreamFaults()
    tasks = ResponseTasks(database, store, model, clock, log, faults)
    gone = [
        Route(path + rest, refuse_assistants, methods=["GET", "POST", "DELETE"])
        for path in ("/assistants", "/threads")
        for rest in ("", "/{rest:path}")
    ]
    routes: list[BaseRoute] = [
        *Agents(database, clock).routes(),
        *Conversations(database, store, clock).routes(),
        *Responses(database, store, tasks, context_tokens, refuses).routes(),
        Route("/models", list_models, methods=["GET"]),
        *gone,
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks.fail_interrupted()
        yield
        await tasks.stop()

    app = Starlette(
        routes=[Mount("/v1", app=Router(routes, redirect_slashes=False))],
        exception_handlers={
            ApiError: render_error,
            HTTPException: render_unknown_url,
            Exception: render_error,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return Gate(app, seen or Seen(), key)
