"""The environment's settings, and the tokens that open the actions."""

from typing import Any

import pytest

from assistant_function.actions import ACTIONS
from assistant_function.request.settings import read
from tests.contract import CONTRACT, make_params
from tests.fake_upstream import THREAD, THREAD_PARAMS, answer_always
from tests.invoke import Json, web

ACCESS, ADMIN = "access-token", "admin-token"
ADMINS = ["create-assistant", "list-assistants", "get-assistant", "update-assistant", "delete-assistant"]
# The contract's table, and what was added to it.
DEFAULTS: dict[str, Any] = {
    "OPENAI_API_KEY": ("api_key", ""),
    "OPENAI_BASE_URL": ("base_url", "https://api.openai.com/v1"),
    "ASSISTANTS_BACKEND": ("backend", "responses"),
    "OPENAI_MODEL": ("model", "gpt-6-luna"),
    "ACCESS_TOKEN": ("access_token", None),
    "ADMIN_TOKEN": ("admin_token", None),
    "MAX_MESSAGE_CHARS": ("max_message_chars", 32_000),
}
GIVEN = {
    "OPENAI_API_KEY": "k",
    "OPENAI_BASE_URL": "http://h/v1",
    "ASSISTANTS_BACKEND": "native",
    "OPENAI_MODEL": "m",
    "ACCESS_TOKEN": "a",
    "ADMIN_TOKEN": "b",
    "MAX_MESSAGE_CHARS": "5",
}


@pytest.mark.parametrize("value", ["", "none", "NONE", "  ", " none "])
def test_an_empty_value_means_the_default(value: str) -> None:
    settings = read(dict.fromkeys(DEFAULTS, value))
    assert settings == read({})
    assert {name: getattr(settings, name) for name, _ in DEFAULTS.values()} == dict(DEFAULTS.values())


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_setting_is_read(name: str) -> None:
    assert str(getattr(read(GIVEN), DEFAULTS[name][0])) == GIVEN[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ASSISTANTS_BACKEND", "assistants"),
        ("ASSISTANTS_BACKEND", "Native"),
        ("MAX_MESSAGE_CHARS", "0"),
        ("MAX_MESSAGE_CHARS", "-1"),
        ("MAX_MESSAGE_CHARS", "many"),
        ("MAX_MESSAGE_CHARS", "9" * 5000),
        ("MAX_MESSAGE_CHARS", "٥"),
        ("OPENAI_BASE_URL", "api.openai.com/v1"),
        ("OPENAI_BASE_URL", "ftp://api.openai.com"),
        ("OPENAI_BASE_URL", "https://"),
        ("OPENAI_BASE_URL", "http://host:port/v1"),
        ("OPENAI_BASE_URL", "https://api.openai.com/v1\nx"),
        ("OPENAI_API_KEY", "sk-schlüssel"),
        ("OPENAI_API_KEY", "sk-1\nsk-2"),
        ("OPENAI_API_KEY", "sk 1"),
    ],
)
def test_a_bad_value_is_500_and_named(name: str, value: str) -> None:
    upstream = answer_always(200, THREAD)
    status, message = upstream.function(**{name: value}).error(**THREAD_PARAMS)
    assert (status, upstream.seen) == (500, [])
    assert message.startswith(f"{name} ")
    assert name != "OPENAI_API_KEY" or value not in message


@pytest.mark.parametrize("value", ["", "none"])
def test_a_missing_key_is_500_and_named(value: str) -> None:
    assert answer_always(200, THREAD).function(OPENAI_API_KEY=value).error(**THREAD_PARAMS) == (
        500,
        "OPENAI_API_KEY is missing; set it in the function's environment",
    )


@pytest.mark.parametrize("value", ["none", ""])
@pytest.mark.parametrize("backend_name", ["native", "responses"])
def test_without_a_base_url_openai_is_asked(
    monkeypatch: pytest.MonkeyPatch, value: str, backend_name: str
) -> None:
    """The SDK reads OPENAI_BASE_URL too, and `none` is no address."""
    monkeypatch.setenv("OPENAI_BASE_URL", value)
    upstream = answer_always(400)
    upstream.function(OPENAI_BASE_URL=value, ASSISTANTS_BACKEND=backend_name)(**THREAD_PARAMS)
    path = "threads/thread_1" if backend_name == "native" else "conversations/conv_1"
    assert str(upstream.seen[0].url) == f"https://api.openai.com/v1/{path}"


@pytest.mark.parametrize(
    "url", ["http://h:81/v1", "http://h:81/v1/", "https://h/a/b", "http://[::1]:8080/v1"]
)
def test_the_base_url_is_asked(url: str) -> None:
    upstream = answer_always(200, THREAD)
    upstream.function(OPENAI_BASE_URL=url).data(**THREAD_PARAMS)
    assert str(upstream.seen[0].url) == f"{url.rstrip('/')}/threads/thread_1"
    assert upstream.seen[0].headers["authorization"].startswith("Bearer sk-test-")


