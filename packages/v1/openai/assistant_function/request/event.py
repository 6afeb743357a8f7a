"""Takes the platform's event apart: method, headers, parameters, and the time that it leaves.

DigitalOcean's form and plain OpenWhisk's are both understood."""

import base64
import re
import time
from collections.abc import Callable, Mapping
from os import environ
from typing import TYPE_CHECKING, Any, NamedTuple

from assistant_function.errors import InvalidRequest, Json
from assistant_function.request.deadline import Deadline
from assistant_function.request.readers import parse_json

if TYPE_CHECKING:
    import httpx2

# A web call that passes 30 s loses its caller for good; start-up and the platform's own way count too.
WEB_SECONDS = 27.0
DEFAULT_SECONDS = 27.0  # where the platform tells no deadline
MARGIN_SECONDS = 1.5  # for the answer's way home
OPENWHISK_KEYS = ("method", "path", "headers", "body")  # each after `__ow_`
NOT_TAKEN = "the body must be a JSON object or a form"
MULTIPART_NOT_TAKEN = (
    "multipart/form-data (curl -F) is not taken; send JSON with the header Content-Type: application/json"
)
JSON_SENT_AS_FORM = (
    "the body is JSON but was sent as a form; send the header Content-Type: application/json with it"
)


class Runtime(NamedTuple):
    """What surrounds a call, passed in so that tests can choose it; without `transport` the real network."""

    environment: Mapping[str, str] = environ
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    wall_clock: Callable[[], float] = time.time
    transport: "httpx2.BaseTransport | None" = None


class Encoded(str):
    """A body that the platform says is base64."""

    __slots__ = ()


class Event(NamedTuple):
    """One event, taken apart. `method` is None where it is no web call, `path` is what follows the function's
    name in its URL. `given` are the parameters that the platform read, and `body` is a body that it did not
    read."""

    method: str | None
    path: str
    headers: dict[str, str]
    given: Json
    body: Any
    deadline: Deadline


def parse_event(event: Any, context: Any, runtime: Runtime) -> Event:
    """Raises InvalidRequest for an event that is not an object."""
    if not isinstance(event, dict):
        raise InvalidRequest("the parameters must be a JSON object")
    web = _find_web_call(event, context)
    method = str(web.get("method") or "").upper() or None
    given = web.get("headers")
    headers = {str(k).lower(): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
    deadline = _find_deadline(method, context, runtime)
    encoded = web.get("isBase64Encoded")
    body = Encoded(web["body"]) if encoded and isinstance(web.get("body"), str) else web.get("body")
    path = re.sub("^//+", "/", str(web.get("path") or "")) if method else ""  # a base URL may end in a slash
    return Event(method, path, headers, _drop_platform_keys(event), body, deadline)


def read_parameters(event: Event) -> Json:
    """The parameters, not checked yet. Raises InvalidRequest for a body that holds none."""
    parameters = event.given | _parse_body(event)
    if "action" not in parameters and any(name.lstrip().startswith(("{", "[")) for name in event.given):
        raise InvalidRequest(JSON_SENT_AS_FORM)
    return parameters


def _find_web_call(event: Json, context: Any) -> Json:
    """What the platform tells of a web call, as `http` would; empty where it is none.

    A caller may send the keys of the other platform, and both come together then. DigitalOcean is known by
    its context, which plain OpenWhisk does not pass (docs/platform.md, the handler)."""
    http: Json | None = event["http"] if isinstance(event.get("http"), dict) else None
    openwhisk = {name: event[f"__ow_{name}"] for name in OPENWHISK_KEYS if f"__ow_{name}" in event}
    if http is None or (openwhisk and context is None):
        return openwhisk
    return http


def _drop_platform_keys(given: Json) -> Json:
    return {name: value for name, value in given.items() if name != "http" and not name.startswith("_")}


def _parse_body(event: Event) -> Json:
    """The parameters of a body that the platform did not read; `fetch` sends text/plain by itself.

    A body without a type comes in base64. Plain OpenWhisk does not say so, but no JSON object is base64."""
    body = event.body
    if body in (None, ""):
        return {}
    if event.headers.get("content-type", "").lower().startswith("multipart/"):
        raise InvalidRequest(MULTIPART_NOT_TAKEN)
    if isinstance(body, str):
        is_plain = not isinstance(body, Encoded) and body.lstrip().startswith("{")
        body = parse_json("the body", body if is_plain else _decode_base64(body))
    if not isinstance(body, dict):
        raise InvalidRequest(NOT_TAKEN)
    return _drop_platform_keys(body)


def _decode_base64(body: str) -> str:
    try:
        return base64.b64decode(body, validate=True).decode()
    except ValueError as problem:  # also binascii.Error and UnicodeDecodeError
        raise InvalidRequest(NOT_TAKEN) from problem


def _find_deadline(method: str | None, context: Any, runtime: Runtime) -> Deadline:
    left = _find_platform_seconds(context, runtime)
    seconds = DEFAULT_SECONDS if left is None else left - MARGIN_SECONDS
    return Deadline(min(seconds, WEB_SECONDS) if method else seconds, runtime.now, runtime.sleep)


def _find_platform_seconds(context: Any, runtime: Runtime) -> float | None:
    """What the platform leaves, from the context (DigitalOcean) or the environment (plain OpenWhisk)."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if callable(remaining):
        return float(remaining()) / 1000
    epoch_milliseconds = runtime.environment.get("__OW_DEADLINE", "")
    return int(epoch_milliseconds) / 1000 - runtime.wall_clock() if epoch_milliseconds.isdigit() else None
