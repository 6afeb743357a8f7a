"""Waiting for a run: how soon its end is noticed, how often is asked, and what a deadline leaves behind."""

import itertools
from typing import Any

import httpx2
import pytest

from assistant_function.request.deadline import Deadline
from assistant_function.upstream.following import ENDED, POLL_SHARE_OF_AGE, poll_until_ended
from local.emulator.server import Emulator, start_emulator
from tests.fake_upstream import (
    RUN,
    Upstream,
    answer_in_turn,
    answer_run,
    error,
    v2_list,
    v2_message,
    v2_run,
    v2_text,
)
from tests.invoke import Context, FakeClock, Json, make_function, web

GET_RUN: Json = {"action": "get-run", "threadId": "thread_1", "runId": "run_1"}


def count_polls(upstream: Upstream) -> int:
    return sum(request.url.path.endswith("/runs/run_1") for request in upstream.seen)


def end_run_at(seconds: float, status: str = "completed", **more: Any) -> Upstream:
    def run(now: float) -> httpx2.Response:
        return httpx2.Response(200, json=v2_run(status if now >= seconds else "in_progress", **more))

    return answer_run(run, v2_message(v2_text("the answer")), clock=FakeClock())


@pytest.mark.parametrize("age", [0, 0.01, 0.15, 0.16, 0.5, 1, 2, 2.9, 3, 3.1, 5, 7.77, 10, 13, 20, 24, 25])
def test_an_end_is_noticed_within_150_ms_or_a_share_of_the_runs_age(age: float) -> None:
    upstream = end_run_at(age)
    data = upstream.function().data(**RUN)
    assert data["response"] == "the answer"
    noticed = upstream.clock.seconds
    assert noticed - age <= max(0.15, 0.0535 * noticed) + 1e-9


def test_many_ages_are_noticed_in_time() -> None:
    for age in itertools.takewhile(lambda at: at < 27, itertools.count(0.0, 0.0137)):
        clock = FakeClock()

        def fetch(age: float = age, clock: FakeClock = clock) -> tuple[Any, None]:
            return {"status": "completed" if clock.seconds >= age else "queued"}, None

        queued: Any = {"status": "queued"}
        run = poll_until_ended(queued, fetch, Deadline(27, clock.now, clock.sleep), begun=0)
        assert run["status"] == "completed"
        assert clock.seconds - age <= max(0.15, POLL_SHARE_OF_AGE * clock.seconds) + 1e-9


def test_a_run_is_polled_at_most_60_times_in_27_seconds() -> None:
    upstream = end_run_at(1000)
    answer = upstream.function().main({**RUN, **web()})
    assert answer["statusCode"] == 202
    assert upstream.clock.seconds == pytest.approx(26.5)
    assert 40 <= count_polls(upstream) <= 60


@pytest.mark.parametrize("status", [402, 418, 425, 451, 500, 503])
def test_a_poll_that_fails_in_passing_ends_nothing(status: int) -> None:
    answers = [httpx2.Response(200, json=v2_run("queued")), error(status), error(status), error(status)]
    upstream = answer_in_turn(
        *answers, httpx2.Response(200, json=v2_run("completed")), httpx2.Response(200, json=v2_list())
    )
    assert upstream.function()(**RUN)["statusCode"] == 200


@pytest.mark.parametrize(
    ("advice", "most_pause"),
    [("50", 0.05), ("150", 0.15), ("5000", 1.6), ("", 1.6), ("soon", 1.6), ("²", 1.6)],
)
def test_the_servers_advice_counts_where_it_is_shorter(advice: str, most_pause: float) -> None:
    def run(now: float) -> httpx2.Response:
        headers = httpx2.Headers([(b"openai-poll-after-ms", advice.encode("latin-1"))])
        status = "completed" if now >= 20 else "in_progress"
        return httpx2.Response(200, json=v2_run(status), headers=headers)

    upstream = answer_run(run, v2_message(v2_text("x")), clock=FakeClock())
    upstream.function().data(**RUN)
    assert max(upstream.clock.pauses[1:]) <= most_pause
    assert advice != "5000" or count_polls(upstream) > 20


@pytest.mark.parametrize("advice", ["0", "1"])
def test_an_advice_never_makes_it_ask_without_a_pause(advice: str) -> None:
    def run(_: float) -> httpx2.Response:
        return httpx2.Response(200, json=v2_run("in_progress"), headers={"openai-poll-after-ms": advice})

    upstream = answer_run(run, clock=FakeClock())
    assert upstream.function()(**RUN, wait=1)["statusCode"] == 202
    assert min(upstream.clock.pauses[:-1]) >= 0.01


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("completed", 200),
        ("requires_action", 200),
        ("incomplete", 200),
        ("failed", 502),
        ("expired", 502),
        ("cancelled", 502),
    ],
)
def test_every_end_is_an_end(status: str, code: int) -> None:
    upstream = end_run_at(1.0, status, incomplete_details={"reason": "max_completion_tokens"})
    answer = upstream.function()(**RUN)
    assert (answer["statusCode"], answer["body"]["data"]["status"]) == (code, status)
    assert upstream.clock.seconds < 1.2
    assert answer["body"]["success"] == (code == 200)
    if code == 502:
        assert answer["body"]["error"] == f"the run ended {status}"
    assert answer["body"]["response"] == ("the answer" if status in ("completed", "incomplete") else None)


def test_the_ends_are_those_of_assistants_v2() -> None:
    assert set(ENDED) == {"completed", "requires_action", "incomplete", "failed", "cancelled", "expired"}