def test_a_new_setting_counts_in_a_warm_process() -> None:
    for key in ("key-one", "key-two"):
        upstream = answer_always(200, THREAD)
        upstream.function(OPENAI_API_KEY=key).data(**THREAD_PARAMS)
        assert upstream.seen[0].headers["authorization"] == f"Bearer {key}"


@pytest.mark.parametrize(("setting", "model"), [("none", "gpt-6-luna"), ("other", "other")])
def test_the_model_of_an_assistant_made_without_one(setting: str, model: str) -> None:
    upstream = answer_always(400)
    upstream.function(OPENAI_MODEL=setting)(action="create-assistant", name="n")
    upstream.function(OPENAI_MODEL=setting)(action="create-assistant", name="n", model="mine")
    assert [body["model"] for body in upstream.bodies()] == [model, "mine"]


# ---------------------------------------------------------------- tokens


def call_with_token(action: str, authorization: str | None, **tokens: str) -> Json:
    headers = {} if authorization is None else {"authorization": authorization}
    function = answer_always(200, THREAD).function(**tokens)
    params = make_params(action) | (
        {"name": "n"} if action in ("create-assistant", "update-assistant") else {}
    )
    return function.main({**params, **web("GET", headers)})


@pytest.mark.parametrize("action", CONTRACT)
def test_without_tokens_everything_is_open(action: str) -> None:
    assert call_with_token(action, None, ACCESS_TOKEN="none", ADMIN_TOKEN="")["statusCode"] not in (401, 403)


def test_the_admins_actions_are_those_on_assistants() -> None:
    assert [name for name, action in ACTIONS.items() if action.admin] == ADMINS


@pytest.mark.parametrize("action", CONTRACT)
def test_with_both_tokens_an_action_needs_its_own(action: str) -> None:
    def status(token: str | None) -> int:
        bearer = None if token is None else f"Bearer {token}"
        code: int = call_with_token(action, bearer, ACCESS_TOKEN=ACCESS, ADMIN_TOKEN=ADMIN)["statusCode"]
        return code

    assert status(None) == 401
    assert status("wrong") == 403
    assert status(ADMIN) not in (401, 403)
    assert (status(ACCESS) == 403) == (action in ADMINS)


@pytest.mark.parametrize("action", CONTRACT)
def test_an_access_token_alone_closes_every_action(action: str) -> None:
    assert call_with_token(action, None, ACCESS_TOKEN=ACCESS)["statusCode"] == 401
    assert call_with_token(action, f"Bearer {ACCESS}", ACCESS_TOKEN=ACCESS)["statusCode"] not in (401, 403)


@pytest.mark.parametrize("action", CONTRACT)
def test_an_admin_token_alone_closes_the_admins_actions(action: str) -> None:
    assert (call_with_token(action, None, ADMIN_TOKEN=ADMIN)["statusCode"] == 401) == (action in ADMINS)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {ACCESS}", 200),
        (f"bearer {ACCESS}", 200),
        (f"BEARER  {ACCESS} ", 200),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("", 401),
        (ACCESS, 401),
        (f"Basic {ACCESS}", 401),
        (f"Bearer {ACCESS}x", 403),
        (f"Bearer {ACCESS.upper()}", 403),
        (f"Bearer {ACCESS[:-1]}", 403),
        ("Bearer ünïcode", 403),
        ("Bearer \ud800", 403),
    ],
)
def test_the_token_comes_as_bearer(authorization: str, status: int) -> None:
    answer = call_with_token("get-thread", authorization, ACCESS_TOKEN=ACCESS)
    assert answer["statusCode"] == status
    assert ("WWW-Authenticate" in answer["headers"]) == (status == 401)


def test_header_names_may_have_any_case() -> None:
    event = {**THREAD_PARAMS, "http": {"method": "GET", "headers": {"Authorization": f"Bearer {ACCESS}"}}}
    assert answer_always(200, THREAD).function(ACCESS_TOKEN=ACCESS).main(event)["statusCode"] == 200


@pytest.mark.parametrize("name", ["token", "access_token", "Authorization", "authorization", "_token"])
def test_the_token_does_not_come_from_the_query(name: str) -> None:
    event = {**THREAD_PARAMS, **web("GET"), name: f"Bearer {ACCESS}"}
    assert answer_always(200, THREAD).function(ACCESS_TOKEN=ACCESS).main(event)["statusCode"] == 401


def test_a_call_that_is_not_from_the_web_needs_the_token_too() -> None:
    upstream = answer_always(200, THREAD)
    assert upstream.function(ACCESS_TOKEN=ACCESS).error(**THREAD_PARAMS)[0] == 401
    assert upstream.seen == []


def test_openwhisks_headers_carry_the_token() -> None:
    event = {**THREAD_PARAMS, "__ow_headers": {"authorization": f"Bearer {ACCESS}"}, "__ow_method": "get"}
    assert answer_always(200, THREAD).function(ACCESS_TOKEN=ACCESS).main(event)["statusCode"] == 200


def test_nobody_without_a_token_learns_more_than_that() -> None:
    event = {"action": "get-thread", "unknown": "x", **web("GET")}
    assert answer_always(500).function(ACCESS_TOKEN=ACCESS).main(event)["statusCode"] == 401
