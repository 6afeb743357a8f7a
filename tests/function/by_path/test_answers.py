"""What a caller by path is answered: OpenAI's own objects, errors and status, nothing of the envelope."""

import base64
import json
from typing import Any

import httpx2
import pytest

from tests.fake_upstream import (
    THREAD,
    answer_always,
    answer_in_turn,
    error,
    v2_list,
    v2_message,
    v2_run,
    v2_text,
)
from tests.invoke import KEY, Json

ADMIN = {"authorization": "Bearer admin-token"}
MAX_BYTES = 1_000_000
LOOK_FIRST = "look before you repeat it"


def test_an_object_is_answered_as_it_is_with_openais_headers() -> None:
    headers = {
        "x-request-id": "req_1",
        "openai-processing-ms": "7",
        "set-cookie": "a",
        "x-ratelimit-limit": "1",
    }
    answer = answer_always(200, THREAD, headers).function().ask("GET", "/threads/thread_1")
    assert (answer["statusCode"], answer["body"]) == (200, THREAD)
    told = {name: value for name, value in answer["headers"].items() if not name.startswith("Access-Control")}
    assert told == {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "x-request-id": "req_1",
        "openai-processing-ms": "7",
    }


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422, 429, 500, 502, 503])
def test_an_error_of_openai_keeps_its_status_its_words_and_its_pause(status: int) -> None:
    told = {"message": "It went wrong.", "type": "some_type", "param": "a", "code": "some_code"}
    upstream = answer_always(status, {"error": told}, {"retry-after": "30", "x-request-id": "req_1"})
    answer = upstream.function().ask("GET", "/threads/thread_1")
    assert (answer["statusCode"], answer["body"]) == (status, {"error": told})
    assert (answer["headers"]["retry-after"], answer["headers"]["x-request-id"]) == ("30", "req_1")


@pytest.mark.parametrize(
    "content", [b"<p>Bad gateway</p>", b"", b'{"error": "no"}', b"[]", b'{"detail": "no"}']
)
def test_an_error_without_openais_shape_gets_it(content: bytes) -> None:
    answer = answer_always(502, content=content).function().ask("GET", "/threads/thread_1")
    assert answer["statusCode"] == 502
    assert answer["body"]["error"]["message"] == "OpenAI answered 502 without saying why."


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error(401, f"Incorrect API key provided: {KEY}"), "OPENAI_API_KEY is refused"),
        (error(403, "Not in your country"), "not allowed to do this: Not in your country"),
        (error(404, "Invalid URL (GET /v2/threads)"), "check OPENAI_BASE_URL"),
    ],
)
def test_what_the_functions_settings_are_to_blame_for_is_no_401_of_the_callers(
    answer: httpx2.Response, words: str
) -> None:
    told = answer_in_turn(answer).function().ask("GET", "/threads/thread_1")
    assert told["statusCode"] == 500
    assert words in told["body"]["error"]["message"]
    assert KEY not in json.dumps(told)
    assert told["headers"]["x-should-retry"] == "false"


def test_a_path_that_another_api_does_not_have_is_the_callers_mistake() -> None:
    upstream = answer_in_turn(error(404, "Invalid URL (GET /v1/filse)"))
    answer = upstream.function(ADMIN_TOKEN="admin-token").ask("GET", "/v1/filse", ADMIN)
    assert (answer["statusCode"], answer["body"]["error"]["message"]) == (404, "Invalid URL (GET /v1/filse)")


def test_a_missing_key_is_told_in_openais_shape() -> None:
    answer = answer_always(200, THREAD).function(OPENAI_API_KEY="none").ask("POST", "/threads")
    assert answer["statusCode"] == 500
    assert answer["body"]["error"]["type"] == "server_error"
    assert "OPENAI_API_KEY is missing" in answer["body"]["error"]["message"]


