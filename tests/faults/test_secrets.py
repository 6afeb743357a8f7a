"""The key and the tokens, planted wherever the upstream can put them: neither answers nor logs show them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.backends import Backend
from tests.fake_upstream import answer_always, v2_list, v2_run
from tests.faults.calls import CALLS, READ_AND_CHANGE, make_call, standing_call
from tests.faults.proxy import Answer, Fault, status
from tests.invoke import KEY, Json, web

ACCESS, ADMIN = "access-token-0123456789", "admin-token-0123456789"
OTHER_KEY = "sk-proj-AbCdEfGh0123456789"
SECRETS = (KEY, ACCESS, ADMIN, OTHER_KEY)
WORDS = " ".join(SECRETS)
HEADERS = {
    "x_request_id": KEY,
    "retry_after": ADMIN,
    "openai_poll_after_ms": KEY,
    "openai_organization": ACCESS,
    "www_authenticate": f"Bearer {KEY}",
}
ERROR = {"message": f"Bad: {WORDS}", "type": WORDS, "param": WORDS, "code": WORDS, WORDS: WORDS}


def call_as_admin(backend: Backend, params: Json) -> Json:
    web = {"http": {"method": "POST", "headers": {"authorization": f"Bearer {ADMIN}"}, "path": ""}}
    function = backend.function(ACCESS_TOKEN=ACCESS, ADMIN_TOKEN=ADMIN)
    return function.main({**params, **web})


def check_for_secrets(answer: Json, capture: pytest.CaptureFixture[str]) -> None:
    written = capture.readouterr()
    for place, text in {"answer": json.dumps(answer), "log": written.out + written.err}.items():
        for secret in SECRETS:
            assert secret not in text, f"{secret} in the {place}: {text}"
        assert "Traceback" not in text


BODIES = [json.dumps({"error": ERROR}), json.dumps({"error": WORDS}), json.dumps([WORDS]), WORDS]
# Every action meets the refusals that are worded differently; their like meet a read and a change.
REFUSALS = [(number, BODIES[0], tuple(CALLS)) for number in (400, 404, 429, 503)]
REFUSALS += [(number, BODIES[0], READ_AND_CHANGE) for number in (401, 403, 409, 422)]
REFUSALS += [(number, body, READ_AND_CHANGE) for number in (404, 500) for body in BODIES[1:]]


@pytest.mark.parametrize(("number", "body", "actions"), REFUSALS)
def test_no_refusal_shows_a_secret(
    backend: Backend, number: int, body: str, actions: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    fault = status(number, body.encode(), **HEADERS)
    for action in actions:
        params = standing_call(action, backend)
        backend.proxy.inject(fault)
        check_for_secrets(call_as_admin(backend, params), capsys)
        backend.proxy.heal()


@pytest.mark.parametrize("body", [json.dumps({WORDS: WORDS, "object": WORDS}), WORDS, f'{{"id": "{WORDS}'])
def test_no_nonsense_shows_a_secret(backend: Backend, body: str, capsys: pytest.CaptureFixture[str]) -> None:
    fault = status(200, body.encode(), **HEADERS)
    for action in CALLS:
        params = standing_call(action, backend)
        backend.proxy.inject(fault)
        answer = call_as_admin(backend, params)
        assert answer["statusCode"] == 502, answer
        check_for_secrets(answer, capsys)
        backend.proxy.heal()


def rewrite(**more: Any) -> Callable[[Answer], Answer]:
    def change(answer: Answer) -> Answer:
        body = {**json.loads(answer.body), **more}
        return answer._replace(body=json.dumps(body).encode())

    return change


@pytest.mark.parametrize("ended", ["failed", "expired", "completed", "requires_action", "in_progress"])
def test_no_error_of_a_run_shows_a_secret(
    backend: Backend, ended: str, capsys: pytest.CaptureFixture[str]
) -> None:
    params = make_call("get-run", backend)
    error = {"code": "server_error", "message": WORDS}
    more = {"error": error} if backend.name == "responses" else {"last_error": error}
    given = {**more, "status": ended, "incomplete_details": {"reason": WORDS}}
    backend.proxy.inject(
        Fault("a failed run", carried_out=True, change=rewrite(**given)), path="(responses|runs)/"
    )
    check_for_secrets(call_as_admin(backend, {**params, "wait": 0}), capsys)


def test_a_secret_in_the_call_itself_is_not_logged(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    for params in (
        {"action": KEY},
        {"action": "get-thread", KEY: KEY},
        {"action": "get-thread", "threadId": WORDS},
    ):
        call_as_admin(backend, params)
        log = capsys.readouterr()
        for secret in SECRETS:
            assert secret not in log.out + log.err


def test_no_list_of_runs_shows_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    error = {"code": "server_error", "message": WORDS}
    run = v2_run("failed", last_error=error, incomplete_details={"reason": WORDS})
    function = answer_always(200, v2_list(run)).function(ACCESS_TOKEN=ACCESS, ADMIN_TOKEN=ADMIN)
    call = {"action": "list-runs", "threadId": "thread_1"}
    answer = function.main(call | web("POST", {"authorization": f"Bearer {ADMIN}"}))
    assert answer["body"]["data"]["runs"][0]["lastError"]["code"] == "server_error"
    check_for_secrets(answer, capsys)
