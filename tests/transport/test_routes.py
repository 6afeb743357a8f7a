"""The table of routes: every operation, and what is refused because no route has it."""

import re
from typing import Any

import httpx2
import pytest

from assistants_transport.routes import ROUTES, split_path
from tests.transport.fakes import refuse_all, send_raw


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_matched_by_itself_alone(route: Any) -> None:
    path = re.sub(r"{(\w+)}", r"\1", route.path)
    matched = [one for one in ROUTES if one.match(route.method, path) is not None]
    assert matched == [route]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_an_unknown_query_parameter_is_refused_by_name(route: Any) -> None:
    path = re.sub(r"{(\w+)}", r"\1", route.path)
    answer = send_raw(refuse_all, route.method, path + "?expand=all", {} if route.method == "POST" else None)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "expand")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/threads"),
        ("GET", "/threads/runs"),
        ("POST", "/threads/thread_1/runs/run_1/steps"),
        ("GET", "/threads/thread_1/messages/msg_1/files"),
        ("GET", "/assistants/asst_1/files"),
        ("PUT", "/assistants/asst_1"),
        ("PATCH", "/threads/thread_1"),
        ("DELETE", "/assistants"),
        ("GET", "/threads/"),
    ],
)
def test_what_today_has_no_counterpart_is_refused(method: str, path: str) -> None:
    answer = send_raw(refuse_all, method, path, {})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "unsupported_endpoint"
    assert error["message"].startswith(f"{method} {path} cannot be carried")


@pytest.mark.parametrize(
    "path",
    [
        "/models",
        "/chat/completions",
        "/responses/resp_1",
        "/conversations/conv_1/items",
        "/agents",
        "/chatkit/threads",
        "/chatkit/threads/cthr_1/items",
        "/threadsafe",
        "/assistants2",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_paths_go_through_untouched(method: str, path: str) -> None:
    seen: list[httpx2.Request] = []

    def upstream(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(418, content=b"\x00raw", headers={"X-Own": "1"})

    answer = send_raw(upstream, method, path + "?a=1&a=2", {"b": 1}, {"OpenAI-Beta": "own=1"})
    assert (answer.status_code, answer.content, answer.headers["x-own"]) == (418, b"\x00raw", "1")
    [sent] = seen
    assert (sent.method, sent.url.raw_path) == (method, f"/v1{path}?a=1&a=2".encode())
    assert (sent.content, sent.headers["openai-beta"]) == (b'{"b": 1}', "own=1")


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/v1/threads", ("/v1", "/threads")),
        ("/threads/x", ("", "/threads/x")),
        ("/proxy/a/v1/assistants/x", ("/proxy/a/v1", "/assistants/x")),
        ("/v1/threads/assistants", ("/v1", "/threads/assistants")),
        ("/v1/threads/a\nb", ("/v1", "/threads/a\nb")),
        ("/v1/models", None),
    ],
)
def test_what_stands_ahead_of_v2s_path_is_kept(path: str, parts: tuple[str, str] | None) -> None:
    assert split_path(path) == parts
