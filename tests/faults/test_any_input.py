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
from tests.contract import CONTRACT, make_params
from tests.fake_upstream import Upstream, answer_always
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
ANSWERED = (200, 202, 204, 400, 401, 403, 404, 405, 409, 413, 502)
HOST = "upstream.test"
MAX_ERROR_CHARACTERS = 1_200
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
calls = st.sampled_from(list(CONTRACT)).flatmap(
    lambda action: st.fixed_dictionaries(
        {"action": st.just(action)},
        optional=dict.fromkeys(ACTIONS[action].spec.known(), sensible | anything),
    )
)
one_odd_parameter = st.tuples(
    st.sampled_from([(action, name) for action in CONTRACT for name in ACTIONS[action].spec.known()]),
    anything,
)
event_keys = st.sampled_from(["http", "action", "__ow_body", "__ow_headers", "__ow_method"]) | st.text()
web_calls = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["method", "headers", "body", "isBase64Encoded"], anything)
)
MANY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def call_recorded(backend_name: str, args: Any, *context: Any) -> tuple[Json, list[httpx2.Request]]:
    """Calls main; returns the answer and every request that went out."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        thing = {"id": "conv_1", "object": "thread", "created_at": 1, "status": "completed", "metadata": {}}
        return httpx2.Response(200, json=thing | {"model": "m", "data": [], "deleted": True})

    environment = {"OPENAI_BASE_URL": f"http://{HOST}/v1", "ASSISTANTS_BACKEND": backend_name}
    function = make_function(environment, transport=httpx2.MockTransport(answer), clock=FakeClock())
    return function.main(args, *context), seen


def check_call(backend_name: str, args: Any, *context: Any) -> None:
    answer, seen = call_recorded(backend_name, args, *context)
    assert answer["statusCode"] in ANSWERED, answer
    assert answer["statusCode"] == 204 or len(answer["body"]["error"] or "") <= MAX_ERROR_CHARACTERS
    for request in seen:
        assert request.url.host == HOST
        assert request.headers["host"] == HOST
        path, _, _ = request.url.raw_path.decode("ascii").partition("?")
        assert MEANT[backend_name].fullmatch(path), request.url
        assert set(request.url.params) <= QUERY
        assert all(re.fullmatch(ID, value) for value in request.url.params.values())


@settings(MANY, max_examples=400)
@given(backend_name=st.sampled_from(BACKENDS), params=calls)
def test_any_values_of_an_actions_parameters_are_answered(backend_name: str, params: Json) -> None:
    check_call(backend_name, make_params(params["action"]) | params)


@MANY
@given(odd=one_odd_parameter)
def test_one_odd_parameter_in_a_call_is_refused_or_sent(odd: tuple[tuple[str, str], Any]) -> None:
    (action, name), value = odd
    answer = answer_always(404).function()(**{**make_params(action), name: value})
    assert answer["statusCode"] in (400, 404, 413), answer


@MANY
@given(
    backend_name=st.sampled_from(BACKENDS),
    args=anything | st.dictionaries(event_keys, anything),
    context=anything,
)
def test_any_event_and_any_context_are_answered(backend_name: str, args: Any, context: Any) -> None:
    check_call(backend_name, args, context)


@MANY
@given(backend_name=st.sampled_from(BACKENDS), params=calls, web_call=web_calls)
def test_any_web_call_is_answered(backend_name: str, params: Json, web_call: Json) -> None:
    check_call(backend_name, {**params, "http": web_call, "action": "get-thread"})
    open_whisk = {f"__ow_{name}": value for name, value in web_call.items()}
    check_call(backend_name, {**params, **open_whisk, "action": "get-thread"})


@pytest.mark.parametrize("backend_name", BACKENDS)
@pytest.mark.parametrize("path", PATHS)
def test_an_id_that_looks_like_a_path_goes_nowhere(backend_name: str, path: str) -> None:
    ids = {"threadId": "thread_1", "assistantId": "asst_1", "runId": "run_1", "messageId": "msg_1"}
    ids |= {"after": "a", "before": "b"}
    for action, about in ACTIONS.items():
        for name in ids.keys() & about.spec.known().keys():
            needed = {key: value for key, value in ids.items() if key in about.spec.known()}
            more = {key: value for key, value in MORE.items() if key in about.spec.known()}
            answer, seen = call_recorded(backend_name, {**needed, **more, "action": action, name: path})
            assert (answer["statusCode"], seen) == (400, []), (action, name)
            assert answer["body"]["error"].startswith(name)


@pytest.mark.parametrize("backend_name", BACKENDS)
def test_a_parameter_given_twice_has_one_meaning(backend_name: str) -> None:
    """The body wins over the query, and is checked like it."""
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


BIG_KEYS: list[Any] = [
    {BIG: "1"},
    [{BIG: 1}],
    [{"type": "function", "function": {"name": "f", BIG: 1}}],
    [{"role": "user", "content": "hi", BIG: 1}],
    [{"role": "user", "content": [{"type": "text", "text": "hi", BIG: 1}]}],
    [{"toolCallId": "call_1", "output": "x", BIG: 1}],
    {"type": "json_schema", BIG: 1},
    {"type": "json_schema", "json_schema": {"name": "n", BIG: 1}},
    {"file_search": {BIG: 1}},
]


@pytest.mark.parametrize("backend_name", BACKENDS)
def test_a_key_of_1_mb_is_not_echoed_wherever_it_stands(backend_name: str) -> None:
    for action, about in ACTIONS.items():
        for name in {*JSON_PARAMETERS, BIG} & {*about.spec.known(), BIG}:
            for value in BIG_KEYS:
                answer, _ = call_recorded(backend_name, make_params(action) | {"action": action, name: value})
                assert len(json.dumps(answer["body"]["error"])) < MAX_ERROR_CHARACTERS, (action, name)


@MANY
@given(
    action=st.sampled_from(list(CONTRACT)),
    backend_name=st.sampled_from(BACKENDS),
    status=st.sampled_from([200, 400, 500]),
    body=anything.filter(lambda value: value is not None),
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
    assert answer["statusCode"] in (*ANSWERED, 429, 504), answer
    assert len(answer["body"]["error"] or "") <= MAX_ERROR_CHARACTERS


@pytest.mark.parametrize("depth", [100, 900, 5_000, 100_000])
def test_any_depth_is_answered(depth: int) -> None:
    deep: Any = []
    for _ in range(depth):
        deep = [deep]
    for event in ({"action": deep}, {"action": "create-thread", "metadata": deep}, {"http": {"body": deep}}):
        assert answer_always(404).function().main(event)["statusCode"] == 400


@pytest.mark.parametrize("depth", [50, 200, 400, 900])
@pytest.mark.parametrize("backend_name", BACKENDS)
def test_any_depth_of_openais_answer_is_answered(depth: int, backend_name: str) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    run = b'{"id":"run_1","object":"thread.run","thread_id":"t","status":"failed","metadata":' + deep + b"}"
    upstream = Upstream(lambda _: httpx2.Response(200, content=run))
    answer = upstream.function(ASSISTANTS_BACKEND=backend_name)(**make_params("run-assistant"))
    assert answer["statusCode"] == 502


@pytest.mark.parametrize("depth", [50, 900])
def test_an_agents_deep_setting_that_runs_do_not_carry_is_no_crash(depth: int) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    agent = b'{"id":"agent_1","created_at":1,"model":"m","experimental":' + deep + b"}"
    upstream = Upstream(lambda _: httpx2.Response(200, content=agent))
    answer = upstream.function(ASSISTANTS_BACKEND="responses")(**make_params("run-assistant"))
    assert answer["statusCode"] in (400, 502)
