"""Turns HTTP requests into the function's events, and its results into HTTP responses.

Pure: there are no sockets and no processes here.

The semantics are OpenWhisk's web actions as DigitalOcean Functions has them
(https://docs.digitalocean.com/products/functions/reference/parameters-responses/,
https://github.com/apache/openwhisk/blob/master/docs/webactions.md).
"""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn
from urllib.parse import parse_qsl

Dialect = Literal["digitalocean", "openwhisk"]
Headers = list[tuple[str, str]]

ENTITY_LIMIT_BYTES = 1024 * 1024  # of the parameters that go in, and of the result that comes out
OPENWHISK_KEYS = frozenset(f"__ow_{name}" for name in ("method", "headers", "path", "user", "query", "body"))
RESERVED: Mapping[Dialect, frozenset[str]] = {
    "digitalocean": OPENWHISK_KEYS | {"http"},
    "openwhisk": OPENWHISK_KEYS,
}
HOP_HEADERS = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "x-forwarded-for", "content-length"}
)
FRAMING_HEADERS = frozenset({"content-type", "content-length", "transfer-encoding", "connection"})
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
BASE64_TEXT = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)")
TEXT_TYPES = frozenset(
    {
        "application/json",
        "application/javascript",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/xhtml+xml",
        "application/atom+xml",
        "application/rss+xml",
        "application/rtf",
        "application/x-latex",
    }
)


class PlatformError(Exception):
    """An answer that the platform gives in the function's place."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def response(self) -> "WebResponse":
        """The platform's own JSON: {error, code}."""
        body = json.dumps({"error": self.message, "code": uuid.uuid4().hex}).encode()
        return WebResponse(self.status, [("Content-Type", "application/json")], body)


@dataclass(frozen=True)
class WebRequest:
    """One HTTP request; path is what follows the host, still percent-encoded."""

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    client: str = "127.0.0.1"

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class WebResponse:
    """One HTTP response."""

    status: int
    headers: Headers
    body: bytes


def make_event(
    request: WebRequest, path: str, bound_names: Collection[str], dialect: Dialect
) -> dict[str, Any]:
    """The event for main: query and body in one dictionary, and what the platform tells about the request.

    path is what follows the function's name; bound_names are the function's environment variables.
    Raises PlatformError 400 for malformed JSON and for names that a caller may not use.
    """
    arguments: dict[str, Any] = dict(parse_qsl(request.query, keep_blank_values=True))
    parameters, opaque = _read_body(request)
    arguments.update(parameters)
    if (RESERVED[dialect] | set(bound_names)) & arguments.keys():
        raise PlatformError(
            400, "Request defines parameters that are not allowed (e.g., reserved properties)."
        )
    return arguments | _describe_request(request, path, opaque, dialect)


def _read_body(request: WebRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body as parameters, or else as entries for the event's http."""
    content_type = request.header("content-type")
    kind = _parse_media_type(content_type)
    if not request.body:
        return {}, {}
    if _is_json(kind):
        value = _parse_json(request.body)
        return (value, {}) if isinstance(value, dict) else ({}, {"body": value, "isBase64Encoded": False})
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)), {}
    if content_type and _is_text(content_type):
        return {}, {"body": request.body.decode("utf-8", "replace"), "isBase64Encoded": False}
    return {}, {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}


def _describe_request(
    request: WebRequest, path: str, opaque: dict[str, Any], dialect: Dialect
) -> dict[str, Any]:
    headers = _make_platform_headers(request)
    if dialect == "digitalocean":
        return {"http": {"headers": headers, "method": request.method, "path": path, **opaque}}
    told = {"__ow_headers": headers, "__ow_method": request.method.lower(), "__ow_path": path}
    return told | ({"__ow_body": opaque["body"]} if opaque else {})


