"""Decides who may call: by method, web page and token."""

import re
from hmac import compare_digest

from assistant_function.errors import (
    Forbidden,
    InvalidRequest,
    MethodNotAllowed,
    TokenMissing,
    TokenUnknown,
    UnknownPath,
)
from assistant_function.request.event import Event
from assistant_function.request.settings import Settings

NO_PATH = ("", "/")
METHODS = ("GET", "POST")
ALL_METHODS = "GET, POST, OPTIONS"
# A page may read few headers of an answer unless they are named (Fetch: CORS-safelisted response headers).
READABLE = {"Access-Control-Expose-Headers": "Retry-After"}
READABLE_BY_PATH = {"Access-Control-Expose-Headers": "Retry-After, x-request-id, openai-poll-after-ms"}
OPEN_TO_ALL_PAGES = {"Access-Control-Allow-Origin": "*", **READABLE}
PREFLIGHT = {
    "Access-Control-Allow-Methods": ALL_METHODS,
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",  # seconds
}
# The SDKs send headers of their own, other ones with each version.
PREFLIGHT_BY_PATH = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Max-Age": "600",
}
CHALLENGE = {"WWW-Authenticate": "Bearer"}
PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_HEADER_NAMES = re.compile(r"[A-Za-z0-9_-]+( ?, ?[A-Za-z0-9_-]+)*")
FOREIGN_SITES = ("cross-site", "same-site")


def check_caller(event: Event, settings: Settings) -> None:
    """Of a call by action. Raises UnknownPath (404), MethodNotAllowed (405), and what check_page raises."""
    if event.path not in NO_PATH:
        raise UnknownPath("nothing answers by this path: call the function's URL, with an action")
    if event.method not in (None, *METHODS):
        raise MethodNotAllowed(
            f"{event.method[:20]} is not taken; use GET or POST", headers={"Allow": ALL_METHODS}
        )
    check_page(event, settings)


def check_page(event: Event, settings: Settings) -> None:
    """Raises Forbidden (403) for a page that may not call, InvalidRequest (400) for a prefetch, because a GET
    may change something."""
    _check_origin(event.headers, settings)
    if any("pre" in event.headers.get(name, "").lower() for name in PREFETCH_HEADERS):
        raise InvalidRequest("a prefetch or preview is not answered; make the call itself")


def _check_origin(headers: dict[str, str], settings: Settings) -> None:
    """Refuses every page that ALLOWED_ORIGINS does not name, where it names any.

    A page's images and links tell no origin, but whether they come from another site."""
    if not settings.allowed_origins:
        return
    origin = headers.get("origin")
    if origin is None:
        foreign = headers.get("sec-fetch-site") in FOREIGN_SITES
    else:
        foreign = origin not in settings.allowed_origins
    if foreign:
        raise Forbidden("this web page may not call; the setting ALLOWED_ORIGINS names those that may")


def check_token(event: Event, admin: bool, settings: Settings) -> None:
    """Tokens come as `Authorization: Bearer …`; the admin's serves where the access token is asked for.

    Raises TokenMissing (401), Forbidden (403)."""
    accepted = _list_accepted_tokens(admin, settings)
    if accepted and not _has_token(event, accepted):
        raise Forbidden("the token is wrong for this action")


def check_token_by_path(event: Event, admin: bool, settings: Settings) -> None:
    """The same tokens; as at OpenAI a wrong one raises TokenUnknown (401), one that does not suffice
    Forbidden (403)."""
    accepted = _list_accepted_tokens(admin, settings)
    if not accepted or _has_token(event, accepted):
        return
    if settings.access_token and _has_token(event, [settings.access_token]):
        raise Forbidden("the token does not suffice for assistants: ADMIN_TOKEN is needed")
    raise TokenUnknown(
        "Incorrect API key provided: it must be a token of this function, not a key of OpenAI's",
        headers=CHALLENGE,
    )


def has_admin_token(event: Event, settings: Settings) -> bool:
    """Whether ADMIN_TOKEN is set, and the caller sends it."""
    token = settings.admin_token
    return bool(token and _read_bearer_token(event.headers) and _has_token(event, [token]))


def _has_token(event: Event, accepted: list[str]) -> bool:
    """Raises TokenMissing where none is sent."""
    token = _read_bearer_token(event.headers)
    if not token:
        raise TokenMissing("a token is required: Authorization: Bearer <token>", headers=CHALLENGE)
    # surrogatepass: a header of the platform's event may hold anything that JSON can
    given = token.encode(errors="surrogatepass")
    return True in [compare_digest(given, one.encode(errors="surrogatepass")) for one in accepted]


def _list_accepted_tokens(admin: bool, settings: Settings) -> list[str]:
    """The tokens that open this action; none where it is open."""
    if admin and settings.admin_token:
        return [settings.admin_token]
    if not settings.access_token:
        return []
    return [one for one in (settings.access_token, settings.admin_token) if one]


def _read_bearer_token(headers: dict[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def choose_cors_headers(event: Event, settings: Settings) -> dict[str, str]:
    """What tells a browser whether its page may read the answer: with the annotation web-custom-options the
    platform adds no such header."""
    origin = event.headers.get("origin", "")
    if not settings.allowed_origins:
        allowed = OPEN_TO_ALL_PAGES
    elif origin in settings.allowed_origins:
        allowed = {"Vary": "Origin", "Access-Control-Allow-Origin": origin, **READABLE}
    else:
        allowed = {"Vary": "Origin"}
    if event.path in NO_PATH:
        return allowed | (PREFLIGHT if event.method == "OPTIONS" else {})
    readable = READABLE_BY_PATH if "Access-Control-Allow-Origin" in allowed else {}
    return allowed | readable | (_grant_headers(event) if event.method == "OPTIONS" else {})


def _grant_headers(event: Event) -> dict[str, str]:
    wanted = event.headers.get("access-control-request-headers", "")
    named = wanted if _HEADER_NAMES.fullmatch(wanted) else "Authorization, Content-Type"
    return {**PREFLIGHT_BY_PATH, "Access-Control-Allow-Headers": named}
