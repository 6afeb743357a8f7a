"""Every answer of the function is what the description says, to the last key; every call is, too."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import pytest
from jsonschema import Draft202012Validator

from assistant_function.actions import ACTIONS
from local.emulator.server import Emulator
from tests.fake_upstream import (
    NATIVE,
    RUN,
    SEND,
    THREAD_PARAMS,
    Upstream,
    answer_always,
    answer_in_turn,
    v2_run,
)
from tests.function.conversation import play_conversation
from tests.invoke import Json, make_function, web

Fits = Callable[[Any, str], list[str]]


def close_schema(schema: Any) -> Any:
    """Forbids what the schema does not name: answers may grow, but not unnoticed."""
    if isinstance(schema, list):
        return [close_schema(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if "properties" in schema and "required" in schema else {}
    return more | {name: close_schema(inner) for name, inner in schema.items()}


@pytest.fixture(scope="module")
def misfits(description: Json) -> Fits:
    """A function: misfits(value, "schemas/Failure") lists what in the value breaks that schema."""
    components = close_schema(description["components"]) | {"schemas": close_schemas(description)}

    def check(value: Any, place: str) -> list[str]:
        schema = {"components": components, "$ref": f"#/components/{place}"}
        return [error.message for error in Draft202012Validator(schema).iter_errors(value)]

    return check


def close_schemas(description: Json) -> Json:
    """Closes all schemas but requests, which are closed already, and the description's own."""
    own = ("Request", "Description")
    return {
        name: schema if name.endswith(own) else close_schema(schema)
        for name, schema in description["components"]["schemas"].items()
    }


def check_answer(misfits: Fits, action: str, answer: Json) -> None:
    status, body = str(answer["statusCode"]), answer["body"]
    place = f"responses/{status}/content/application~1json/schema"
    assert misfits(body, place) == [], (action, status)
    if body["success"]:
        assert misfits(body, f"schemas/Answers/properties/{action}") == [], (action, body)
    else:
        assert misfits(body, "schemas/Failure") == [], (action, body)


def test_every_action_answers_as_described(openai_at_home: Emulator, misfits: Fits) -> None:
    function = make_function({"OPENAI_BASE_URL": openai_at_home.url})
    seen = set()

    def call(**params: Any) -> Json:
        assert misfits(params, "schemas/Request") == []
        answer = function(**params)
        check_answer(misfits, params["action"], answer)
        seen.add(params["action"])
        body: Json = answer["body"]
        return body

    play_conversation(call)
    assert seen == set(ACTIONS)


@pytest.mark.parametrize("form", ["query", "body"])
def test_a_query_string_and_a_form_do_the_same(form: str, url: str, misfits: Fits) -> None:
    def call(**params: Any) -> Json:
        where: Any = {"params" if form == "query" else "data": {n: as_text(v) for n, v in params.items()}}
        if None in params.values():  # there is no text for it
            where = {"json": params}
        method = "GET" if "params" in where else "POST"
        response = httpx.request(method, url, **where, trust_env=False, timeout=60)
        body: Json = response.json()
        check_answer(misfits, params["action"], {"statusCode": response.status_code, "body": body})
        return body

    play_conversation(call)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def bearer(token: str) -> Json:
    return web(headers={"Authorization": f"Bearer {token}"})


FAILED = v2_run("failed", last_error={"code": "server_error", "message": "no"})
LIMITED = v2_run("failed", last_error={"code": "rate_limit_exceeded", "message": "no"})
DELETE: Json = {"action": "delete-thread", "threadId": "thread_1"}
LOST = httpx2.ReadTimeout("late")


def call(upstream: Upstream, params: Json, **environment: str) -> Json:
    return upstream.function(**environment).main(params)


@pytest.mark.parametrize(
    ("status", "upstream", "params", "environment"),
    [
        (400, answer_always(200, {}), {"action": "get-thread"}, {}),
        (400, answer_always(200, {}), {}, {}),
        (401, answer_always(200, {}), THREAD_PARAMS | web(), {"ACCESS_TOKEN": "right"}),
        (403, answer_always(200, {}), THREAD_PARAMS | bearer("wrong"), {"ACCESS_TOKEN": "right"}),
        (404, answer_always(404, {}), THREAD_PARAMS, {}),
        (405, answer_always(200, {}), THREAD_PARAMS | web("PUT"), {}),
        (
            409,
            answer_always(409, {"error": {"message": "Thread thread_1 already has an active run run_1."}}),
            RUN,
            {},
        ),
        (413, answer_always(200, {}), SEND, {"MAX_MESSAGE_CHARS": "1"}),
        (429, answer_always(429, {}, {"retry-after": "1"}), THREAD_PARAMS, {}),
        (429, answer_always(200, LIMITED), RUN, {}),
        (500, answer_always(200, {}), THREAD_PARAMS, {"OPENAI_API_KEY": "none"}),
        (502, answer_always(500, {}), THREAD_PARAMS, {}),
        (502, answer_always(200, FAILED), RUN, {}),
        (404, answer_in_turn(httpx2.Response(200, json=v2_run("queued")), httpx2.Response(404)), RUN, {}),
        (504, answer_in_turn(LOST), THREAD_PARAMS, {}),
        (
            202,
            answer_always(200, {"id": "thread_1", "object": "thread.deleted", "deleted": False}),
            DELETE,
            {},
        ),
    ],
)
def test_every_status_answers_as_described(
    status: int, upstream: Upstream, params: Json, environment: dict[str, str], misfits: Fits
) -> None:
    answer = call(upstream, params, **environment)
    assert answer["statusCode"] == status, answer["body"]
    check_answer(misfits, params.get("action", "get-thread"), answer)


def test_the_platforms_own_failure_is_described(url: str, misfits: Fits) -> None:
    headers = {"Content-Type": "application/json"}
    response = httpx.post(url, content="{", headers=headers, trust_env=False)
    assert response.status_code == 400
    assert misfits(response.json(), "responses/400/content/application~1json/schema") == []
    assert misfits(response.json(), "schemas/PlatformFailure") == []


def test_what_is_not_described_is_seen(misfits: Fits) -> None:
    answer = make_function(NATIVE, transport=httpx2.MockTransport(answer_always(200, v2_thread()))).main(
        THREAD_PARAMS
    )
    assert misfits(answer["body"], "schemas/Answers/properties/get-thread") == []
    answer["body"]["data"]["more"] = 1
    assert misfits(answer["body"], "schemas/Answers/properties/get-thread") != []


def v2_thread() -> Json:
    return {"id": "thread_1", "object": "thread", "created_at": 1, "metadata": {}}
