"""By path: the same tokens and the same limits as by action, and the status that an SDK tells its user."""

from typing import Any

import pytest

from tests.fake_upstream import THREAD, answer_always
from tests.invoke import Json

BOTH = {"ACCESS_TOKEN": "access-token", "ADMIN_TOKEN": "admin-token"}
ACCESS, ADMIN = {"ACCESS_TOKEN": "access-token"}, {"ADMIN_TOKEN": "admin-token"}
THREADS, ASSISTANTS = ("POST", "/threads"), ("GET", "/v1/assistants")


@pytest.mark.parametrize(
    ("settings", "request_line", "token", "status"),
    [
        ({}, THREADS, None, 200),
        ({}, ASSISTANTS, "sk-whatever-an-sdk-sends", 200),
        (ADMIN, THREADS, "whatever", 200),
        (ADMIN, ASSISTANTS, "whatever", 401),
        (ADMIN, ASSISTANTS, None, 401),
        (ADMIN, ASSISTANTS, "admin-token", 200),
        (ACCESS, THREADS, "access-token", 200),
        (ACCESS, THREADS, "wrong", 401),
        (ACCESS, THREADS, None, 401),
        (ACCESS, ASSISTANTS, "access-token", 200),
        (BOTH, THREADS, "admin-token", 200),
        (BOTH, ASSISTANTS, "admin-token", 200),
        (BOTH, ASSISTANTS, "access-token", 403),
        (BOTH, ASSISTANTS, "\ud800", 401),
    ],
)
def test_a_token_opens_what_it_opens_by_action(
    settings: dict[str, str], request_line: tuple[str, str], token: str | None, status: int
) -> None:
    upstream = answer_always(200, THREAD)
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    answer = upstream.function(**settings).ask(*request_line, headers)
    assert (answer["statusCode"], len(upstream.seen)) == (status, status == 200)
    if status != 200:
        error = answer["body"]["error"]
        assert error["code"] == {401: "invalid_api_key", 403: "insufficient_permissions"}[status]
        assert answer["headers"].get("WWW-Authenticate") == ("Bearer" if status == 401 else None)


def test_a_token_in_another_place_is_none() -> None:
    upstream = answer_always(200, THREAD)
    headers = {"api-key": "access-token", "authorization": "Basic access-token"}
    answer = upstream.function(**ACCESS).ask("POST", "/threads", headers, api_key="access-token")
    assert (answer["statusCode"], upstream.seen) == (401, [])


def test_a_key_that_is_refused_is_not_told() -> None:
    answer = answer_always(200, THREAD).function(**BOTH).ask(*THREADS, {"authorization": "Bearer sk-own"})
    assert "sk-own" not in str(answer)


TOO_LONG = "x" * 11
MESSAGE = {"role": "user", "content": TOO_LONG}
PARTS = {"role": "user", "content": [{"type": "text", "text": TOO_LONG}]}


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/threads", {"messages": [{"role": "user", "content": "x"}, MESSAGE]}, "messages[1].content"),
        ("/threads", {"messages": [PARTS]}, "messages[0].content"),
        ("/threads/thread_1/messages", MESSAGE, "content"),
        ("/threads/thread_1/runs", {"instructions": TOO_LONG}, "instructions"),
        ("/threads/thread_1/runs", {"additional_instructions": TOO_LONG}, "additional_instructions"),
        ("/threads/thread_1/runs", {"additional_messages": [MESSAGE]}, "additional_messages[0].content"),
        ("/threads/runs", {"thread": {"messages": [MESSAGE]}}, "thread.messages[0].content"),
        (
            "/threads/thread_1/runs/run_1/submit_tool_outputs",
            {"tool_outputs": [{"tool_call_id": "c", "output": TOO_LONG}]},
            "tool_outputs[0].output",
        ),
    ],
)
def test_every_text_of_a_caller_is_limited(path: str, body: Json, name: str) -> None:
    upstream = answer_always(200, THREAD)
    function = upstream.function(MAX_MESSAGE_CHARS="10")
    answer = function.ask("POST", path, **body)
    assert (answer["statusCode"], upstream.seen) == (413, [])
    assert answer["body"]["error"]["message"].startswith(f"{name} has ")
    assert answer["body"]["error"]["code"] == "too_long"
    assert function.ask("POST", path)["statusCode"] == 200


