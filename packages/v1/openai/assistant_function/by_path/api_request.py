"""The request that the platform took apart, put together again: it merges query and body into one."""

import base64
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from assistant_function.errors import InvalidRequest, Json, MethodNotAllowed, UnknownPath
from assistant_function.request.event import Event, read_parameters
from assistant_function.request.readers import read_id
from assistant_function.upstream.client import Connection

if TYPE_CHECKING:
    import httpx2

RUNS = "/threads/{thread_id}/runs"
STREAMED = ("POST /threads/runs", f"POST {RUNS}", f"POST {RUNS}/{{run_id}}/submit_tool_outputs")
METHODS_WITH_BODY = ("POST", "PUT", "PATCH")
V2_HEADERS = {"OpenAI-Beta": "assistants=v2"}
_SAFE_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.:~-]+)+")
_HEADER_TEXT = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")


class ApiRequest(NamedTuple):
    """A request of OpenAI's API. `path` begins behind the version, `name` is what the log calls it."""

    method: str
    path: str
    name: str
    query: Mapping[str, str] = {}
    body: Json | bytes | None = None
    headers: Mapping[str, str] = {}
    is_v2: bool = False

    @property
    def wants_stream(self) -> bool:
        body = self.body if self.is_v2 and self.name in STREAMED and isinstance(self.body, dict) else {}
        return body.get("stream") is True

    def without_stream(self) -> "ApiRequest":
        body = self.body if isinstance(self.body, dict) else {}
        return self._replace(body={name: value for name, value in body.items() if name != "stream"})

    def send(self, connection: Connection, *, as_stream: bool = False) -> "httpx2.Response":
        """Raises InvalidRequest for a body that cannot be sent, and what the connection raises."""
        kind = {"Content-Type": "application/json"} if isinstance(self.body, dict) else {}
        headers, content = {**self.headers, **kind}, self._encode_body()
        return connection.send(self.method, self.path, self.query, headers, content, as_stream=as_stream)

    def _encode_body(self) -> bytes | None:
        if not isinstance(self.body, dict):
            return self.body
        try:
            return json.dumps(self.body, allow_nan=False).encode()
        except (ValueError, RecursionError) as problem:
            raise InvalidRequest("the body must be JSON, and not nested too deeply") from problem


def read_v2(connection: Connection, path: str, query: Mapping[str, str] | None = None) -> "httpx2.Response":
    """A read of the function's own, on the way to an answer."""
    return connection.send("GET", path, query or {}, V2_HEADERS)


def read_v2_request(event: Event, path: str) -> ApiRequest:
    """Tells query and body apart by the transport's table of v2's operations.

    Raises UnknownPath, MethodNotAllowed, InvalidRequest for an unsafe id or an unknown query parameter."""
    from assistants_transport.routes import QUERY_IDS, ROUTES

    method = _read_method(event)
    known = {
        route.method: (route, ids) for route in ROUTES if (ids := route.match(route.method, path)) is not None
    }
    if not known:
        raise UnknownPath(f"Invalid URL ({method} /v1{path[:200]})")
    if method not in known:
        raise MethodNotAllowed(
            f"Not allowed to {method[:20]} on /v1{path[:200]}", headers={"Allow": ", ".join(known)}
        )
    route, ids = known[method]
    given = read_parameters(event)
    takes_body = method in METHODS_WITH_BODY
    query = {name: given[name] for name in given if name in route.query or not takes_body}
    if unknown := query.keys() - route.query:
        raise InvalidRequest(f"Unknown query parameter: '{min(unknown)[:80]}'")
    for name, value in (*ids.items(), *((name, query[name]) for name in QUERY_IDS & query.keys())):
        read_id(name, value)
    body = {name: value for name, value in given.items() if name not in query} if takes_body else None
    headers = {**V2_HEADERS, **_pick_headers(event, "idempotency-key")}
    name = f"{method} {route.path}"
    return ApiRequest(method, path, name, _read_query(query), body, headers, is_v2=True)


def read_other_request(event: Event, path: str) -> ApiRequest:
    """A request of another API: all is query where there is no body, else what is spelled `name[]` alone.

    Raises UnknownPath for a path that could be read in two ways, InvalidRequest for an unreadable body."""
    method = _read_method(event)
    if not _SAFE_PATH.fullmatch(path):
        raise UnknownPath(f"Invalid URL ({method} /v1{path[:200]})")
    name = f"{method} /{path.split('/')[1]}"
    headers = _pick_headers(event, "openai-beta", "idempotency-key")
    if event.headers.get("content-type", "").lower().startswith("multipart/"):
        headers |= _pick_headers(event, "content-type")
        return ApiRequest(method, path, name, _read_query(event.given), _decode(event.body), headers)
    given = read_parameters(event)
    takes_body = method in METHODS_WITH_BODY
    query = {key: value for key, value in given.items() if key.endswith("[]") or not takes_body}
    body = {key: value for key, value in given.items() if key not in query} if takes_body else None
    return ApiRequest(method, path, name, _read_query(query), body, headers)


def _read_method(event: Event) -> str:
    """HEAD is GET; what sends the answer leaves the body out."""
    return "GET" if event.method == "HEAD" else str(event.method)


def _read_query(given: Json) -> dict[str, str]:
    for name, value in given.items():
        if not isinstance(value, str):
            raise InvalidRequest(f"Invalid query parameter: '{name[:80]}' must be text")
    return given


def _pick_headers(event: Event, *names: str) -> dict[str, str]:
    """Of a caller's headers only these go on, a key of the caller's own never."""
    found = {name: event.headers[name] for name in names if name in event.headers}
    for name, value in found.items():
        if not _HEADER_TEXT.fullmatch(value):
            raise InvalidRequest(f"Invalid header: {name} must be 1 to 255 visible ASCII characters")
    return found


def _decode(body: Any) -> bytes:
    """A body of several parts, which the platform hands on in base64."""
    try:
        return base64.b64decode(body, validate=True)
    except (TypeError, ValueError) as problem:
        raise InvalidRequest("the body of several parts did not arrive whole") from problem