def test_a_setting_that_cannot_be_meant_is_told_in_openais_shape() -> None:
    answer = answer_always(200, THREAD).function(MAX_MESSAGE_CHARS="many").ask("POST", "/threads")
    assert answer["statusCode"] == 500
    assert "MAX_MESSAGE_CHARS" in answer["body"]["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "failure", "status", "repeat", "words"),
    [
        ("POST", "/threads", httpx2.ReadTimeout("late"), 504, "false", LOOK_FIRST),
        ("POST", "/threads", httpx2.ReadError("reset"), 502, "false", LOOK_FIRST),
        ("POST", "/threads", httpx2.Response(500), 500, "false", "without saying why"),
        ("POST", "/threads", httpx2.Response(200, text="nonsense"), 502, "false", LOOK_FIRST),
        ("POST", "/threads", httpx2.ConnectError("refused"), 502, None, "try again"),
        ("POST", "/threads", httpx2.Response(429, headers={"retry-after": "99"}), 429, None, ""),
        ("POST", "/threads", httpx2.Response(400), 400, None, ""),
        ("GET", "/threads/thread_1", httpx2.ReadTimeout("late"), 504, None, "try again"),
        ("GET", "/threads/thread_1", httpx2.Response(503), 503, None, "without saying why"),
        ("GET", "/threads/thread_1", httpx2.Response(302), 502, None, "OPENAI_BASE_URL redirects"),
        ("GET", "/threads/thread_1", httpx2.Response(200, text="5"), 502, None, "could not be understood"),
    ],
)
def test_the_sdks_are_kept_from_sending_a_change_twice(
    method: str, path: str, failure: Any, status: int, repeat: str | None, words: str
) -> None:
    """They repeat every 5xx by themselves, unless x-should-retry says no."""
    answer = answer_in_turn(failure).function().ask(method, path)
    assert (answer["statusCode"], answer["headers"].get("x-should-retry")) == (status, repeat)
    assert words in answer["body"]["error"]["message"]


@pytest.mark.parametrize(
    "body", [{}, [], {"object": "pony"}, {"object": None, "data": 1}, {"headers": {"a": KEY}}]
)
def test_what_v2_never_answers_is_no_answer(body: Any) -> None:
    """A gateway in between may answer anything, even the request's own headers."""
    answer = answer_always(200, body).function().ask("GET", "/threads/thread_1")
    assert answer["statusCode"] == 502
    assert KEY not in json.dumps(answer)


@pytest.mark.parametrize("body", [{"data": []}, {"object": "thread.message.deleted", "deleted": True}])
def test_what_a_server_of_v2_may_answer_is_one(body: Any) -> None:
    assert answer_always(200, body).function().ask("GET", "/threads/thread_1/messages")["body"] == body


WORDS = f"{KEY} access-token-0123456789 admin-token-0123456789 sk-proj-AbCdEfGh0123456789"
HEADERS_WITH_SECRETS = {
    "x-request-id": f"req_{KEY}",
    "retry-after": KEY,
    "openai-poll-after-ms": KEY,
    "openai-processing-ms": "access-token-0123456789",
    "x-should-retry": KEY,
}


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 429, 500, 503])
@pytest.mark.parametrize("stream", [False, True])
def test_no_secret_leaves_by_path(status: int, stream: bool, capsys: pytest.CaptureFixture[str]) -> None:
    told = {"message": WORDS, "type": WORDS, "param": WORDS, "code": WORDS, WORDS: WORDS}
    upstream = answer_always(status, {"error": told}, HEADERS_WITH_SECRETS)
    function = upstream.function(ACCESS_TOKEN="access-token-0123456789", ADMIN_TOKEN="admin-token-0123456789")
    headers = {"authorization": "Bearer admin-token-0123456789"}
    answer = function.ask("POST", "/threads/thread_1/runs", headers, assistant_id="asst_1", stream=stream)
    written = json.dumps(answer) + capsys.readouterr().out
    assert [secret for secret in WORDS.split() if secret in written] == []


@pytest.mark.parametrize("status", [400, 409])
def test_a_lock_that_outlasts_its_run_is_waited_out(status: int) -> None:
    locked = error(status, "Thread thread_1 already has an active run.")
    upstream = answer_in_turn(locked, locked, httpx2.Response(200, json=v2_message()))
    answer = upstream.function().ask("POST", "/threads/thread_1/messages", role="user", content="hi")
    assert (answer["statusCode"], len(upstream.seen), upstream.clock.seconds) == (200, 3, 1.5)


