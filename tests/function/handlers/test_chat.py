"""chat: one call a turn; what exists after a failure is told, and the caller goes on from there."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.backends import Backend, LosingTransport, is_run, pick_first
from tests.fake_upstream import NATIVE, Upstream, error, v2_run
from tests.invoke import FakeClock, Json, make_function

BAD_MODEL = "gpt-4"  # gone
THREAD: Json = {"id": "thread_1", "object": "thread", "created_at": 1, "metadata": {}, "tool_resources": None}
CHAT: Json = {"action": "chat", "assistantId": "asst_1", "message": "hi"}


def read_data(answer: Json) -> Json:
    """Returns the answer's data; its threadId has to stand at the top level too."""
    data: Json = answer["body"]["data"]
    assert answer["body"]["threadId"] == data["threadId"]
    return data


def test_the_first_turn_makes_the_thread_with_its_message_in_one_request(backend: Backend) -> None:
    asked = backend.requests_of(action="chat", assistantId=backend.assistant(), message="hi")
    made = {"responses": "/v1/conversations", "native": "/v1/threads"}[backend.name]
    assert asked[0] == ("POST", made)
    changes = [request for request in asked if request[0] != "GET"]
    assert len(changes) == len(asked) == 2  # the thread with its message, the run


def test_a_later_turn_adds_its_message_and_runs(backend: Backend) -> None:
    assistant = backend.assistant()
    thread = backend.data(action="chat", assistantId=assistant, message="/say one")["threadId"]
    asked = backend.requests_of(action="chat", assistantId=assistant, threadId=thread, message="/say two")
    assert (
        len([request for request in asked if request[0] != "GET"])
        == {"responses": 2, "native": 1}[backend.name]
    )
    assert backend.texts(thread) == ["/say one", "one", "/say two", "two"]


def test_the_answer_carries_the_thread_at_both_places(backend: Backend) -> None:
    answer = backend.call(action="chat", assistantId=backend.assistant(), message="/say hello")
    assert read_data(answer)["status"] == "completed"
    assert answer["body"]["response"] == "hello"


def test_a_turn_that_goes_on_is_202_and_get_run_takes_it_up(backend: Backend) -> None:
    answer = backend.call(
        action="chat", assistantId=backend.assistant(), message="/wait 0.3\n/say late", wait=0
    )
    data = read_data(answer)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (202, "1")
    run = backend.data(action="get-run", threadId=data["threadId"], runId=data["runId"])
    assert run["response"] == "late"
    assert backend.texts(data["threadId"]) == ["/wait 0.3\n/say late", "late"]


def test_a_run_that_is_refused_leaves_the_thread_to_go_on_in(backend: Backend) -> None:
    assistant = backend.assistant()
    answer = backend.call(action="chat", assistantId=assistant, message="/say hi", model=BAD_MODEL)
    assert (answer["statusCode"], BAD_MODEL in answer["body"]["error"]) == (404, True)
    data = read_data(answer)
    assert data["runId"] is None
    again = backend.data(action="run-assistant", threadId=data["threadId"], assistantId=assistant)
    assert again["response"] == "hi"
    assert backend.texts(data["threadId"]) == ["/say hi", "hi"]


def test_what_the_function_refuses_by_itself_creates_no_thread(backend: Backend) -> None:
    already = len(backend.requests)
    too_long = backend.call(action="chat", assistantId="asst_1", message="hi", instructions="x" * 33_000)
    function = backend.function(MAX_COMPLETION_TOKENS="100")
    too_many = function(action="chat", assistantId="asst_1", message="hi", maxCompletionTokens=101)
    assert (too_long["statusCode"], too_many["statusCode"]) == (413, 400)
    assert backend.requests[already:] == []


def test_a_later_turn_that_is_refused_leaves_no_message_behind(backend: Backend) -> None:
    assistant, thread = backend.assistant(), backend.thread()
    ask = {"action": "chat", "assistantId": assistant, "threadId": thread, "message": "/say hi"}
    answer = backend.call(**ask, model=BAD_MODEL)
    assert answer["statusCode"] == 404
    assert backend.texts(thread) == []
    assert backend.data(**ask)["response"] == "hi"
    assert backend.texts(thread) == ["/say hi", "hi"]


def test_an_unknown_assistant_is_404_and_leaves_no_thread_behind(backend: Backend) -> None:
    already = len(backend.requests)
    answer = backend.call(action="chat", assistantId="asst_nobody", message="hi")
    assert answer["statusCode"] == 404
    assert "asst_nobody" in answer["body"]["error"]
    assert answer["body"]["data"] is None
    deleted = [path.rpartition("/")[2] for method, path in backend.requests[already:] if method == "DELETE"]
    assert (
        backend.call(action="get-thread", threadId=deleted[-1].replace("conv_", "thread_"))["statusCode"]
        == 404
    )