def _make_platform_headers(request: WebRequest) -> dict[str, str]:
    headers: dict[str, str] = {}
    for key, value in ((key.lower(), value) for key, value in request.headers):
        if key not in HOP_HEADERS:
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
    headers.setdefault("accept", "*/*")
    return headers | {
        "accept-encoding": "gzip",
        "x-forwarded-for": request.client,
        "x-forwarded-proto": "https",
        "x-request-id": uuid.uuid4().hex,
    }


def _parse_json(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"), parse_constant=refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise PlatformError(400, f"The request content was malformed:\n{problem}") from None


def refuse_constant(constant: str) -> NoReturn:
    """Refuse NaN and Infinity, which json.loads would take, by a ValueError."""
    raise ValueError(f"{constant} is no JSON")


def make_web_response(result: Any) -> WebResponse:
    """The HTTP response that main returned as {statusCode, headers, body}; raises PlatformError 400 where it
    returned something else."""
    if not isinstance(result, dict):
        raise PlatformError(400, "Response is not valid 'message/http'. (the result is no dictionary)")
    try:
        headers = list(_flatten_headers(result.get("headers")))
        status = _parse_status(result.get("statusCode"))
    except (ValueError, TypeError) as problem:
        raise PlatformError(400, f"Response is not valid 'message/http'. ({problem})") from None
    others = [(key, value) for key, value in headers if key.lower() not in FRAMING_HEADERS]
    body = result.get("body")
    if body is None or body == "":
        return WebResponse(status or 204, others, b"")
    given = next((value for key, value in headers if key.lower() == "content-type"), None)
    content_type, data = _encode_text(body, given) if isinstance(body, str) else _encode_json(body, given)
    return WebResponse(status or 200, [*others, ("Content-Type", content_type)], data)


def render_json(result: Any) -> WebResponse:
    """The response to a URL that ends in .json: the whole result as JSON."""
    return WebResponse(200, [("Content-Type", "application/json")], json.dumps(result).encode())


def _flatten_headers(given: Any) -> Iterator[tuple[str, str]]:
    if given is None:
        return
    if not isinstance(given, dict):
        raise TypeError("headers is no dictionary")
    for key, values in given.items():
        if not HEADER_NAME.fullmatch(key):
            raise ValueError(f"header name {key!r}")
        for value in values if isinstance(values, list) else [values]:
            yield key, _render_header(key, value)


def _render_header(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(f"header {key} is neither text nor number")


def _parse_status(given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or (isinstance(given, float) and given != int(given)):
        raise TypeError("statusCode")
    status = int(given)
    if not 100 <= status <= 599:
        raise ValueError("statusCode")
    return status


def _encode_text(body: str, given: str | None) -> tuple[str, bytes]:
    content_type = given or "text/html"
    kind = _parse_media_type(content_type)
    if not _is_text(content_type):
        return content_type, _decode_base64(body)
    if kind.startswith("text/") and "charset=" not in content_type.lower():
        content_type += "; charset=UTF-8"
    # OpenWhisk decodes a JSON answer's text when it happens to be base64, which "true" is.
    if _is_json(kind) and BASE64_TEXT.fullmatch(body.strip()):
        return content_type, base64.b64decode(body.strip())
    return content_type, body.encode("utf-8", "replace")


def _decode_base64(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise PlatformError(
            400,
            "Response type in header did not match generated content type. "
            "(a string body of this type must be base64)",
        ) from None


def _encode_json(body: Any, given: str | None) -> tuple[str, bytes]:
    content_type = given or "application/json"
    if not _is_json(_parse_media_type(content_type)):
        raise PlatformError(
            400,
            "Response type in header did not match generated content type. "
            "(a dictionary or list body must be JSON)",
        )
    return content_type, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _parse_media_type(content_type: str) -> str:
    return content_type.split(";")[0].strip().lower()


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _is_text(content_type: str) -> bool:
    """Whether the platform takes a body of this type as text; any other must be base64."""
    kind = _parse_media_type(content_type)
    return kind.startswith("text/") or kind in TEXT_TYPES or "charset=" in content_type.lower()