@pytest.mark.parametrize(
    "body", [{"thread": 5}, {"messages": [5, None]}, {"content": None}, {"messages": {}}]
)
def test_what_is_no_text_is_left_to_openai_to_refuse(body: Json) -> None:
    upstream = answer_always(400)
    assert upstream.function(MAX_MESSAGE_CHARS="10").ask("POST", "/threads", **body)["statusCode"] == 400
    assert upstream.bodies() == [body]


MANY = [{"role": "user", "content": "x"}] * 4
IMAGES = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}] * 11}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"x": "x" * 32_000}}}
DEEP: Any = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/threads", {"messages": MANY}, 413, "messages has 4 entries; at most 3"),
        ("/threads/runs", {"thread": {"messages": MANY}}, 413, "thread.messages has 4 entries"),
        ("/threads/thread_1/runs", {"additional_messages": MANY}, 413, "additional_messages has 4 entries"),
        ("/threads/thread_1/messages", IMAGES, 400, "content must have at most 10 images"),
        ("/threads", {"messages": [IMAGES]}, 400, "messages[0].content must have at most 10 images"),
        (
            "/threads/thread_1/runs",
            {"response_format": FORMAT},
            400,
            "response_format must have at most 32000",
        ),
        ("/assistants", {"response_format": FORMAT}, 400, "response_format must have at most"),
        ("/threads/thread_1/messages", {"content": DEEP}, 400, "content is nested too deeply"),
    ],
)
def test_every_lever_on_the_bill_is_bound(path: str, body: Json, status: int, words: str) -> None:
    upstream = answer_always(200, THREAD)
    answer = upstream.function(MAX_MESSAGES_PER_CALL="3").ask("POST", path, **body)
    assert (answer["statusCode"], upstream.seen) == (status, [])
    assert answer["body"]["error"]["message"].startswith(words)


def test_an_assistant_is_the_owners_and_as_long_as_it_likes() -> None:
    upstream = answer_always(200, {"object": "assistant"})
    function = upstream.function(MAX_MESSAGE_CHARS="10")
    assert function.ask("POST", "/assistants", model="m", instructions=TOO_LONG)["statusCode"] == 200


@pytest.mark.parametrize("path", ["/threads/thread_1/runs", "/threads/runs"])
@pytest.mark.parametrize(
    ("wanted", "sent"),
    [({}, 100), ({"max_completion_tokens": None}, 100), ({"max_completion_tokens": 50}, 50)],
)
def test_a_run_has_the_limit_of_the_setting(path: str, wanted: Json, sent: int) -> None:
    upstream = answer_always(200, {})
    upstream.function(MAX_COMPLETION_TOKENS="100").ask("POST", path, assistant_id="asst_1", **wanted)
    assert upstream.bodies() == [{"assistant_id": "asst_1", "max_completion_tokens": sent}]


@pytest.mark.parametrize("wanted", [101, "50", 50.5, 1e300])
def test_more_tokens_than_the_setting_are_refused(wanted: Any) -> None:
    upstream = answer_always(200, {})
    function = upstream.function(MAX_COMPLETION_TOKENS="100")
    answer = function.ask("POST", "/threads/runs", assistant_id="asst_1", max_completion_tokens=wanted)
    assert (answer["statusCode"], upstream.seen) == (400, [])
    assert answer["body"]["error"]["message"] == "max_completion_tokens must be at most 100"


def test_nothing_but_a_run_gets_a_limit_of_tokens() -> None:
    upstream = answer_always(200, {})
    function = upstream.function(MAX_COMPLETION_TOKENS="100")
    function.ask("POST", "/threads")
    function.ask("POST", "/threads/thread_1/runs/run_1", metadata={})
    assert upstream.bodies() == [{}, {"metadata": {}}]