@pytest.mark.parametrize("status", ["queued", "in_progress", "cancelling", "pondering"])
def test_other_statuses_go_on(status: str) -> None:
    upstream = end_run_at(0, status)
    answer = upstream.function()(**RUN, wait=1)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (202, "1")
    assert answer["body"]["data"]["status"] == status
    assert (answer["body"]["response"], answer["body"]["error"]) == (None, None)


def test_a_run_that_hit_the_rate_limit_is_429() -> None:
    failed = {"code": "rate_limit_exceeded", "message": "Slow down."}
    answer = end_run_at(0, "failed", last_error=failed).function()(**RUN)
    assert (answer["statusCode"], answer["body"]["error"]) == (429, "the run ended failed: Slow down.")
    assert answer["body"]["data"]["lastError"] == failed
    assert answer["body"]["threadId"] == "thread_1"


@pytest.mark.parametrize(("wait", "seconds"), [(0, 0), ("0", 0), (2, 2), ("2.5", 2.5), (26, 26), (900, 26.5)])
@pytest.mark.parametrize("params", [RUN, GET_RUN])
def test_wait_is_the_most_seconds(params: Json, wait: Any, seconds: float) -> None:
    upstream = end_run_at(1000)
    answer = upstream.function().main({**params, "wait": wait, **web("POST")}, Context(60_000))
    assert answer["statusCode"] == 202
    assert upstream.clock.seconds == pytest.approx(seconds)
    assert upstream.clock.seconds > 0 or count_polls(upstream) <= 1


def test_elsewhere_than_on_the_web_a_run_is_awaited_as_long_as_the_platform_allows() -> None:
    upstream = end_run_at(100)
    assert upstream.function().main(RUN, Context(300_000))["statusCode"] == 200
    assert upstream.clock.seconds > 100


@pytest.mark.parametrize(
    "passing",
    [
        error(429),
        error(500),
        error(502),
        error(503),
        error(529),
        httpx2.Response(502, text="<html>"),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, content=b'{"id": "run_1", "obj'),
        httpx2.Response(200, json={"object": "something"}),
    ],
)
def test_a_passing_failure_of_a_poll_does_not_lose_the_run(passing: httpx2.Response) -> None:
    def run(now: float) -> httpx2.Response:
        if now < 3:
            return httpx2.Response(passing.status_code, headers=passing.headers, content=passing.content)
        return httpx2.Response(200, json=v2_run())

    upstream = answer_run(run, v2_message(v2_text("the answer")), clock=FakeClock())
    assert upstream.function().data(**RUN)["response"] == "the answer"


def test_a_connection_that_fails_while_polling_does_not_lose_the_run() -> None:
    def run(now: float) -> httpx2.Response:
        if now < 3:
            raise httpx2.ReadError("reset")
        return httpx2.Response(200, json=v2_run())

    upstream = answer_run(run, v2_message(v2_text("the answer")), clock=FakeClock())
    assert upstream.function().data(**RUN)["response"] == "the answer"


@pytest.mark.parametrize(("refused", "status"), [(401, 500), (403, 500), (404, 404), (400, 400)])
def test_a_lasting_failure_of_a_poll_tells_the_run(refused: int, status: int) -> None:
    upstream = answer_run(lambda _: error(refused), clock=FakeClock())
    answer = upstream.function()(**RUN)
    assert (answer["statusCode"], count_polls(upstream)) == (status, 1)
    assert answer["body"]["data"] == answer["body"]["data"] | {
        "runId": "run_1",
        "threadId": "thread_1",
        "status": "queued",
    }
    assert (answer["body"]["threadId"], answer["body"]["response"]) == ("thread_1", None)


def test_a_run_whose_messages_cannot_be_read_is_told() -> None:
    upstream = end_run_at(0)
    inner = upstream.answer
    upstream.answer = lambda r: error(404) if r.url.path.endswith("/messages") else inner(r)
    answer = upstream.function()(**RUN)
    assert (answer["statusCode"], answer["body"]["data"]["runId"]) == (404, "run_1")


def test_chat_tells_its_thread_when_the_run_cannot_start() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        thread = {"id": "thread_9", "object": "thread", "created_at": 1, "metadata": {}}
        return error(404) if "runs" in request.url.path else httpx2.Response(200, json=thread)

    failed = Upstream(answer).function()(action="chat", assistantId="asst_1", message="hi")
    assert (failed["statusCode"], failed["body"]["threadId"]) == (404, "thread_9")
    assert failed["body"]["data"] == {"threadId": "thread_9", "runId": None}


@pytest.fixture
def emulator() -> Any:
    with start_emulator() as running:
        yield running


def test_a_run_that_outlives_the_time_is_answered_later_and_started_once(emulator: Emulator) -> None:
    function = make_function({"OPENAI_BASE_URL": emulator.url})
    assistant = function.data(action="create-assistant", name="a")["assistantId"]
    params = {"action": "chat", "assistantId": assistant, "message": "/wait 0.4"}
    begun = function.main({**params, **web()}, Context(1_700))
    assert (begun["statusCode"], begun["headers"]["Retry-After"]) == (202, "1")
    assert (begun["body"]["success"], begun["body"]["response"]) == (True, None)
    assert begun["body"]["data"]["status"] in ("queued", "in_progress")
    taken_up = {name: begun["body"]["data"][name] for name in ("threadId", "runId")}
    done = function.data(action="get-run", **taken_up)
    assert done["response"].endswith("thread: user: /wait 0.4")
    assert emulator.requests.count(("POST", "/v1/responses")) == 1
