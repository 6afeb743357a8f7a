"""Keeps foreign web pages away from a function that runs on a developer's own computer.

The platform does no such thing, because there a function is public. Here a page that the developer happens to
visit could call localhost, and spend the key that stands in .env."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from .events import PlatformError, WebRequest

EVERY_PAGE = "*"
A_FILE = "a file"  # among others: of whatever tells no origin
FOREIGN_HOST = (
    "{} is no name of this computer: call it by the name localhost, "
    "or add the address, http:// and all, to ALLOWED_ORIGINS in .env"
)
FOREIGN_PAGE = (
    "a web page called from {}, which may be anybody's: serve yours from localhost, "
    "or add its origin to ALLOWED_ORIGINS in .env"
)


@dataclass(frozen=True)
class Guard:
    """Who may call. `pages` are the origins that ALLOWED_ORIGINS names, `served_at` is what is listened on:
    where that is not this computer alone, others may call by an address of it."""

    pages: frozenset[str]
    served_at: str
    log: Callable[[str], None] = print

    def check(self, request: WebRequest) -> None:
        """Raises PlatformError 403 for a page that is not of this computer, and for a name that is not: by a
        name of its own a foreign page is of the same origin (DNS rebinding).

        The reason is logged too, because a browser does not show it."""
        host, origin = _find_host(f"//{request.header('host')}"), request.header("origin")
        if not self._is_own(host):
            self._refuse(FOREIGN_HOST.format(_quote(request.header("host"))))
        if origin and not self._may_call(origin, host):
            self._refuse(FOREIGN_PAGE.format(A_FILE if origin == "null" else _quote(origin)))
        if not origin and request.header("sec-fetch-site") == "cross-site":  # an image, a link, a form
            self._refuse(FOREIGN_PAGE.format("another site"))

    def _is_own(self, host: str) -> bool:
        if is_local(host) or host in map(_find_host, self.pages):
            return True
        return not is_local(self.served_at) and self._is_asked_for(host)

    def _is_asked_for(self, host: str) -> bool:
        """Whether it is an address, which leads here for certain, or the name that is listened on."""
        try:
            return not ip_address(host).is_unspecified  # browsers tell no site where 0.0.0.0 is called
        except ValueError:
            return host == self.served_at.lower()

    def _may_call(self, origin: str, host: str) -> bool:
        caller = _find_host(origin)
        return is_local(caller) or caller == host or not self.pages.isdisjoint({origin, EVERY_PAGE})

    def _refuse(self, why: str) -> None:
        self.log(f"refused: {why}")
        raise PlatformError(403, why)


def parse_origins(setting: str) -> frozenset[str]:
    """The origins in ALLOWED_ORIGINS, as the function reads them; `none` is none here, not every page."""
    return frozenset(one.rstrip("/") for one in setting.replace(",", " ").lower().split()) - {"none"}


def _quote(header: str) -> str:
    """A header as it may stand in a terminal."""
    return ascii(header[:100])


def _find_host(url: str) -> str:
    """The host in a URL, empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_local(host: str) -> bool:
    """Whether browsers look for the host on this computer and nowhere else."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
