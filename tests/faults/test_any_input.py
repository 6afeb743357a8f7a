"""Whatever is put in: always an envelope, and never a request to a path that was not meant."""

import json
import re
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant_function.actions import ACTIONS
from tests.backends import BACKENDS
from tests.invoke import FakeClock, Json, make_function, web

ID = "[A-Za-z0-9_-]{1,128}"
MEANT = {
    "responses": re.compile(
        rf"/v1/(agents(/{ID})?|conversations(/{ID}(/items(/{ID})?)?)?|responses(/{ID}(/cancel)?)?)"
    ),
    "native": re.compile(
        rf"/v1/(assistants(/{ID})?"
        rf"|threads(/{ID}(/messages(/{ID})?|/runs(/{ID}(/cancel|/submit_tool_outputs)?)?)?)?)"
    ),
}
QUERY = {"limit", "order", "after", "before", "run_id"}
HOST = "upstream.test"
NAMES = sorted({name for action in ACTIONS.values() for name in action.spec.known()})
PATHS = [
    *(
        "../assistants",
        "..",
        ".",
        "%2e%2e",
        "%2e%2e%2fassistants",
        "thread_1?x=",
        "thread_1#x",
        "a/b",
        "a\\b",
    ),
    *("//evil.test/", "http://evil.test/", "thread_1/../../x", "thread_1%00", "thread_1\r\nHost: evil.test"),
    *(" thread_1", "thread_1;x", "@evil.test", "runs", "thread_1/runs", "ｔhread", "\u202ethread_1", ""),
]
MORE: Json = {
    "message": "hi",
    "metadata": {"a": "b"},
    "name": "n",
    "toolOutputs": [{"toolCallId": "call_1", "output": "x"}],
}
JSON_PARAMETERS = ("tools", "toolResources", "metadata", "messages", "toolOutputs", "responseFormat")
BIG = "x" * 1_000_000
DEEP: Any = []
for _ in range(200):
    DEEP = [DEEP]
DEEP_TEXT = "[" * 100_000
ODD = [*PATHS, BIG, DEEP, DEEP_TEXT, "\x00", "\ud800", "שלום", None, True, False, 0, -1, 1.5, 10**400, [], {}]
ODD += [[[]], {"a": {"b": []}}, ["a"], {"": ""}, float("nan"), float("inf"), '{"a": "b"}', "[1]", "null"]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
sensible = st.sampled_from(
    ["thread_1", "asst_1", "run_1", "hi", "3", 3, "asc", {"a": "b"}, '{"a": "b"}', "user", "auto"]
)
calls = st.dictionaries(st.sampled_from(NAMES), sensible | anything, max_size=6)


def call_recorded(backend_name: str, args: Any) -> tuple[Json, list[httpx2.Request]]:
    """The answer, and every request that went out."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        thing = {"id": "conv_1", "object": "thread", "created_at": 1, "status": "completed", "metadata": {}}
        return httpx2.Response(200, json=thing | {"model": "m", "data": [], "deleted": True})

    environment = {"OPENAI_BASE_URL": f"http://{HOST}/v1", "ASSISTANTS_BACKEND": backend_name}
    function = make_function(environment, transport=httpx2.MockTransport(answer), clock=FakeClock())
    return function.main(args), seen


def check_call(backend_name: str, args: Any) -> None:
    answer, seen = call_recorded(backend_name, args)
    assert answer["statusCode"] in (200, 202, 204, 400, 401, 403, 404, 405, 409, 413, 502), answer
    for request in seen:
        assert request.url.host == HOST
        assert request.headers["host"] == HOST
        path, _, _ = request.url.raw_path.decode("ascii").partition("?")
        assert MEANT[backend_name].fullmatch(path), request.url
        assert set(request.url.params) <= QUERY
        assert all(re.fullmatch(ID, value) for value in request.url.params.values())


@pytest.mark.parametrize("backend_name", BACKENDS)
@pytest.mark.parametrize("action", ACTIONS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(params=calls)
def test_any_value_in_any_parameter(backend_name: str, action: str, params: Json) -> None:
    check_call(backend_name, {**params, "action": action})


@pytest.mark.parametrize("backend_name", BACKENDS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(args=anything)
def test_any_value_in_place_of_the_parameters(backend_name: str, args: Any) -> None:
    check_call(backend_name, args)


@pytest.mark.parametrize("backend_name", BACKENDS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(params=calls, body=anything, headers=anything, method=anything)
def test_any_event_of_the_web(backend_name: str, params: Json, body: Any, headers: Any, method: Any) -> None:
    event = {"http": {"body": body, "headers": headers, "method": method, "isBase64Encoded": body}}
    check_call(backend_name, {**params, **event, "action": "get-thread"})


@pytest.mark.parametrize("backend_name", BACKENDS)
@pytest.mark.parametrize("path", PATHS)
def test_an_id_that_looks_like_a_path_goes_nowhere(backend_name: str, path: str) -> None:
    ids = {"threadId": "thread_1", "assistantId": "asst_1", "runId": "run_1", "after": "a", "before": "b"}
    for action, about in ACTIONS.items():
        for name in ids.keys() & about.spec.known().keys():
            needed = {key: value for key, value in ids.items() if key in about.spec.known()}
            more = {key: value for key, value in MORE.items() if key in about.spec.known()}
            answer, seen = call_recorded(backend_name, {**needed, **more, "action": action, name: path})
            assert (answer["statusCode"], seen) == (400, []), (action, name)
            assert answer["body"]["error"].startswith(name)


@pytest.mark.parametrize("backend_name", BACKENDS)
def test_a_parameter_given_twice_has_one_meaning(backend_name: str) -> None:
    """What the body says counts where the query says something else, and it is checked as well."""
    body = json.dumps({"threadId": "../assistants"})
    answer, seen = call_recorded(
        backend_name, {"action": "get-thread", "threadId": "thread_1", **web(body=body)}
    )
    assert (answer["statusCode"], seen) == (400, [])
    body = json.dumps({"threadId": "thread_2"})
    _, seen = call_recorded(backend_name, {"action": "get-thread", "threadId": "thread_1", **web(body=body)})
    assert [request.url.path.rpartition("_")[2] for request in seen] == ["2"]


@pytest.mark.parametrize("backend_name", BACKENDS)
@pytest.mark.parametrize("value", [BIG, DEEP, DEEP_TEXT], ids=["1 MB", "deep", "deep text"])
def test_what_is_too_much_is_refused_before_any_request(backend_name: str, value: Any) -> None:
    for action, about in ACTIONS.items():
        for name in about.spec.known():
            if value is DEEP_TEXT and name not in JSON_PARAMETERS:
                continue
            answer, seen = call_recorded(backend_name, {"action": action, name: value})
            assert answer["statusCode"] in (400, 413), (action, name)
            assert seen == []
            assert len(json.dumps(answer)) < 10_000