@pytest.mark.parametrize(
    ("directive", "status", "code"),
    [("/fail server_error", 502, "server_error"), ("/fail rate_limit_exceeded", 429, "rate_limit_exceeded")],
)
def test_a_run_that_fails_is_told_whole_and_frees_the_thread(
    backend: Backend, directive: str, status: int, code: str
) -> None:
    assistant = backend.assistant()
    answer = backend.call(action="chat", assistantId=assistant, message=directive)
    data = read_data(answer)
    assert (answer["statusCode"], data["status"], data["lastError"]["code"]) == (status, "failed", code)
    assert data["runId"].startswith("run_")
    ids = {"threadId": data["threadId"], "assistantId": assistant}
    assert backend.data(action="chat", **ids, message="/say on")["response"] == "on"


@pytest.mark.parametrize("ending", ["failed", "incomplete", "cancelled"])
def test_a_run_that_ended_badly_never_leaves_the_thread_locked(backend: Backend, ending: str) -> None:
    ids = {"assistantId": backend.assistant(), "threadId": backend.thread()}
    message = {"failed": "/fail server_error", "incomplete": "/incomplete", "cancelled": "/wait 30"}[ending]
    ended = backend.call(
        action="run-assistant", **ids, message=message, wait=0 if ending == "cancelled" else 20
    )
    run = {"threadId": ids["threadId"], "runId": ended["body"]["data"]["runId"]}
    if ending == "cancelled":
        assert backend.data(action="cancel-run", **run)["status"] == "cancelled"
    assert backend.call(action="get-run", **run)["body"]["data"]["status"] == ending
    backend.data(action="send-message", threadId=ids["threadId"], message="/say free")
    assert backend.data(action="run-assistant", **ids)["response"] == "free"


def test_a_thread_that_is_busy_refuses_turn_run_and_message_and_loses_nothing(backend: Backend) -> None:
    ids = {"assistantId": backend.assistant(), "threadId": backend.thread()}
    first = backend.call(action="chat", **ids, message="/wait 0.6\n/say first", wait=0)["body"]["data"]
    active = {"threadId": ids["threadId"], "runId": first["runId"]}
    refused = [
        backend.call(action="chat", **ids, message="second"),
        backend.call(action="run-assistant", **ids),
        backend.call(action="send-message", threadId=ids["threadId"], message="second"),
    ]
    for answer in refused:
        assert (answer["statusCode"], answer["body"]["data"]) == (409, active)
        assert answer["body"]["threadId"] == ids["threadId"]
    backend.data(action="get-run", **active)
    backend.data(action="send-message", threadId=ids["threadId"], message="/say second")
    assert backend.data(action="run-assistant", **ids)["response"] == "second"
    assert backend.texts(ids["threadId"])[1:] == ["first", "/say second", "second"]


def test_a_turn_whose_run_was_started_but_not_told_says_where_to_look(backend: Backend) -> None:
    starts = {"responses": "/responses", "native": "/runs"}[backend.name]
    function = backend.function(transport=LosingTransport(pick_first("POST", starts)))
    answer = function(action="chat", assistantId=backend.assistant(), message="/say hi")
    data = read_data(answer)
    assert (answer["statusCode"], data["runId"]) == (502, None)
    assert "may have been carried out" in answer["body"]["error"]
    assert wait_for_texts(backend, data["threadId"]) == ["/say hi", "hi"]


def wait_for_texts(backend: Backend, thread: str) -> list[str]:
    """Waits until the thread has its answer, and returns its messages."""
    for _ in range(200):
        if len(texts := backend.texts(thread)) > 1:
            return texts
    return backend.texts(thread)


def test_a_turn_whose_answer_cannot_be_fetched_tells_its_run(backend: Backend) -> None:
    def loses(request: httpx2.Request) -> bool:
        return request.method == "GET" and is_run(request.url.path)

    function = backend.function(transport=LosingTransport(loses), clock=FakeClock(), RUN_STREAMING="off")
    answer = function(action="chat", assistantId=backend.assistant(), message="/say hi")
    data = read_data(answer)
    assert data["runId"].startswith("run_")
    assert answer["statusCode"] == 202  # a poll that fails ends nothing
    run = {"threadId": data["threadId"], "runId": data["runId"]}
    assert backend.data(action="get-run", **run)["response"] == "hi"


Answering = Callable[[httpx2.Request], httpx2.Response]


