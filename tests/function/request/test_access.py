"""Who may call, over devhost with project.yml as it is deployed: pages, preflights, prefetches, tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local import devhost
from local.devhost.project import variables_in
from local.emulator.server import Emulator
from tests.invoke import Json, make_function, web

ROOT = Path(__file__).parents[3]
GOOD, OTHER, FOREIGN = "https://good.example", "http://localhost:3000", "https://evil.example"
CREATE = {"action": "create-thread"}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
REFUSED = "this web page may not call; the setting ALLOWED_ORIGINS names those that may"


@contextmanager
def serve_function(emulator: Emulator, **settings: str) -> Iterator[httpx.Client]:
    """The function as project.yml deploys it, with these settings."""
    names = variables_in((ROOT / "project.yml").read_text(encoding="utf-8"))
    given = dict.fromkeys(names, "none") | {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": emulator.url} | settings
    function = devhost.read_project(ROOT, given)
    with (
        devhost.serve(function, log=lambda _: None) as host,
        httpx.Client(base_url=host.url, trust_env=False, timeout=20) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def closed(openai_at_home: Emulator) -> Iterator[httpx.Client]:
    """Only two web pages may call."""
    with serve_function(openai_at_home, ALLOWED_ORIGINS=f"{GOOD}, {OTHER}") as client:
        yield client


@pytest.fixture(scope="module")
def opened(openai_at_home: Emulator) -> Iterator[httpx.Client]:
    """Every web page may call."""
    with serve_function(openai_at_home) as client:
        yield client


def get(client: httpx.Client, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("", params=CREATE, headers=named)


def pick_cors_headers(answer: httpx.Response) -> Json:
    return {name: value for name, value in answer.headers.multi_items() if "access-control" in name}


@pytest.mark.parametrize("origin", [GOOD, OTHER])
def test_a_page_that_is_named_may_call_and_read(closed: httpx.Client, origin: str) -> None:
    answer = get(closed, Origin=origin, Sec_Fetch_Site="cross-site")
    assert (answer.status_code, answer.headers["vary"]) == (200, "Origin")
    assert answer.headers.get_list("access-control-allow-origin") == [origin]
    assert answer.headers["access-control-expose-headers"] == "Retry-After"


@pytest.mark.parametrize(
    "origin",
    [FOREIGN, "null", "", GOOD + ".evil.example", GOOD.upper(), GOOD + "/", "http://good.example", "*"],
)
def test_another_page_is_refused_before_anything_is_done(
    closed: httpx.Client, openai_at_home: Emulator, origin: str
) -> None:
    already = len(openai_at_home.requests)
    answer = get(closed, Origin=origin)
    assert (answer.status_code, answer.json()["error"]) == (403, REFUSED)
    assert pick_cors_headers(answer) == {}
    assert len(openai_at_home.requests) == already


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200)])
def test_an_image_or_link_of_another_page_tells_its_site(
    closed: httpx.Client, site: str, status: int
) -> None:
    assert get(closed, Sec_Fetch_Site=site, Sec_Fetch_Dest="image").status_code == status


@pytest.mark.parametrize("headers", [{}, {"Sec_Fetch_Site": "none"}])
def test_who_is_no_web_page_may_call(closed: httpx.Client, headers: dict[str, str]) -> None:
    answer = get(closed, **headers)
    assert (answer.status_code, pick_cors_headers(answer)) == (200, {})


def test_a_preflight_of_a_page_that_is_named_is_granted(closed: httpx.Client) -> None:
    answer = closed.options("", headers={"Origin": GOOD, **PREFLIGHT})
    assert (answer.status_code, answer.content) == (204, b"")
    assert pick_cors_headers(answer) == {
        "access-control-allow-origin": GOOD,
        "access-control-expose-headers": "Retry-After",
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": "Authorization, Content-Type",
        "access-control-max-age": "600",
    }


def test_a_preflight_of_another_page_is_not(closed: httpx.Client) -> None:
    answer = closed.options("", headers={"Origin": FOREIGN, **PREFLIGHT})
    assert "access-control-allow-origin" not in answer.headers


def test_without_the_setting_every_page_may_call_as_before(opened: httpx.Client) -> None:
    answer = get(opened, Origin=FOREIGN, Sec_Fetch_Site="cross-site")
    assert answer.status_code == 200
    assert pick_cors_headers(answer) == {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "Retry-After",
    }
    granted = opened.options("", headers={"Origin": FOREIGN, **PREFLIGHT})
    assert (granted.status_code, granted.headers["access-control-allow-origin"]) == (204, "*")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Purpose": "prefetch"},
        {"Sec_Purpose": "prefetch;prerender"},
        {"Sec_Purpose": "prefetch;anonymous-client-ip"},
        {"Purpose": "prefetch"},
        {"X_Purpose": "preview"},
        {"X_Moz": "prefetch"},
    ],
)
def test_a_call_that_nobody_asked_for_is_not_made(
    opened: httpx.Client, openai_at_home: Emulator, headers: dict[str, str]
) -> None:
    already = len(openai_at_home.requests)
    answer = get(opened, **headers)
    assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert len(openai_at_home.requests) == already


def test_every_answer_is_neither_stored_nor_taken_for_something_else(
    opened: httpx.Client, closed: httpx.Client
) -> None:
    answers = [
        get(opened),
        get(closed, Origin=FOREIGN),
        opened.get("", params={"action": "nonsense"}),
        opened.delete(""),
        opened.options(""),
    ]
    assert [one.status_code for one in answers] == [200, 403, 400, 405, 204]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert answers[3].headers["allow"] == "GET, POST, OPTIONS"


def test_tokens_come_by_the_header_alone(openai_at_home: Emulator) -> None:
    with serve_function(openai_at_home, ACCESS_TOKEN="open-sesame", ADMIN_TOKEN="the-admin") as client:
        assert get(client).status_code == 401
        assert get(client).headers["www-authenticate"] == "Bearer"
        assert get(client, Authorization="Bearer open-sesame").status_code == 200
        assert get(client, Authorization="bEaReR the-admin").status_code == 200
        assert get(client, Authorization="Bearer wrong").status_code == 403
        for name in ("token", "access_token", "authorization", "Authorization"):
            by_query = client.get("", params={**CREATE, name: "Bearer open-sesame"})
            assert by_query.status_code == 401
        # the platform itself refuses a parameter that is named like a setting
        assert client.get("", params={**CREATE, "ACCESS_TOKEN": "open-sesame"}).status_code == 400
        assert client.options("", headers={"Origin": GOOD, **PREFLIGHT}).status_code == 204
        admins = client.get(
            "", params={"action": "list-assistants"}, headers={"Authorization": "Bearer open-sesame"}
        )
        assert (admins.status_code, "open-sesame" in admins.text) == (403, False)


def test_a_caller_without_a_token_learns_nothing_of_the_pages(openai_at_home: Emulator) -> None:
    settings = {"ACCESS_TOKEN": "open-sesame", "ALLOWED_ORIGINS": GOOD, "OPENAI_BASE_URL": openai_at_home.url}
    function = make_function(settings)
    answer = function.main(web("GET", {"Origin": FOREIGN}) | CREATE)
    assert (answer["statusCode"], answer["body"]["error"]) == (403, REFUSED)
    answer = function.main(web("GET", {"origin": GOOD}) | CREATE)
    assert answer["statusCode"] == 401
    assert answer["headers"]["Access-Control-Allow-Origin"] == GOOD  # the page may read why


@pytest.mark.parametrize("origin", ["bad origin", "a\nb", "https://good.example\r\nX-Evil: 1", "\ud800", "é"])
def test_a_strange_origin_never_comes_back(origin: str) -> None:
    answer = make_function({"ALLOWED_ORIGINS": GOOD}).main(web("GET", {"origin": origin}) | CREATE)
    assert answer["statusCode"] == 403
    assert origin not in str(answer["headers"])


@pytest.mark.parametrize("setting", ["*", " * ", f"* {GOOD}", "none", ""])
def test_a_star_means_every_page_as_none_does(setting: str) -> None:
    answer = make_function({"ALLOWED_ORIGINS": setting}).main(web("OPTIONS", {"origin": OTHER}))
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "setting", [GOOD, GOOD + "/", GOOD + ":443", GOOD.upper(), f"{OTHER} {GOOD}", f" {OTHER},{GOOD} ,"]
)
def test_an_origin_is_meant_however_it_is_written(setting: str) -> None:
    answer = make_function({"ALLOWED_ORIGINS": setting}).main(web("OPTIONS", {"origin": GOOD}))
    assert answer["headers"]["Access-Control-Allow-Origin"] == GOOD


@pytest.mark.parametrize("setting", ["good.example", GOOD + "/chat", "https://", "null", f"{GOOD};{OTHER}"])
def test_what_is_no_origin_is_a_mistake_in_the_settings(setting: str) -> None:
    answer = make_function({"ALLOWED_ORIGINS": setting}).main(web("GET", {"origin": GOOD}) | CREATE)
    assert (answer["statusCode"], "ALLOWED_ORIGINS must be" in answer["body"]["error"]) == (500, True)
