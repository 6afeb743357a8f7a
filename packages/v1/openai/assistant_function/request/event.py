"""The platform's event -> one call: its method, headers, parameters and time. DigitalOcean's form and
plain OpenWhisk's."""

import base64
import time
from collections.abc import Callable, Mapping
from os import environ
from typing import TYPE_CHECKING, Any, NamedTuple

from assistant_function.errors import InvalidRequest, Json
from assistant_function.request.deadline import Deadline
from assistant_function.request.params import parse_json

if TYPE_CHECKING:
    import httpx2

# A web call that passes 30 s loses its caller for good; start-up and the platform's own way count too.
WEB_SECONDS = 27.0
DEFAULT_SECONDS = 27.0  # where the platform tells no deadline
MARGIN_SECONDS = 1.5  # for the answer's way home


class World(NamedTuple):
    """What surrounds a call: passed in, so that tests can choose it."""

    environment: Mapping[str, str] = environ
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    wall_clock: Callable[[], float] = time.time
    wire: "httpx2.BaseTransport | None" = None


class Invocation(NamedTuple):
    """One event. `method` is None where the call is not from the web; `parameters` are unchecked."""

    method: str | None
    headers: dict[str, str]
    parameters: Json
    deadline: Deadline


def read(event: Any, context: Any, world: World) -> Invocation:
    """Raises InvalidRequest for an event that is no object or a body that is no parameters."""
    if not isinstance(event, dict):
        raise InvalidRequest("the parameters must be a JSON object")
    web: Json = event["http"] if isinstance(event.get("http"), dict) else _openwhisk_web(event)
    method = str(web.get("method") or "").upper() or None
    given = web.get("headers")
    headers = {str(k).lower(): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
    parameters = {k: v for k, v in event.items() if k != "http" and not k.startswith("_")}
    return Invocation(method, headers, parameters | _body(web), _deadline(method, context, world))


def _openwhisk_web(event: Json) -> Json:
    names = ("method", "headers", "body")
    return {name: event[f"__ow_{name}"] for name in names if f"__ow_{name}" in event}


def _body(web: Json) -> Json:
    """A body that the platform did not take apart: `fetch` sends text/plain where no type is given.

    A body without a type comes in base64; plain OpenWhisk does not say so, but no JSON object is base64."""
    body = web.get("body")
    if body in (None, ""):
        return {}
    if isinstance(body, str):
        plain = not web.get("isBase64Encoded") and body.lstrip().startswith("{")
        body = parse_json("the body", body if plain else _decoded(body))
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object or a form")
    return {k: v for k, v in body.items() if k != "http" and not k.startswith("_")}


def _decoded(body: str) -> str:
    try:
        return base64.b64decode(body, validate=True).decode()
    except ValueError as problem:  # also binascii.Error and UnicodeDecodeError
        raise InvalidRequest("the body must be a JSON object or a form") from problem


def _deadline(method: str | None, context: Any, world: World) -> Deadline:
    platform = _platform_seconds(context, world)
    seconds = DEFAULT_SECONDS if platform is None else platform - MARGIN_SECONDS
    return Deadline(min(seconds, WEB_SECONDS) if method else seconds, world.now, world.sleep)


def _platform_seconds(context: Any, world: World) -> float | None:
    """What the platform leaves, from the context (DigitalOcean) or the environment (plain OpenWhisk)."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if callable(remaining):
        return float(remaining()) / 1000
    epoch_milliseconds = world.environment.get("__OW_DEADLINE", "")
    return int(epoch_milliseconds) / 1000 - world.wall_clock() if epoch_milliseconds.isdigit() else None
