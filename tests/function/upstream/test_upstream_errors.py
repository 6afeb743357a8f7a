"""What OpenAI answers, or does not: which status and which words each of it becomes."""

import json
from typing import Any

import httpx2
import pytest

from tests.fake_upstream import (
    RUN,
    SEND,
    THREAD,
    THREAD_PARAMS,
    Upstream,
    answer_always,
    answer_in_turn,
    error,
)
from tests.invoke import KEY, Json

AGAIN = "; try again"
MAYBE = "; the change may have been carried out: look before you repeat it"
QUOTA = {"error": {"message": "You exceeded your quota.", "code": "insufficient_quota"}}


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        (400, 400, "Words."),
        (401, 500, "OPENAI_API_KEY is refused by OpenAI; set a valid key"),
        (403, 500, "OPENAI_API_KEY is not allowed to do this: Words."),
        (404, 404, "Words."),
        (408, 504, "OpenAI failed with status 408: Words."),
        (409, 409, "Words."),
        (413, 413, "OpenAI failed with status 413: Words."),
        (422, 400, "Words."),
        (429, 429, "OpenAI's rate limit or quota is used up: Words."),
        (500, 502, "OpenAI failed with status 500: Words."),
        (502, 502, "OpenAI failed with status 502: Words."),
        (503, 502, "OpenAI failed with status 503: Words."),
        (504, 504, "OpenAI failed with status 504: Words."),
        (529, 502, "OpenAI failed with status 529: Words."),
        (418, 502, "OpenAI failed with status 418: Words."),
    ],
)
@pytest.mark.parametrize("params", [THREAD_PARAMS, SEND], ids=["read", "change"])
def test_a_refusal_keeps_its_meaning(params: Json, given: int, status: int, words: str) -> None:
    answer = answer_in_turn(error(given, "Words.")).function()(**params)
    in_doubt = params is SEND and (given == 408 or given >= 500)
    advice = (MAYBE if in_doubt else AGAIN) if status in (502, 504) else ""
    assert (answer["statusCode"], answer["body"]["error"]) == (status, words + advice)
    assert answer["body"]["data"] is None


ELSEWHERE = "https://me:pass@elsewhere.example:8443/v1/thing?token=secret#part"
REDIRECTS = {
    ELSEWHERE: "https://elsewhere.example:8443/v1/thing",
    "//elsewhere.example/": "http://elsewhere.example/",
    "/v2": "http://upstream.test/v2",
    f"/login/{KEY}": "http://upstream.test/login/[hidden]",
    "http://[::1": "no address that can be understood",
    "": "no address that can be understood",
}


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("backend_name", ["native", "responses"])
@pytest.mark.parametrize("params", [THREAD_PARAMS, SEND], ids=["read", "change"])
def test_a_redirect_is_no_success_and_not_followed(params: Json, backend_name: str, status: int) -> None:
    for location, shown in REDIRECTS.items():
        headers = {"location": location} if location else {}
        upstream = answer_always(status, THREAD, headers)
        answer = upstream.function(ASSISTANTS_BACKEND=backend_name).error(**params)
        words = f"OPENAI_BASE_URL redirects to {shown}; set it to the address that answers"
        assert answer == (502, words + (MAYBE if params is SEND else AGAIN))
        assert len(upstream.seen) == 1


FAULTS = [
    (httpx2.ConnectError("refused"), 502, "OpenAI could not be reached", False),
    (httpx2.ConnectTimeout("slow"), 504, "OpenAI did not answer in time", False),
    (httpx2.PoolTimeout("full"), 504, "OpenAI did not answer in time", False),
    (httpx2.ReadTimeout("slow"), 504, "OpenAI did not answer in time", True),
    (httpx2.WriteTimeout("slow"), 504, "OpenAI did not answer in time", True),
    (httpx2.ReadError("reset"), 502, "OpenAI could not be reached", True),
    (httpx2.WriteError("reset"), 502, "OpenAI could not be reached", True),
    (httpx2.RemoteProtocolError("cut"), 502, "OpenAI could not be reached", True),
    (httpx2.ProxyError("proxy"), 502, "OpenAI could not be reached", True),
]