def make_threads_and_die(problem: Exception | httpx2.Response) -> Answering:
    """A server of Assistants v2 that makes threads and fails at everything else."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/threads"):
            return httpx2.Response(200, json=THREAD)
        if isinstance(problem, Exception):
            raise problem
        return problem

    return answer


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (httpx2.ConnectError("refused"), 502),
        (httpx2.ReadError("reset"), 502),
        (httpx2.ReadTimeout("late"), 504),
        (error(400, "No."), 400),
        (error(401, "No."), 500),
        (error(404, "No assistant found."), 404),
        (error(429, "Slower."), 429),
        (error(500), 502),
        (httpx2.Response(200, text="<html>"), 502),
        (httpx2.Response(200, json={"object": "thread.run"}), 502),
        (httpx2.Response(200, json=[]), 502),
    ],
)
def test_whatever_happens_after_the_thread_was_made_it_is_told(problem: Any, status: int) -> None:
    upstream = Upstream(make_threads_and_die(problem))
    answer = upstream.function()(**CHAT)
    assert answer["statusCode"] == status
    assert read_data(answer) == {"threadId": "thread_1", "runId": None}
    assert len([one for one in upstream.seen if one.url.path.endswith("/threads")]) == 1


def test_without_a_thread_there_is_nothing_to_tell() -> None:
    answer = Upstream(lambda _: error(400, "No.")).function()(**CHAT)
    assert (answer["statusCode"], answer["body"]["data"]) == (400, None)
    assert "threadId" not in answer["body"]


def test_a_turn_that_outlives_the_time_is_not_begun_again() -> None:
    clock = FakeClock()

    def answer(request: httpx2.Request) -> httpx2.Response:
        made = request.url.path.endswith("/threads")
        return httpx2.Response(200, json=THREAD if made else v2_run("in_progress"))

    upstream = Upstream(answer, clock)
    answered = make_function(NATIVE, transport=httpx2.MockTransport(upstream), clock=clock)(**CHAT)
    assert (answered["statusCode"], read_data(answered)["runId"]) == (202, "run_1")
    assert len([one for one in upstream.seen if one.method == "POST"]) == 2
    assert clock.seconds < 27


@pytest.mark.parametrize("status", ["failed", "cancelled", "expired"])
def test_every_bad_end_is_502_with_the_run(status: str) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        made = request.url.path.endswith("/threads")
        return httpx2.Response(200, json=THREAD if made else v2_run(status))

    answered = Upstream(answer).function()(**CHAT)
    assert (answered["statusCode"], read_data(answered)["status"]) == (502, status)
    assert answered["body"]["error"] == f"the run ended {status}"


# ---------------------------------------------------------------- what an answer may cost


def test_the_tokens_of_an_answer_have_a_cap(backend: Backend) -> None:
    capped = backend.function(MAX_COMPLETION_TOKENS="20")
    assistant = backend.assistant()
    ask = {"action": "chat", "assistantId": assistant, "message": "/length 400"}
    for more in ({}, {"maxCompletionTokens": 20}):
        data = capped.data(**ask, **more)
        assert (data["status"], data["incompleteReason"]) == ("incomplete", "max_completion_tokens")
        assert len(data["response"]) < 100
    assert capped.error(**ask, maxCompletionTokens=21) == (400, "maxCompletionTokens must be at most 20")
    assert len(backend.data(**ask)["response"]) == 400


def test_the_cap_holds_after_tool_outputs_too(backend: Backend) -> None:
    capped = backend.function(MAX_COMPLETION_TOKENS="20")
    tool = {"type": "function", "function": {"name": "time", "description": "d"}}
    run = capped.data(action="chat", assistantId=backend.assistant(tools=[tool]), message="/call time {}")
    outputs = [{"toolCallId": run["toolCalls"][0]["id"], "output": "/length 400"}]
    ids = {"threadId": run["threadId"], "runId": run["runId"]}
    assert capped.data(action="submit-tool-outputs", **ids, toolOutputs=outputs)["status"] == "incomplete"


def test_a_turn_over_the_length_makes_no_thread(backend: Backend) -> None:
    already = len(backend.requests)
    short = backend.function(MAX_MESSAGE_CHARS="10")
    status, message = short.error(action="chat", assistantId="asst_1", message="x" * 11)
    assert (status, "11 characters; at most 10" in message) == (413, True)
    assert len(backend.requests) == already


@pytest.mark.parametrize("name", ["instructions", "additionalInstructions"])
def test_what_a_run_is_told_is_as_long_as_a_message_at_most(backend: Backend, name: str) -> None:
    short = backend.function(MAX_MESSAGE_CHARS="10")
    ids = {"threadId": backend.thread(), "assistantId": backend.assistant()}
    answer = short(action="run-assistant", **ids, **{name: "x" * 11})
    assert (answer["statusCode"], answer["body"]["error"]) == (
        413,
        f"{name} has 11 characters; at most 10 are taken",
    )


def test_a_tool_output_is_as_long_as_a_message_at_most(backend: Backend) -> None:
    ids = {"threadId": "thread_1", "runId": "run_1"}
    outputs = [{"toolCallId": "call_1", "output": "x" * 11}]
    answer = backend.function(MAX_MESSAGE_CHARS="10")(
        action="submit-tool-outputs", **ids, toolOutputs=outputs
    )
    assert answer["statusCode"] == 413
    assert answer["body"]["error"].startswith("toolOutputs[0].output has 11 characters")
