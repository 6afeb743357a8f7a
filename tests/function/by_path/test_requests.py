"""What of a request by path goes on: query and body told apart again, and no key but the function's."""

import base64
import json
from typing import Any

import httpx2
import pytest

from assistants_transport.routes import ROUTES
from tests.fake_upstream import THREAD, answer_always
from tests.invoke import KEY, Json, web

IDS = ("thread_id", "assistant_id", "message_id", "run_id", "step_id")
ADMIN = {"authorization": "Bearer admin-token"}
CALLERS_KEY = "sk-callers-own-0123456789"


def fill_in(path: str) -> str:
    for name in IDS:
        path = path.replace(f"{{{name}}}", f"{name}_1")
    return path


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_request_of_v2_goes_on_as_it_came(route: Any, prefix: str) -> None:
    upstream = answer_always(200, {})
    query: Json = dict.fromkeys(route.query, "asst_1")
    body: Json = {"model": "m", "metadata": {"limit": "a"}} if route.method == "POST" else {}
    upstream.function().request(query | body | web(route.method, path=prefix + fill_in(route.path)))
    (sent,) = upstream.seen
    assert (sent.method, sent.url.path) == (route.method, f"/v1{fill_in(route.path)}")
    assert dict(sent.url.params) == query
    assert json.loads(sent.content or b"{}") == body
    assert sent.headers["openai-beta"] == "assistants=v2"


@pytest.mark.parametrize("method", ["post", "POST"])
def test_plain_openwhisk_tells_the_path_in_its_own_way(method: str) -> None:
    upstream = answer_always(200, {})
    event = {"__ow_method": method, "__ow_path": "/threads", "__ow_headers": {}, "metadata": {"a": "b"}}
    upstream.function().request(event)
    assert [(one.method, one.url.path) for one in upstream.seen] == [("POST", "/v1/threads")]
    assert upstream.bodies() == [{"metadata": {"a": "b"}}]


@pytest.mark.parametrize(
    "headers", [{"content-type": "text/plain"}, {"content-type": "application/json"}, {}], ids=str
)
def test_a_body_that_the_platform_did_not_read_is_read(headers: dict[str, str]) -> None:
    upstream = answer_always(200, {})
    text = json.dumps({"metadata": {"a": "b"}})
    body = text if headers else base64.b64encode(text.encode()).decode()
    upstream.function().request(web("POST", headers, path="/threads", body=body, isBase64Encoded=not headers))
    assert upstream.bodies() == [{"metadata": {"a": "b"}}]


def test_head_asks_as_get_does() -> None:
    upstream = answer_always(200, THREAD)
    answer = upstream.function().ask("HEAD", "/threads/thread_1")
    assert (answer["statusCode"], upstream.seen[0].method) == (200, "GET")


def test_of_the_callers_headers_only_the_idempotency_key_goes_on() -> None:
    upstream = answer_always(200, {})
    headers = {
        "authorization": f"Bearer {CALLERS_KEY}",
        "api-key": CALLERS_KEY,
        "openai-organization": "org-callers",
        "openai-project": "proj_callers",
        "openai-beta": "assistants=v1",
        "cookie": CALLERS_KEY,
        "x-forwarded-for": "192.0.2.1",
        "idempotency-key": "one",
    }
    upstream.function().ask("POST", "/threads", headers)
    sent = dict(upstream.seen[0].headers)
    assert sent.pop("authorization") == f"Bearer {KEY}"
    assert sent.pop("idempotency-key") == "one"
    assert sent.pop("openai-beta") == "assistants=v2"
    assert sent.keys() == {"content-type", "content-length", "host"}