@pytest.mark.parametrize(("fault", "status", "words", "may_be_done"), FAULTS)
@pytest.mark.parametrize("params", [THREAD_PARAMS, SEND], ids=["read", "change"])
def test_a_missing_answer_says_whether_the_change_may_be_made(
    params: Json, fault: Exception, status: int, words: str, may_be_done: bool
) -> None:
    advice = MAYBE if may_be_done and params is SEND else AGAIN
    assert answer_in_turn(fault).function().error(**params) == (status, words + advice)


NONSENSE: dict[str, Json] = {
    "text": {"text": "hello"},
    "html": {"content": b"<html>It works</html>", "headers": {"content-type": "text/html"}},
    "html as json": {"content": b"<html>", "headers": {"content-type": "application/json"}},
    "cut off": {"content": b'{"id": "thread_1", "obj', "headers": {"content-type": "application/json"}},
    "empty": {"content": b""},
    "no utf-8": {"content": b'{"id": "\xff"}', "headers": {"content-type": "application/json"}},
    "bad gzip": {"stream": httpx2.ByteStream(b"no gzip"), "headers": {"content-encoding": "gzip"}},
    "deep": {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}},
    "deep inside": {
        "content": b'{"id":"thread_1","object":"thread","metadata":' + b'{"a":' * 800 + b"1" + b"}" * 801,
        "headers": {"content-type": "application/json"},
    },
    "huge number": {
        "content": b'{"id": "thread_1", "object": "thread", "created_at": ' + b"9" * 5000 + b"}",
        "headers": {"content-type": "application/json"},
    },
    **{
        str(shape): {"json": shape}
        for shape in (
            [],
            [THREAD],
            {},
            None,
            5,
            "x",
            {"object": "thread"},
            {"object": "thread", "id": 5},
            {"object": "thread", "id": None},
            {"object": "list", "data": []},
            {"object": "assistant", "id": "asst_1"},
            {"error": {"message": "fine?"}},
        )
    },
}


@pytest.mark.parametrize("given", NONSENSE.values(), ids=list(NONSENSE))
@pytest.mark.parametrize("backend_name", ["native", "responses"])
def test_nonsense_is_502(given: Json, backend_name: str) -> None:
    upstream = Upstream(lambda _: httpx2.Response(200, **given))
    answer = upstream.function(ASSISTANTS_BACKEND=backend_name)(**THREAD_PARAMS)
    assert answer["statusCode"] == 502, answer
    assert answer["body"]["error"] == "OpenAI's answer could not be understood; try again"


@pytest.mark.parametrize("metadata", ["none", [1], 5])
def test_metadata_of_nonsense_is_502(metadata: Any) -> None:
    assert answer_always(200, {**THREAD, "metadata": metadata}).function().error(**THREAD_PARAMS)[0] == 502


@pytest.mark.parametrize(
    "given",
    [
        {"object": "list"},
        {"object": "list", "data": {}},
        {"object": "list", "data": None},
        {"object": "list", "data": "ab"},
        {"object": "list", "data": [1]},
        {"object": "list", "data": [None]},
        {"object": "list", "data": [{"object": "assistant"}]},
        {"object": "list", "data": [{"object": "thread", "id": "thread_1"}]},
        {"object": "list", "data": [{"object": "thread.message", "id": "msg_1", "content": 5}]},
        {"object": "list", "data": [{"object": "thread.message", "id": "msg_1", "content": [5]}]},
        {
            "object": "list",
            "data": [{"object": "thread.message", "id": "msg_1", "content": [{"type": "text", "text": 5}]}],
        },
    ],
)
def test_a_page_of_nonsense_is_502(given: Any) -> None:
    assert answer_always(200, given).function().error(action="list-messages", threadId="thread_1")[0] == 502


