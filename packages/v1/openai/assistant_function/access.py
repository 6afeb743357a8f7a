"""Who may call: methods and tokens."""

from hmac import compare_digest

from assistant_function.errors import MethodNotAllowed, TokenMissing, TokenWrong
from assistant_function.invocation import Invocation
from assistant_function.settings import Settings

METHODS = ("GET", "POST")


def check(invocation: Invocation, admin: bool, settings: Settings) -> None:
    """Tokens come as `Authorization: Bearer …`; the admin's serves where the access token is asked for.

    Raises MethodNotAllowed (405), TokenMissing (401), TokenWrong (403)."""
    if invocation.method not in (None, *METHODS):
        raise MethodNotAllowed(
            f"{invocation.method[:20]} is not taken; use GET or POST", headers={"Allow": "GET, POST, OPTIONS"}
        )
    accepted = _accepted(admin, settings)
    if not accepted:
        return
    token = _token(invocation.headers)
    if not token:
        raise TokenMissing(
            "a token is required: Authorization: Bearer <token>", headers={"WWW-Authenticate": "Bearer"}
        )
    matches = [compare_digest(token.encode(), one.encode()) for one in accepted]
    if True not in matches:
        raise TokenWrong("the token is wrong for this action")


def _accepted(admin: bool, settings: Settings) -> list[str]:
    """The tokens that open this action; none where it is open."""
    if admin and settings.admin_token:
        return [settings.admin_token]
    return (
        [one for one in (settings.access_token, settings.admin_token) if one] if settings.access_token else []
    )


def _token(headers: dict[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
