"""Whatever comes in, an envelope goes out that the platform can send."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant_function.actions import ACTIONS
from tests.fake_upstream import Upstream, always
from tests.function.contract import CONTRACT, make_params

CHARACTERS = st.characters(codec=None)
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=20),
    st.sampled_from(["", "\x00", "\ud800", "[", "{}", "[]", "null", "1e999", "NaN", "a\n", "‮", "none"]),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.just(10**400))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
EVENT_KEYS = st.sampled_from(["http", "action", "__ow_body", "__ow_headers"]) | TEXTS
PARAMETERS = [(action, name) for action in CONTRACT for name in ACTIONS[action].spec.known()]
MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STATUSES = {200, 202, 204, 400, 401, 403, 404, 405, 409, 413, 429, 500, 502, 504}


def accepting() -> Upstream:
    return always(404)


@MANY
@given(which=st.sampled_from(PARAMETERS), value=VALUES)
def test_any_value_of_any_parameter_is_answered(which: tuple[str, str], value: Any) -> None:
    action, name = which
    answer = accepting().function()(**{**make_params(action), name: value})
    assert answer["statusCode"] in (400, 404, 413), answer


@MANY
@given(args=VALUES, context=VALUES)
def test_any_event_is_answered(args: Any, context: Any) -> None:
    answer = accepting().function().main(args, context)
    assert answer["statusCode"] in STATUSES


@MANY
@given(event=st.dictionaries(EVENT_KEYS, VALUES))
def test_any_object_is_answered(event: dict[str, Any]) -> None:
    assert accepting().function().main(event)["statusCode"] in STATUSES


@MANY
@given(web=st.dictionaries(st.sampled_from(["method", "headers", "body", "isBase64Encoded"]), VALUES))
def test_any_web_call_is_answered(web: dict[str, Any]) -> None:
    assert accepting().function().main({"action": "get-thread", "http": web})["statusCode"] in STATUSES


@MANY
@given(
    action=st.sampled_from(list(CONTRACT)),
    backend_name=st.sampled_from(["native", "responses"]),
    status=st.sampled_from([200, 400, 500]),
    body=VALUES.filter(lambda value: value is not None),
    kind=st.sampled_from(["thread", "assistant", "thread.run", "thread.message", "list", "response", None]),
)
def test_any_answer_of_openai_is_answered(
    action: str, backend_name: str, status: int, body: Any, kind: str | None
) -> None:
    if kind and isinstance(body, dict):
        likely = {"id": "x_1", "object": kind, "thread_id": "thread_1", "status": "completed", "data": []}
        body = likely | body
    content = json.dumps(body).encode()
    upstream = Upstream(lambda _: httpx2.Response(status, content=content))
    params = make_params(action) | (
        {"name": "n"} if action in ("create-assistant", "update-assistant") else {}
    )
    answer = upstream.function(ASSISTANTS_BACKEND=backend_name)(**params)
    assert answer["statusCode"] in STATUSES
    assert answer["statusCode"] != 500, answer


@pytest.mark.parametrize("depth", [100, 900, 5_000, 100_000])
def test_any_depth_is_answered(depth: int) -> None:
    deep: Any = []
    for _ in range(depth):
        deep = [deep]
    for event in ({"action": deep}, {"action": "create-thread", "metadata": deep}, {"http": {"body": deep}}):
        assert accepting().function().main(event)["statusCode"] == 400


@pytest.mark.parametrize("depth", [50, 200, 400, 900])
@pytest.mark.parametrize("backend_name", ["native", "responses"])
def test_any_depth_of_openais_answer_is_answered(depth: int, backend_name: str) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    run = b'{"id":"run_1","object":"thread.run","thread_id":"t","status":"failed","last_error":' + deep + b"}"
    upstream = Upstream(lambda _: httpx2.Response(200, content=run))
    answer = upstream.function(ASSISTANTS_BACKEND=backend_name)(**make_params("run-assistant"))
    assert answer["statusCode"] == 502
