"""Who may call: methods, web pages, tokens."""

from hmac import compare_digest

from assistant_function.errors import Forbidden, InvalidRequest, MethodNotAllowed, TokenMissing
from assistant_function.request.event import Invocation
from assistant_function.request.settings import Settings

METHODS = ("GET", "POST")
ALL_METHODS = "GET, POST, OPTIONS"
# Of an answer's headers a page reads only the simplest by itself (Fetch: CORS-safelisted response headers).
READABLE = {"Access-Control-Expose-Headers": "Retry-After"}
OPEN_TO_ALL_PAGES = {"Access-Control-Allow-Origin": "*", **READABLE}
PREFLIGHT = {
    "Access-Control-Allow-Methods": ALL_METHODS,
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",  # seconds
}
PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
FOREIGN_SITES = ("cross-site", "same-site")


def check_caller(invocation: Invocation, settings: Settings) -> None:
    """Raises MethodNotAllowed (405), Forbidden (403) for a foreign page, InvalidRequest (400) for a prefetch:
    a GET may change something."""
    if invocation.method not in (None, *METHODS):
        raise MethodNotAllowed(
            f"{invocation.method[:20]} is not taken; use GET or POST", headers={"Allow": ALL_METHODS}
        )
    _check_page(invocation.headers, settings)
    if any("pre" in invocation.headers.get(name, "").lower() for name in PREFETCH_HEADERS):
        raise InvalidRequest("a prefetch or preview is not answered; make the call itself")


def _check_page(headers: dict[str, str], settings: Settings) -> None:
    """With ALLOWED_ORIGINS no other page may call; an image or link of one tells no origin, but its site."""
    if not settings.allowed_origins:
        return
    origin = headers.get("origin")
    if origin is None:
        foreign = headers.get("sec-fetch-site") in FOREIGN_SITES
    else:
        foreign = origin not in settings.allowed_origins
    if foreign:
        raise Forbidden("this web page may not call; the setting ALLOWED_ORIGINS names those that may")


def check_token(invocation: Invocation, admin: bool, settings: Settings) -> None:
    """Tokens come as `Authorization: Bearer …`; the admin's serves where the access token is asked for.

    Raises TokenMissing (401), Forbidden (403)."""
    accepted = _accepted(admin, settings)
    if not accepted:
        return
    token = _token(invocation.headers)
    if not token:
        raise TokenMissing(
            "a token is required: Authorization: Bearer <token>", headers={"WWW-Authenticate": "Bearer"}
        )
    # surrogatepass: a header of the platform's event may hold anything that JSON can
    given = token.encode(errors="surrogatepass")
    matches = [compare_digest(given, one.encode(errors="surrogatepass")) for one in accepted]
    if True not in matches:
        raise Forbidden("the token is wrong for this action")


def _accepted(admin: bool, settings: Settings) -> list[str]:
    """The tokens that open this action; none where it is open."""
    if admin and settings.admin_token:
        return [settings.admin_token]
    if not settings.access_token:
        return []
    return [one for one in (settings.access_token, settings.admin_token) if one]


def _token(headers: dict[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cors(invocation: Invocation, settings: Settings) -> dict[str, str]:
    """What a browser wants to read; the function says it itself (annotation web-custom-options)."""
    origin = invocation.headers.get("origin", "")
    if not settings.allowed_origins:
        allowed = OPEN_TO_ALL_PAGES
    elif origin in settings.allowed_origins:
        allowed = {"Vary": "Origin", "Access-Control-Allow-Origin": origin, **READABLE}
    else:
        allowed = {"Vary": "Origin"}
    return allowed | (PREFLIGHT if invocation.method == "OPTIONS" else {})