@pytest.mark.parametrize(
    "more",
    [
        {"status": None},
        {"status": 5},
        {"thread_id": None},
        {"usage": 5},
        {"status": "requires_action", "required_action": {"submit_tool_outputs": {"tool_calls": [{}]}}},
        {"status": "requires_action", "required_action": {"submit_tool_outputs": {"tool_calls": 5}}},
        {"status": "failed", "last_error": "bad"},
        {"incomplete_details": "x"},
    ],
)
def test_a_run_of_nonsense_is_502(more: Json) -> None:
    run = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "status": "queued", **more}
    assert answer_always(200, run).function().error(**RUN)[0] == 502


@pytest.mark.parametrize("status", [400, 404, 429, 500])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"[]",
        b"5",
        b'{"error": "x"}',
        b'{"error": []}',
        b'{"error": {"message": 5}}',
    ],
)
@pytest.mark.parametrize("backend_name", ["native", "responses"])
def test_a_refusal_without_a_message_shows_none(status: int, body: bytes, backend_name: str) -> None:
    upstream = Upstream(lambda _: httpx2.Response(status, content=body))
    answer = upstream.function(ASSISTANTS_BACKEND=backend_name)(**THREAD_PARAMS)
    assert answer["statusCode"] == {500: 502}.get(status, status)
    assert "html" not in answer["body"]["error"]


@pytest.mark.parametrize("value", ["0", "1", "20", "86400", "Wed, 21 Oct 2026 07:28:00 GMT"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_sane_retry_after_is_passed_on(status: int, value: str) -> None:
    answer = answer_always(status, QUOTA, {"retry-after": value}).function()(**SEND)
    assert answer["headers"]["Retry-After"] == value


@pytest.mark.parametrize(
    "value", ["", "-1", "soon", "86401", "9" * 5000, "0" * 9 + "9999", "1.5", "tomorrow GMT", "1, 2", "²"]
)
def test_any_other_retry_after_is_not(value: str) -> None:
    headers: Any = httpx2.Headers([(b"retry-after", value.encode("latin-1"))])
    assert "Retry-After" not in answer_always(429, QUOTA, headers).function()(**SEND)["headers"]


@pytest.mark.parametrize(
    "message",
    [
        "Thread thread_1 already has an active run run_abc123.",
        "Can't add messages to thread_1 while a run run_abc123 is active.",
    ],
)
def test_an_active_run_is_409_and_named(message: str) -> None:
    answer = answer_in_turn(error(400, message)).function()(**SEND)
    assert answer["statusCode"] == 409
    assert answer["body"]["data"] == {"threadId": "thread_1", "runId": "run_abc123"}
    assert answer["body"]["threadId"] == "thread_1"


def test_an_active_run_that_is_not_named_is_null() -> None:
    answer = answer_in_turn(error(400, "Thread already has an active run.")).function()(**SEND)
    assert (answer["statusCode"], answer["body"]["data"]["runId"]) == (409, None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_no_secret_leaves_in_an_answer(status: int, capsys: pytest.CaptureFixture[str]) -> None:
    words = f"Key {KEY}, sk-proj-abcdefghijk***xyz and {'token-' * 3} are bad."
    upstream = answer_in_turn(error(status, words))
    answer = json.dumps(upstream.function(ADMIN_TOKEN="token-" * 3)(**SEND))
    for secret in (KEY, "sk-proj-abc", "token-token"):
        assert secret not in answer
        assert secret not in capsys.readouterr().out


def test_a_base_url_that_leads_nowhere_is_the_configurations_fault() -> None:
    answer = answer_in_turn(error(404, "Invalid URL (POST /zzz/conversations)")).function()(**THREAD_PARAMS)
    assert answer["statusCode"] == 500
    assert "check OPENAI_BASE_URL" in answer["body"]["error"]