@pytest.mark.parametrize("value", ["", "ä", "a\nb", "x" * 256])
def test_a_header_that_cannot_go_on_is_refused(value: str) -> None:
    upstream = answer_always(200, {})
    answer = upstream.function().ask("POST", "/threads", {"idempotency-key": value})
    assert (answer["statusCode"], upstream.seen) == (400, [])
    assert "idempotency-key" in answer["body"]["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "given", "status", "words"),
    [
        ("GET", "/threads/thread_1/messages", {"limti": "1"}, 400, "limti"),
        ("DELETE", "/threads/thread_1", {"force": "true"}, 400, "force"),
        ("GET", "/threads/thread_1/messages", {"after": "../x"}, 400, "after"),
        ("GET", "/threads/a%2F..", {}, 400, "thread_id"),
        ("GET", "/threads/..", {}, 400, "thread_id"),
        ("GET", f"/threads/{'x' * 129}", {}, 400, "thread_id"),
        ("POST", "/threads/thread_1/runs", {"include[]": ["a"]}, 400, "include[]"),
        ("POST", "/threads", {'{"metadata": {}}': ""}, 400, "Content-Type"),
        ("GET", "/threads", {}, 405, "Not allowed to GET on /v1/threads"),
        ("PUT", "/v1/threads/thread_1", {}, 405, "Not allowed to PUT on /v1/threads/thread_1"),
        ("GET", "/threads/thread_1/files", {}, 404, "Invalid URL (GET /v1/threads/thread_1/files)"),
        ("POST", "/threads/", {}, 404, "Invalid URL"),
        ("GET", "/assistants/asst_1/files/file_1", {}, 404, "Invalid URL"),
    ],
)
def test_what_v2_has_not_is_refused_before_anything_is_sent(
    method: str, path: str, given: Json, status: int, words: str
) -> None:
    upstream = answer_always(200, {})
    answer = upstream.function().ask(method, path, **given)
    assert (answer["statusCode"], upstream.seen) == (status, [])
    error = answer["body"]["error"]
    assert words in error["message"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"


def test_a_wrong_method_is_told_the_right_ones() -> None:
    answer = answer_always(200, {}).function().ask("PATCH", "/threads/thread_1")
    assert answer["headers"]["Allow"] == "GET, POST, DELETE"


def test_a_body_nested_too_deeply_is_refused() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    upstream = answer_always(200, {})
    answer = upstream.function().ask("POST", "/threads", metadata=deep)
    assert (answer["statusCode"], upstream.seen) == (400, [])


@pytest.mark.parametrize("path", ["/threads/thread_1", "/v1/threads/thread_1", "//threads/thread_1"])
def test_a_path_may_have_a_version_and_the_slash_of_a_base_url(path: str) -> None:
    upstream = answer_always(200, THREAD)
    answer = upstream.function().ask("GET", path)
    assert (answer["statusCode"], [one.url.path for one in upstream.seen]) == (200, ["/v1/threads/thread_1"])


@pytest.mark.parametrize(
    "path", ["/threads", "/threads/thread_1", "/threads/thread_1/messages", "/assistants"]
)
def test_only_a_run_can_be_streamed(path: str) -> None:
    upstream = answer_always(400, {"error": {"message": "unknown field stream"}})
    answer = upstream.function().ask("POST", path, stream=True)
    assert answer["statusCode"] == 400
    assert upstream.bodies() == [{"stream": True}], "it is for the server to refuse it"


@pytest.mark.parametrize("path", ["/chat.js", "/nothing", "/v2/threads", "/thread", "/v1"])
def test_any_other_path_is_404_in_the_envelope(path: str) -> None:
    upstream = answer_always(200, {})
    answer = upstream.function().ask("GET", path, action="describe")
    assert (answer["statusCode"], upstream.seen) == (404, [])
    assert answer["body"]["success"] is False
    assert "path" in answer["body"]["error"]


def test_a_slash_behind_the_url_is_no_path() -> None:
    assert answer_always(200, {}).function().ask("GET", "/", action="describe")["statusCode"] == 200


# ---------------------------------------------------------------- other APIs of OpenAI


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_owner_reaches_every_other_api(prefix: str) -> None:
    upstream = answer_always(200, {"object": "list", "data": []})
    function = upstream.function(ADMIN_TOKEN="admin-token")
    function.ask("GET", f"{prefix}/vector_stores/vs_1/files", ADMIN, limit="2", filter="failed")
    function.ask("POST", f"{prefix}/vector_stores", ADMIN, name="n", expires_after={"days": 1})
    function.ask("POST", f"{prefix}/responses", ADMIN, model="m", **{"include[]": "x"})
    function.ask("DELETE", f"{prefix}/files/file-1", ADMIN)
    sent = [(one.method, one.url.raw_path.decode(), one.content.decode()) for one in upstream.seen]
    assert sent == [
        ("GET", "/v1/vector_stores/vs_1/files?limit=2&filter=failed", ""),
        ("POST", "/v1/vector_stores", '{"name": "n", "expires_after": {"days": 1}}'),
        ("POST", "/v1/responses?include%5B%5D=x", '{"model": "m"}'),
        ("DELETE", "/v1/files/file-1", ""),
    ]
    assert {one.headers["authorization"] for one in upstream.seen} == {f"Bearer {KEY}"}


def test_a_file_to_upload_goes_on_byte_by_byte() -> None:
    upstream = answer_always(200, {"id": "file-1", "object": "file"})
    form = httpx2.Request(
        "POST", "http://x", data={"purpose": "assistants"}, files={"file": ("a.bin", bytes(range(256)))}
    )
    headers = ADMIN | {"content-type": form.headers["content-type"]}
    body = base64.b64encode(form.read()).decode()
    event = web("POST", headers, path="/v1/files", body=body, isBase64Encoded=True)
    answer = upstream.function(ADMIN_TOKEN="admin-token").request(event)
    assert answer["body"]["id"] == "file-1"
    (sent,) = upstream.seen
    assert sent.content == form.content
    assert sent.headers["content-type"] == form.headers["content-type"]


@pytest.mark.parametrize("body", ["???", None, 5])
def test_a_file_that_did_not_arrive_whole_is_refused(body: Any) -> None:
    upstream = answer_always(200, {})
    headers = ADMIN | {"content-type": "multipart/form-data; boundary=b"}
    event = web("POST", headers, path="/files", body=body)
    answer = upstream.function(ADMIN_TOKEN="admin-token").request(event)
    assert (answer["statusCode"], upstream.seen) == (400, [])


@pytest.mark.parametrize(
    "path", ["/files/../admin", "/files/./x", "/files//x", "/files/a%2Fb", "/files/a b", "/v1/", "/v1/ä"]
)
def test_a_path_that_could_be_read_in_two_ways_is_refused(path: str) -> None:
    upstream = answer_always(200, {})
    answer = upstream.function(ADMIN_TOKEN="admin-token").ask("GET", path, ADMIN)
    assert (answer["statusCode"], upstream.seen) == (404, [])
    assert "Invalid URL" in answer["body"]["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/files", "/v1/models", "/vector_stores/vs_1", "/v1/anything", "/chat/completions"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("settings", "headers"),
    [
        ({}, {}),
        ({}, {"authorization": "Bearer none"}),
        ({"ADMIN_TOKEN": "admin-token"}, {}),
        ({"ADMIN_TOKEN": "admin-token"}, {"authorization": "Bearer wrong"}),
        ({"ADMIN_TOKEN": "admin-token", "ACCESS_TOKEN": "t"}, {"authorization": "Bearer t"}),
        ({"ACCESS_TOKEN": "t"}, {"authorization": "Bearer t"}),
    ],
)
def test_nobody_but_the_owner_finds_other_apis(
    settings: dict[str, str], headers: dict[str, str], method: str, path: str
) -> None:
    upstream = answer_always(200, {})
    answer = upstream.function(**settings).ask(method, path, headers)
    assert (answer["statusCode"], upstream.seen) == (404, [])
    assert "ADMIN_TOKEN" in answer["body"]["error"]["message"]
