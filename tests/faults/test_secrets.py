"""The key and the tokens, planted wherever the upstream can put them: neither answers nor logs show them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.proxy import Answer, Fault, status
from tests.faults.room import CALLS, Room, call_of, standing_call_of
from tests.invoke import KEY, Json

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


def called(room: Room, params: Json) -> Json:
    """The answer to an authorised call."""
    web = {"http": {"method": "POST", "headers": {"authorization": f"Bearer {ADMIN}"}, "path": ""}}
    function = room.function(ACCESS_TOKEN=ACCESS, ADMIN_TOKEN=ADMIN)
    return function.main({**params, **web})


def check(answer: Json, capture: pytest.CaptureFixture[str]) -> None:
    written = capture.readouterr()
    for place, text in {"answer": json.dumps(answer), "log": written.out + written.err}.items():
        for secret in SECRETS:
            assert secret not in text, f"{secret} in the {place}: {text}"
        assert "Traceback" not in text


BODIES = [json.dumps({"error": ERROR}), json.dumps({"error": WORDS}), json.dumps([WORDS]), WORDS]
REFUSALS = [(number, BODIES[0]) for number in (400, 401, 403, 404, 409, 422, 429, 503)]
REFUSALS += [(number, body) for number in (404, 500) for body in BODIES[1:]]


@pytest.mark.parametrize(("number", "body"), REFUSALS)
def test_no_refusal_shows_a_secret(
    room: Room, number: int, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = status(number, body.encode(), **HEADERS)
    for action in CALLS:
        params = standing_call_of(action, room)
        room.proxy.inject(fault)
        check(called(room, params), capsys)
        room.proxy.heal()


@pytest.mark.parametrize("body", [json.dumps({WORDS: WORDS, "object": WORDS}), WORDS, f'{{"id": "{WORDS}'])
def test_no_nonsense_shows_a_secret(room: Room, body: str, capsys: pytest.CaptureFixture[str]) -> None:
    fault = status(200, body.encode(), **HEADERS)
    for action in CALLS:
        params = standing_call_of(action, room)
        room.proxy.inject(fault)
        answer = called(room, params)
        assert answer["statusCode"] == 502, answer
        check(answer, capsys)
        room.proxy.heal()


def rewritten(**more: Any) -> Callable[[Answer], Answer]:
    def change(answer: Answer) -> Answer:
        body = {**json.loads(answer.body), **more}
        return answer._replace(body=json.dumps(body).encode())

    return change


@pytest.mark.parametrize("ended", ["failed", "expired", "completed", "requires_action", "in_progress"])
def test_no_error_of_a_run_shows_a_secret(room: Room, ended: str, capsys: pytest.CaptureFixture[str]) -> None:
    params = call_of("get-run", room)
    error = {"code": "server_error", "message": WORDS}
    more = {"error": error} if room.backend == "responses" else {"last_error": error}
    given = {**more, "status": ended, "incomplete_details": {"reason": WORDS}}
    room.proxy.inject(
        Fault("a failed run", carried_out=True, change=rewritten(**given)), path="(responses|runs)/"
    )
    check(called(room, {**params, "wait": 0}), capsys)


def test_a_secret_in_the_call_itself_is_not_logged(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    for params in (
        {"action": KEY},
        {"action": "get-thread", KEY: KEY},
        {"action": "get-thread", "threadId": WORDS},
    ):
        called(room, params)
        log = capsys.readouterr()
        for secret in SECRETS:
            assert secret not in log.out + log.err