@pytest.mark.parametrize(
    ("words", "sent"), [("already has an active run", 3), ("already has an active run run_1.", 1)]
)
def test_a_thread_that_is_busy_is_told_so(words: str, sent: int) -> None:
    upstream = answer_in_turn(error(400, f"Thread thread_1 {words}"))
    answer = upstream.function().ask("POST", "/threads/thread_1/runs", assistant_id="asst_1")
    assert (answer["statusCode"], len(upstream.seen)) == (400, sent)
    assert words in answer["body"]["error"]["message"]


def test_no_key_leaves_in_what_is_told_of_a_run() -> None:
    run = v2_run("failed", last_error={"code": "server_error", "message": f"bad key {KEY}"})
    for body in (run, v2_list(run)):
        answer = answer_always(200, body).function().ask("GET", "/threads/thread_1/runs/run_1")
        assert KEY not in json.dumps(answer)


def test_what_was_said_stays_as_it_was_said() -> None:
    """A key in a conversation is the callers' own business."""
    message = json.dumps(v2_message(v2_text("sk-not-hidden-0123456789 \ud800")))
    answer = answer_always(200, content=message).function().ask("GET", "/threads/thread_1/messages/msg_1")
    assert answer["body"]["content"][0]["text"]["value"] == "sk-not-hidden-0123456789 \ufffd"


# ---------------------------------------------------------------- what is too long for the platform


def make_page(count: int, length: int) -> Json:
    messages = [v2_message(v2_text("x" * length), id=f"msg_{number}") for number in range(count)]
    return v2_list(*messages) | {"first_id": "msg_0", "last_id": f"msg_{count - 1}"}


def test_a_page_that_is_too_long_is_cut_where_the_next_one_goes_on() -> None:
    page = (
        answer_always(200, make_page(100, 30_000)).function().ask("GET", "/threads/thread_1/messages")["body"]
    )
    assert len(json.dumps(page)) < MAX_BYTES
    kept = [one["id"] for one in page["data"]]
    assert 20 < len(kept) < 100
    assert kept == [f"msg_{number}" for number in range(len(kept))]
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("msg_0", kept[-1], True)


def test_a_page_read_backwards_is_cut_at_its_other_end() -> None:
    function = answer_always(200, make_page(100, 30_000)).function()
    page = function.ask("GET", "/threads/thread_1/messages", before="msg_100")["body"]
    assert (page["data"][-1]["id"], page["last_id"], page["has_more"]) == ("msg_99", "msg_99", True)
    assert page["first_id"] == page["data"][0]["id"] != "msg_0"


@pytest.mark.parametrize("body", [make_page(1, MAX_BYTES), v2_message(v2_text("x" * MAX_BYTES))])
def test_what_cannot_be_cut_is_told(body: Json) -> None:
    answer = answer_always(200, body).function().ask("GET", "/threads/thread_1/messages")
    assert (answer["statusCode"], answer["headers"]["x-should-retry"]) == (502, "false")
    assert "1 MB" in answer["body"]["error"]["message"]


# ---------------------------------------------------------------- other APIs


def test_a_file_is_sent_as_the_platform_wants_bytes() -> None:
    content = bytes(range(256))
    upstream = answer_always(200, content=content, headers={"content-type": "application/octet-stream"})
    answer = upstream.function(ADMIN_TOKEN="admin-token").ask("GET", "/files/file-1/content", ADMIN)
    assert answer["headers"]["Content-Type"] == "application/octet-stream"
    assert base64.b64decode(answer["body"]) == content


def test_lines_of_json_are_a_file_not_json() -> None:
    upstream = answer_always(
        200, content=b'{"a": 1}\n{"a": 2}\n', headers={"content-type": "application/jsonl"}
    )
    answer = upstream.function(ADMIN_TOKEN="admin-token").ask("GET", "/files/file-1/content", ADMIN)
    assert base64.b64decode(answer["body"]) == b'{"a": 1}\n{"a": 2}\n'


