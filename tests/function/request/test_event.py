"""The platform's event: dialects, bodies, GET and POST, methods, and the time that a call has."""

import base64
import json
from typing import Any

import pytest

from assistant_function.request.event import Runtime, parse_event
from tests.fake_upstream import SEND, THREAD, THREAD_PARAMS, answer_always
from tests.invoke import EPOCH_SECONDS, Context, FakeClock, Json, make_function, web

PARAMS: Json = {
    "action": "create-assistant",
    "name": "n",
    "metadata": {"a": "b"},
    "tools": [{"type": "code_interpreter"}],
    "temperature": 0.5,
}
AS_STRINGS = {k: v if isinstance(v, str) else json.dumps(v) for k, v in PARAMS.items()}
AS_JSON = json.dumps(PARAMS)
AS_BASE64 = base64.b64encode(AS_JSON.encode()).decode()
OPENWHISK = {"__ow_method": "post", "__ow_headers": {}, "__ow_path": ""}
EVENTS = {
    "POST with JSON": PARAMS | web("POST"),
    "GET": AS_STRINGS | web("GET"),
    "form": AS_STRINGS | web("POST", {"content-type": "application/x-www-form-urlencoded"}),
    "fetch sends text/plain": web("POST", {"content-type": "text/plain"}, body=AS_JSON),
    "no content type": web("POST", body=AS_BASE64, isBase64Encoded=True),
    "body is an object": web("POST", body=PARAMS),
    "query and body": {"action": "create-assistant"} | web("POST", body=AS_JSON),
    "OpenWhisk POST": PARAMS | OPENWHISK,
    "OpenWhisk GET": AS_STRINGS | OPENWHISK | {"__ow_method": "get"},
    "OpenWhisk text/plain": OPENWHISK | {"__ow_body": AS_JSON},
    "OpenWhisk without content type": OPENWHISK | {"__ow_body": AS_BASE64},
    "doctl -p": AS_STRINGS,
    "doctl -P": PARAMS,
}


@pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))
def test_every_form_of_a_call_means_the_same(event: Json) -> None:
    upstream = answer_always(400)
    upstream.function().main(event)
    assert upstream.bodies() == [{k: v for k, v in PARAMS.items() if k != "action"} | {"model": "gpt-6-luna"}]


@pytest.mark.parametrize("event", [SEND, web("POST", {"content-type": "text/plain"}, body=json.dumps(SEND))])
def test_a_failure_tells_the_thread_in_whatever_form_it_was_named(event: Json) -> None:
    upstream = answer_always(400, {"error": {"message": "Thread already has an active run."}})
    answer = upstream.function().main(event)
    assert (answer["statusCode"], answer["body"]["threadId"]) == (409, "thread_1")


@pytest.mark.parametrize(
    "event",
    [
        {AS_JSON: ""} | web("POST", {"content-type": "application/x-www-form-urlencoded"}),
        {AS_JSON[:20]: AS_JSON[20:]} | OPENWHISK,
    ],
)
def test_json_sent_as_a_form_is_told_which_header_is_missing(event: Json) -> None:
    upstream = answer_always(200, THREAD)
    status, error = read_error(upstream.function().main(event))
    assert (status, "send the header Content-Type: application/json" in error) == (400, True)
    assert upstream.seen == []


@pytest.mark.parametrize("query", [{"{x": "1"}, {"action": "get-thread", "{x": "1"}])
def test_a_strange_name_is_no_json_sent_as_a_form_where_an_action_is_named(query: Json) -> None:
    _, error = read_error(answer_always(200, THREAD).function().main(web("GET") | query))
    assert ("sent as a form" in error) is ("action" not in query)


@pytest.mark.parametrize(
    "body", [{AS_JSON: ""}, web("POST", {"content-type": "multipart/form-data"}, body="x")]
)
def test_a_body_that_cannot_be_read_is_told_only_to_those_who_may_call(body: Json) -> None:
    web_call = web("POST", {"origin": "https://bad.example", **body.get("http", {}).get("headers", {})})
    function = make_function({"ALLOWED_ORIGINS": "https://good.example"})
    answer = function.main(body | {"http": {**body.get("http", {}), **web_call["http"]}})
    assert answer["statusCode"] == 403
    assert "Access-Control-Allow-Origin" not in answer["headers"]
    assert function.main(body | web("OPTIONS"))["statusCode"] == 204


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "Multipart/Form-Data"])
def test_a_multipart_form_is_refused_by_its_name(kind: str) -> None:
    event = web("POST", {"content-type": kind}, body=AS_BASE64, isBase64Encoded=True)
    status, error = read_error(answer_always(200, THREAD).function().main(event))
    assert (status, "multipart/form-data" in error) == (400, True)


@pytest.mark.parametrize(
    "body", ["{", "[]", "5", "null", "action=get-thread", "[" * 100_000, '{"a": NaN}', "�", [1], 5]
)
@pytest.mark.parametrize("encoded", [True, False])
def test_a_body_that_is_no_object_is_refused(body: Any, encoded: bool) -> None:
    event = web("POST", body=body, isBase64Encoded=encoded)
    status, message = answer_always(500).function().error(**event)
    assert (status, message[:9]) == (400, "the body ")


