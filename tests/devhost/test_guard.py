"""Who may call a function that `make run` serves: this computer, its pages, and the pages that .env names."""

from dataclasses import replace

import pytest

from local.devhost.events import PlatformError, WebRequest
from local.devhost.guard import Guard, parse_origins

LOCAL = Guard(frozenset(), "127.0.0.1")
OWN_HOST = ("Host", "localhost:8080")


def is_refused(guard: Guard, *headers: tuple[str, str]) -> bool:
    """Whether the guard refuses a call with these headers, and logs why."""
    logged: list[str] = []
    told: list[str] = []
    try:
        replace(guard, log=logged.append).check(WebRequest("GET", "/", headers=list(headers)))
    except PlatformError as refusal:
        told = [f"refused: {refusal.message}"]
    assert logged == told
    return bool(told)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8080",
        "LOCALHOST:1",
        "a.localhost",
        "localhost.",
        "127.0.0.1:80",
        "127.1.2.3",
        "[::1]:8",
    ],
)
def test_every_name_of_this_computer_may_be_called(host: str) -> None:
    assert not is_refused(LOCAL, ("Host", host))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.localhost.example",
        "0.0.0.0:8080",
        "192.168.1.5",
        "[::]",
        "",
        "[",
    ],
)
def test_any_other_name_is_refused_because_a_page_may_have_pointed_it_here(host: str) -> None:
    assert is_refused(LOCAL, ("Host", host))


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "https://localhost",
        "http://127.0.0.1:5173",
        "http://[::1]:1",
        "http://a.localhost",
    ],
)
def test_pages_of_this_computer_may_call_from_every_port(origin: str) -> None:
    assert not is_refused(LOCAL, OWN_HOST, ("Origin", origin), ("Sec-Fetch-Site", "cross-site"))


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://192.168.1.5",
        "file://",
        "*",
        "http://[",
    ],
)
def test_other_pages_may_not(origin: str) -> None:
    assert is_refused(LOCAL, OWN_HOST, ("Origin", origin))


@pytest.mark.parametrize(("site", "refused"), [("cross-site", True), ("same-origin", False), ("none", False)])
def test_an_image_or_link_of_another_page_tells_its_site(site: str, refused: bool) -> None:
    assert is_refused(LOCAL, OWN_HOST, ("Sec-Fetch-Site", site)) is refused


def test_what_env_names_may_call_and_be_called() -> None:
    guard = replace(LOCAL, pages=parse_origins("https://Mine.example/, http://dev.test:8080"))
    assert not is_refused(guard, OWN_HOST, ("Origin", "https://mine.example"))
    assert not is_refused(guard, ("Host", "dev.test:8080"), ("Origin", "http://dev.test:8080"))
    assert is_refused(guard, OWN_HOST, ("Origin", "https://mine.example.evil.example"))
    assert is_refused(guard, ("Host", "evil.example"))


@pytest.mark.parametrize(("setting", "refused"), [("none", True), ("", True), ("*", False), ("NONE", True)])
def test_every_page_may_call_only_where_a_star_says_so(setting: str, refused: bool) -> None:
    guard = replace(LOCAL, pages=parse_origins(setting))
    assert is_refused(guard, OWN_HOST, ("Origin", "https://evil.example")) is refused


def test_in_a_network_addresses_may_be_called_but_names_may_not() -> None:
    guard = replace(LOCAL, served_at="0.0.0.0")
    page = ("Origin", "http://192.168.1.5:8080")
    assert not is_refused(guard, ("Host", "192.168.1.5:8080"), page)
    assert is_refused(guard, ("Host", "192.168.1.6:8080"), page)
    assert is_refused(guard, ("Host", "evil.example"))
    assert is_refused(guard, ("Host", "0.0.0.0:8080"))
    assert not is_refused(replace(LOCAL, served_at="mycomputer"), ("Host", "mycomputer:8080"))


def test_no_header_writes_to_the_terminal_what_it_wants() -> None:
    logged: list[str] = []
    with pytest.raises(PlatformError):
        replace(LOCAL, log=logged.append).check(
            WebRequest("GET", "/", headers=[("Host", "\x1b[2J\x9b" + "a" * 5000)])
        )
    assert len(logged[0]) < 400
    assert logged[0].isprintable()
    assert logged[0].isascii()