def test_text_is_sent_as_text() -> None:
    upstream = answer_always(200, text="grüß", headers={"content-type": "text/plain; charset=utf-8"})
    answer = upstream.function(ADMIN_TOKEN="admin-token").ask("GET", "/files/file-1/content", ADMIN)
    assert (answer["headers"]["Content-Type"], answer["body"]) == ("text/plain; charset=utf-8", "grüß")


def test_a_file_that_is_too_long_for_the_platform_is_told() -> None:
    upstream = answer_always(200, content=bytes(800_000), headers={"content-type": "image/png"})
    answer = upstream.function(ADMIN_TOKEN="admin-token").ask("GET", "/files/file-1/content", ADMIN)
    assert answer["statusCode"] == 502
    assert "1 MB" in answer["body"]["error"]["message"]


# ---------------------------------------------------------------- HEAD, OPTIONS, the log


def test_options_is_answered_without_a_token_and_without_openai() -> None:
    upstream = answer_always(200, {})
    headers = {
        "origin": "https://page.example",
        "access-control-request-method": "DELETE",
        "access-control-request-headers": "authorization,content-type,openai-beta,x-stainless-lang",
    }
    answer = upstream.function(ACCESS_TOKEN="t").ask("OPTIONS", "/threads/thread_1", headers)
    assert (answer["statusCode"], answer["body"], upstream.seen) == (204, "", [])
    granted = answer["headers"]
    assert "DELETE" in granted["Access-Control-Allow-Methods"]
    assert granted["Access-Control-Allow-Headers"] == headers["access-control-request-headers"]
    assert "openai-poll-after-ms" in granted["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("asked", ["a\r\nb: c", "<x>", "", "ä"])
def test_only_names_of_headers_are_granted(asked: str) -> None:
    headers = {"access-control-request-headers": asked}
    answer = answer_always(200, {}).function().ask("OPTIONS", "/threads", headers)
    assert answer["headers"]["Access-Control-Allow-Headers"] == "Authorization, Content-Type"


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"origin": "https://other.example"}, 403), ({"sec-purpose": "prefetch"}, 400)],
)
def test_pages_are_kept_out_by_path_too(headers: dict[str, str], status: int) -> None:
    upstream = answer_always(200, THREAD)
    function = upstream.function(ALLOWED_ORIGINS="https://page.example")
    answer = function.ask("GET", "/threads/thread_1", headers)
    assert (answer["statusCode"], upstream.seen) == (status, [])
    assert answer["body"]["error"]["message"]


def test_a_line_of_the_log_tells_the_request_and_none_of_its_ids(capsys: pytest.CaptureFixture[str]) -> None:
    upstream = answer_always(200, THREAD, {"x-request-id": "req_1"})
    upstream.function(ADMIN_TOKEN="admin-token").ask("GET", "/threads/thread_1/runs/run_1")
    upstream.function(ADMIN_TOKEN="admin-token").ask("GET", "/files/file-1/content", ADMIN)
    upstream.function(ADMIN_TOKEN="admin-token").ask(
        "POST", "/assistants", {"authorization": f"Bearer {KEY}x"}
    )
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for line in lines:
        assert line.pop("milliseconds") >= 0
    assert lines == [
        {"path": "GET /threads/{thread_id}/runs/{run_id}", "openaiRequestId": "req_1", "status": 200},
        {"path": "GET /files", "openaiRequestId": "req_1", "status": 200},
        {"path": None, "openaiRequestId": None, "status": 401},
    ]


def test_a_fault_of_our_own_is_a_500_in_openais_shape(capsys: pytest.CaptureFixture[str]) -> None:
    answer = answer_in_turn(OSError(f"secret {KEY}")).function().ask("GET", "/threads/thread_1")
    assert answer["statusCode"] == 500
    assert answer["body"]["error"]["message"] == "the function failed; its log has the details"
    line = json.loads(capsys.readouterr().out)
    assert (line["fault"], "secret" in json.dumps(line)) == ("OSError", False)


def test_an_event_without_a_method_is_no_request_by_path() -> None:
    answer = answer_always(200, {}).function().main({"http": {"path": "/threads", "headers": {}}})
    assert (answer["statusCode"], "action" in answer["body"]["error"]) == (400, True)