@pytest.mark.parametrize("args", [None, [], "x", 5, True, 1.5, [["action", "get-thread"]]])
def test_parameters_that_are_no_object_are_refused(args: Any) -> None:
    answer = answer_always(500).function().main(args)
    assert (answer["statusCode"], answer["body"]["error"]) == (400, "the parameters must be a JSON object")


@pytest.mark.parametrize(
    "strange",
    [{"http": 5}, {"http": []}, {"http": {"headers": []}}, {"__ow_headers": 5}, {"http": {"method": 5}}],
)
def test_an_event_of_a_strange_shape_is_still_answered(strange: Json) -> None:
    answer = answer_always(200, THREAD).function().main({**THREAD_PARAMS, **strange})
    assert answer["statusCode"] in (200, 400, 405)


FOREIGN: Json = {"origin": "https://bad.example"}
FORGED: Json = {"method": "GET", "headers": {"origin": "https://good.example"}, "body": '{"name": "forged"}'}
BOTH_PLATFORMS = {
    "OpenWhisk": (OPENWHISK | {"__ow_headers": FOREIGN, "http": FORGED}, ()),
    "DigitalOcean": (
        web("POST", FOREIGN) | {f"__ow_{name}": value for name, value in FORGED.items()},
        (Context(60_000),),
    ),
}


@pytest.mark.parametrize(("event", "context"), BOTH_PLATFORMS.values(), ids=list(BOTH_PLATFORMS))
def test_a_caller_who_sends_the_other_platforms_keys_is_not_believed(
    event: Json, context: tuple[Any, ...]
) -> None:
    upstream = answer_always(400)
    closed = upstream.function(ALLOWED_ORIGINS="https://good.example")
    assert closed.main(PARAMS | event, *context)["statusCode"] == 403
    upstream.function().main(PARAMS | event, *context)
    assert [body["name"] for body in upstream.bodies()] == [PARAMS["name"]]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "put"])
@pytest.mark.parametrize("params", [{}, THREAD_PARAMS, {"action": "nonsense"}])
def test_other_methods_are_405(method: str, params: Json) -> None:
    answer = answer_always(500).function().main({**params, **web(method)})
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, POST, OPTIONS")
    assert answer["body"]["error"] == f"{method.upper()} is not taken; use GET or POST"


# ---------------------------------------------------------------- time


def measure_seconds_left(
    event: Json, context: Any = None, environment: dict[str, str] | None = None
) -> float:
    clock = FakeClock()
    runtime = Runtime(environment or {}, clock.now, clock.sleep, clock.wall)
    return parse_event(event, context, runtime).deadline.left()


@pytest.mark.parametrize(
    ("milliseconds", "on_the_web", "elsewhere"),
    [(3_000, 1.5, 1.5), (28_000, 26.5, 26.5), (60_000, 27.0, 58.5), (900_000, 27.0, 898.5), (1_000, 0, 0)],
)
def test_the_time_is_the_platforms_less_a_margin(
    milliseconds: float, on_the_web: float, elsewhere: float
) -> None:
    ends = {"__OW_DEADLINE": str(int(EPOCH_SECONDS * 1000 + milliseconds))}
    for event, expected in ((web("GET"), on_the_web), (OPENWHISK, on_the_web), ({}, elsewhere)):
        assert measure_seconds_left(event, Context(milliseconds)) == pytest.approx(expected)
        assert measure_seconds_left(event, None, ends) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("forged", [{}, {"method": None}, {"headers": {}}])
def test_a_web_call_has_27_seconds_whatever_its_caller_sends(forged: Json) -> None:
    ends = {"__OW_DEADLINE": str(int(EPOCH_SECONDS * 1000 + 60_000))}
    assert measure_seconds_left(OPENWHISK | {"http": forged}, None, ends) == 27.0
    called = web("GET") | {f"__ow_{name}": value for name, value in forged.items()}
    assert measure_seconds_left(called, Context(60_000)) == 27.0


def test_the_context_counts_before_the_environment() -> None:
    assert measure_seconds_left({}, Context(10_000), {"__OW_DEADLINE": "1"}) == 8.5


@pytest.mark.parametrize("environment", [{}, {"__OW_DEADLINE": ""}, {"__OW_DEADLINE": "soon"}])
def test_without_a_deadline_there_are_27_seconds(environment: dict[str, str]) -> None:
    assert (
        measure_seconds_left({}, None, environment)
        == measure_seconds_left(web("GET"), object(), environment)
        == 27.0
    )


def test_a_call_without_time_says_so_and_asks_nothing() -> None:
    upstream = answer_always(200, THREAD)
    answer = upstream.function().main(THREAD_PARAMS, Context(100))
    assert (answer["statusCode"], answer["body"]["error"]) == (
        504,
        "OpenAI did not answer in time; try again",
    )
    assert upstream.seen == []


@pytest.mark.parametrize("context", [(), (None,), (Context(60_000),), (object(),)])
def test_main_takes_a_context_or_none(context: tuple[Any, ...]) -> None:
    assert answer_always(200, THREAD).function().main(THREAD_PARAMS, *context)["statusCode"] == 200


def test_a_warm_process_forgets_the_last_calls_time() -> None:
    function = answer_always(200, THREAD).function()
    assert function.main(THREAD_PARAMS, Context(100))["statusCode"] == 504
    assert function.main(THREAD_PARAMS, Context(60_000))["statusCode"] == 200


def read_error(answer: Json) -> tuple[int, str]:
    return answer["statusCode"], answer["body"]["error"]
