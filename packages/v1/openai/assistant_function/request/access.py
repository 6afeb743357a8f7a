"""Decides who may call: by method, web page and token."""

from hmac import compare_digest

from assistant_function.errors import Forbidden, InvalidRequest, MethodNotAllowed, TokenMissing
from assistant_function.request.event import Event
from assistant_function.request.settings import Settings

METHODS = ("GET", "POST")
ALL_METHODS = "GET, POST, OPTIONS"
# A page may read few headers of an answer unless they are named (Fetch: CORS-safelisted response headers).
READABLE = {"Access-Control-Expose-Headers": "Retry-After"}
OPEN_TO_ALL_PAGES = {"Access-Control-Allow-Origin": "*", **READABLE}
PREFLIGHT = {
    "Access-Control-Allow-Methods": ALL_METHODS,
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",  # seconds
}
PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
FOREIGN_SITES = ("cross-site", "same-site")


def check_caller(event: Event, settings: Settings) -> None:
    """Raises MethodNotAllowed (405), Forbidden (403) for a page that may not call, InvalidRequest (400) for a
    prefetch, because a GET may change something."""
    if event.method not in (None, *METHODS):
        raise MethodNotAllowed(
            f"{event.method[:20]} is not taken; use GET or POST", headers={"Allow": ALL_METHODS}
        )
    _check_page(event.headers, settings)
    if any("pre" in event.headers.get(name, "").lower() for name in PREFETCH_HEADERS):
        raise InvalidRequest("a prefetch or preview is not answered; make the call itself")


def _check_page(headers: dict[str, str], settings: Settings) -> None:
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
    if not accepted:
        return
    token = _read_bearer_token(event.headers)
    if not token:
        raise TokenMissing(
            "a token is required: Authorization: Bearer <token>", headers={"WWW-Authenticate": "Bearer"}
        )
    # surrogatepass: a header of the platform's event may hold anything that JSON can
    given = token.encode(errors="surrogatepass")
    matches = [compare_digest(given, one.encode(errors="surrogatepass")) for one in accepted]
    if True not in matches:
        raise Forbidden("the token is wrong for this action")


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
    return allowed | (PREFLIGHT if event.method == "OPTIONS" else {})
