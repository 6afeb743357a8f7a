"""The gateway behind a socket: Starlette for HTTP, uvicorn for the socket, a thread for both."""

import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from .events import ENTITY_LIMIT_BYTES, Dialect, WebRequest, WebResponse
from .gateway import FUNCTION_PATH, WEB_WAIT_SECONDS, Gateway
from .pool import Pool
from .process import Log
from .project import Function

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
CALLS_AT_ONCE = 120  # the platform's limit for a namespace
IDLE_SECONDS = 75
ALL_INTERFACES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- what is called where these are listened on
PAGE = Path(__file__).parents[1] / "page" / "index.html"


@dataclass(frozen=True)
class Host:
    """A running devhost. root and url have no slash at the end."""

    root: str
    url: str
    port: int
    gateway: Gateway


@contextmanager
def serve(
    function: Function | Path,
    environment: Mapping[str, str] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    dialect: Dialect = "digitalocean",
    python: str = sys.executable,
    virtualenv: Path | None = None,
    most_processes: int = 8,
    wait_seconds: float = WEB_WAIT_SECONDS,
    page: Path = PAGE,
    log: Log | None = None,
    check: Callable[[WebRequest], None] = lambda _: None,
) -> Iterator[Host]:
    """Serve a function (or the folder of one) until the block ends; port 0 takes a free one.

    environment is what the function sees, when only a folder is given. virtualenv is one that build.sh made,
    in place of python's own packages. wait_seconds is the platform's 30 s cut. log gets each line that the
    function prints. check may refuse a request, which the platform would not (guard.py). Raises OSError when
    the port is taken.
    """
    if isinstance(function, Path):
        function = Function(function.resolve(), environment or {})
    with _listen(host, port) as listener:
        pool = Pool(
            function,
            log=log or _print_line,
            python=python,
            dialect=dialect,
            virtualenv=virtualenv,
            most_processes=most_processes,
        )
        gateway = Gateway(pool, dialect=dialect, wait_seconds=wait_seconds, check=check)
        root = f"http://{find_address(host)}:{listener.getsockname()[1]}"
        with _run_server(make_application(gateway, page), listener, gateway):
            yield Host(root, root + FUNCTION_PATH, listener.getsockname()[1], gateway)


def find_address(host: str) -> str:
    """The address by which this computer calls what listens on host, as it stands in a URL."""
    address = ALL_INTERFACES.get(host, host)
    return f"[{address}]" if ":" in address else address


def make_application(gateway: Gateway, page: Path = PAGE) -> Starlette:
    """The web application: the function under its URL, a page at /."""
    calls = anyio.CapacityLimiter(CALLS_AT_ONCE)

    async def function(request: Request) -> Response:
        web_request = await _read_request(request)
        return _make_response(await anyio.to_thread.run_sync(gateway.handle, web_request, limiter=calls))

    async def front(request: Request) -> Response:
        if page.exists():
            return FileResponse(page, headers={"Cache-Control": "no-cache"})
        url = f"{request.base_url}{FUNCTION_PATH[1:]}"
        return JSONResponse({"function": url, "example": f"{url}?action=list-assistants"})

    return Starlette(
        routes=[Route("/", front, methods=["GET"]), Route("/{path:path}", function, methods=METHODS)]
    )


def _listen(host: str, port: int) -> socket.socket:
    """Bind the socket before anything is started, so that a port in use raises OSError at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=256)
    # asyncio does this only for sockets made with IPPROTO_TCP; without it each answer takes 40 ms more.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextmanager
def _run_server(app: Starlette, listener: socket.socket, gateway: Gateway) -> Iterator[None]:
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield
    finally:
        gateway.pool.close()  # first, so that calls under way are answered and their threads end
        server.should_exit = True
        thread.join(timeout=5)


async def _read_request(request: Request) -> WebRequest:
    return WebRequest(
        method=request.method,
        path=request.scope["raw_path"].decode("latin-1"),
        query=request.scope["query_string"].decode("latin-1"),
        headers=[(key, value) for key, value in request.headers.items()],
        body=await _read_body(request),
        client=request.client.host if request.client else "",
    )


async def _read_body(request: Request) -> bytes:
    """The body, cut one byte above the limit; read to its end, or the caller could not read the answer."""
    body = bytearray()
    async for piece in request.stream():
        body += piece[: ENTITY_LIMIT_BYTES + 1 - len(body)]
    return bytes(body)


def _make_response(answer: WebResponse) -> Response:
    response = Response(status_code=answer.status)
    response.body = answer.body
    response.raw_headers = [(key.lower().encode(), _encode_header(value)) for key, value in answer.headers]
    if answer.status >= 200 and answer.status not in (204, 304):
        response.raw_headers.append((b"content-length", str(len(answer.body)).encode()))
    return response


def _encode_header(value: str) -> bytes:
    return re.sub(r"[\r\n]", " ", value).encode("utf-8", "replace")


def _print_line(line: str) -> None:
    print(f"openai | {line}", flush=True)
