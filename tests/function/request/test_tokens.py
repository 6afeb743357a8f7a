"""The tokens that open the actions: which action needs which, and where a token is looked for."""

import pytest

from assistant_function.actions import ACTIONS
from tests.contract import CONTRACT, make_params
from tests.fake_upstream import THREAD, THREAD_PARAMS, answer_always
from tests.invoke import Json, web

ACCESS, ADMIN = "access-token", "admin-token"
ADMINS = ["create-assistant", "list-assistants", "get-assistant", "update-assistant", "delete-assistant"]


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
