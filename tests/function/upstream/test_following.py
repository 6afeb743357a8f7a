"""A run is followed: how many requests that takes, what stands of its text, and what becomes of streams that
are refused, break off, fall silent or have no end."""

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, pairwise
from typing import Any

import pytest

from local.emulator.server import start_emulator
from local.emulator.stream_faults import StreamFaults
from tests.backends import BACKENDS, Backend, Requests, function_tool, open_backend
from tests.invoke import CAUTION, FastClock, Function, HastyClock, Json

SLOWLY = "/pace 0.02\n"  # between the words of the echo, which tells the message again
WORDS = "one two three four five six seven eight nine ten " * 4


PROCESSES = count(1)


@pytest.fixture
def fresh(backend: Backend) -> Iterator[Backend]:
    """The backend without faults, and the function in a process that has seen no refusal yet."""
    yield replace(backend, environment=name_process())
    vars(backend.emulator.stream_faults).update(vars(StreamFaults()))


def name_process() -> dict[str, str]:
    """Settings that no call has had before: a process belongs to its settings."""
    return {"OPENAI_MODEL": f"process-{next(PROCESSES)}"}


@pytest.fixture
def chat(fresh: Backend) -> Json:
    return {"action": "chat", "assistantId": fresh.assistant()}


def ask(backend: Backend, function: Function | None = None, **params: Any) -> tuple[Json, Requests]:
    """Calls; returns the answer and the requests that the upstream got for it."""
    already = len(backend.requests)
    answer = (function or backend.function())(**params)
    return answer, backend.requests[already:]


def count_starts(backend: Backend) -> int:
    return backend.emulator.requests.count(("POST", "/v1/responses"))


def is_streamed(backend: Backend, answer: Json) -> bool:
    """Whether the run was created as a stream."""
    response_id = answer["body"]["data"]["runId"].replace("run_", "resp_")
    return (
        backend.emulator.database.row("SELECT 1 FROM events WHERE response_id = ?", response_id) is not None
    )


def count_looks(requests: Requests) -> int:
    return sum(method == "GET" and "/r" in path.rpartition("/")[0] for method, path in requests)


def go_on(answer: Json, **more: Any) -> Json:
    """The parameters that take up the run of an answer 202."""
    assert answer["statusCode"] == 202, answer["body"]
    run = answer["body"]["data"]
    return {"action": "get-run", "threadId": run["threadId"], "runId": run["runId"], **more}


# ---------------------------------------------------------------- one request


@pytest.mark.parametrize(
    "message", ["/say hi", "/two", "/wait 0.3\n/say hi", "/length 100000", "/incomplete"]
)
def test_a_run_is_one_request_and_is_told_as_asking_for_it_tells_it(
    fresh: Backend, chat: Json, message: str
) -> None:
    answer, requests = ask(fresh, **chat, message=message)
    followed = answer["body"]["data"]
    assert (answer["statusCode"], followed["partial"]) == (200, None)
    assert len(requests) == 2  # a new thread, and the run
    ids = {"threadId": followed["threadId"], "runId": followed["runId"]}
    assert fresh.function(RUN_STREAMING="off").data(action="get-run", **ids) == followed


def test_outputs_of_functions_let_a_run_go_on_in_a_stream(fresh: Backend) -> None:
    chat: Json = {"action": "chat", "assistantId": fresh.assistant(tools=[function_tool("weather")])}
    asking, requests = ask(fresh, **chat, message="/call weather {}")
    run = asking["body"]["data"]
    assert (run["status"], count_looks(requests)) == ("requires_action", 0)
    outputs = [{"toolCallId": run["toolCalls"][0]["id"], "output": "/wait 0.2\nrain"}]
    given = {"threadId": run["threadId"], "runId": run["runId"], "toolOutputs": outputs}
    answer = fresh.call(action="submit-tool-outputs", **given)
    assert (answer["body"]["data"]["status"], answer["body"]["data"]["partial"]) == ("completed", None)
    assert "rain" in answer["body"]["response"]


def test_a_run_that_ends_badly_is_told_with_its_reason(fresh: Backend, chat: Json) -> None:
    answer, requests = ask(fresh, **chat, message="/wait 0.1\n/fail rate_limit_exceeded")
    assert (answer["statusCode"], len(requests)) == (429, 2)
    assert answer["body"]["data"]["lastError"]["code"] == "rate_limit_exceeded"


def test_comments_and_events_that_nobody_knows_are_passed_over(fresh: Backend, chat: Json) -> None:
    fresh.emulator.stream_faults.noise = True
    answer, requests = ask(fresh, **chat, message="/say hi")
    assert (answer["body"]["response"], len(requests)) == ("hi", 2)


def test_a_first_event_is_waited_for_longer_than_the_caller_wants_to_wait(fresh: Backend, chat: Json) -> None:
    """Else nobody would know which run was started."""
    fresh.emulator.stream_faults.first_event_seconds = 0.4
    function = fresh.function(clock=FastClock())
    answer, requests = ask(fresh, function, **chat, message="/say hi", wait=3)
    assert (answer["body"]["response"], len(requests)) == ("hi", 2)


# ---------------------------------------------------------------- partial text


def test_the_text_grows_from_call_to_call_in_any_process(fresh: Backend, chat: Json) -> None:
    function = fresh.function(clock=FastClock())
    already = count_starts(fresh)
    answer = function(**chat, message=SLOWLY + WORDS, wait=3)
    texts = [answer["body"]["data"]["partial"]]
    while answer["statusCode"] == 202:
        another = replace(fresh, environment=name_process()).function(clock=FastClock())
        answer = another(**go_on(answer, wait=2))
        assert answer["body"]["data"]["messages"] == [] or answer["statusCode"] == 200
        texts.append(answer["body"]["data"]["partial"] or answer["body"]["response"])
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert len(set(texts)) >= 3
    assert count_starts(fresh) - already == 1


def test_a_run_that_has_written_nothing_yet_has_no_partial_text(fresh: Backend, chat: Json) -> None:
    answer, _ = ask(fresh, fresh.function(clock=HastyClock()), **chat, message="/wait 30", wait=1)
    assert (answer["statusCode"], answer["body"]["data"]["partial"]) == (202, None)


def test_commentary_is_no_partial_text(fresh: Backend, chat: Json) -> None:
    message = f"/think Let me see.\n{SLOWLY}{WORDS}"
    answer = fresh.function(clock=FastClock())(**chat, message=message, wait=4)
    assert answer["body"]["data"]["partial"].startswith("instructions:")


# ---------------------------------------------------------------- who does not wait long


@pytest.mark.parametrize("wait", [0, 2.9])
def test_who_waits_less_than_three_seconds_opens_no_stream_at_the_start(
    fresh: Backend, chat: Json, wait: float
) -> None:
    begun, _ = ask(fresh, fresh.function(clock=HastyClock()), **chat, message="/wait 60", wait=wait)
    assert not is_streamed(fresh, begun)
    answer, requests = ask(fresh, fresh.function(clock=HastyClock()), **go_on(begun, wait=2))
    assert count_looks(requests) > 3  # what was not created as a stream is asked for
    assert (begun["body"]["data"]["partial"], answer["body"]["data"]["partial"]) == (None, None)


def test_who_waits_less_than_a_second_looks_only(fresh: Backend, chat: Json) -> None:
    begun, _ = ask(fresh, fresh.function(clock=FastClock()), **chat, message=SLOWLY + WORDS, wait=3)
    answer, requests = ask(fresh, **go_on(begun, wait=0))
    assert (answer["body"]["data"]["partial"], count_looks(requests)) == (None, 1)


def test_a_run_is_taken_up_by_a_look_and_a_stream(fresh: Backend, chat: Json) -> None:
    begun, _ = ask(fresh, fresh.function(clock=FastClock()), **chat, message=SLOWLY + WORDS, wait=3)
    answer, requests = ask(fresh, **go_on(begun))
    assert (answer["body"]["data"]["status"], count_looks(requests)) == ("completed", 2)


def test_streaming_can_be_switched_off(fresh: Backend, chat: Json) -> None:
    function = fresh.function(RUN_STREAMING="off")
    answer, requests = ask(fresh, function, **chat, message="/wait 0.1\n/say hi")
    assert (answer["statusCode"], answer["body"]["response"]) == (200, "hi")
    assert count_looks(requests) >= 1
    assert not is_streamed(fresh, answer)


# ---------------------------------------------------------------- streams that are refused


def test_a_refusal_is_remembered_and_the_run_is_asked_for(fresh: Backend, chat: Json) -> None:
    fresh.emulator.stream_faults.refuses_background = True
    for tries in (2, 1):
        already = count_starts(fresh)
        answer, requests = ask(fresh, **chat, message="/wait 0.1\n/say hi")
        assert (answer["statusCode"], answer["body"]["response"]) == (200, "hi")
        assert (count_starts(fresh) - already, count_looks(requests) >= 1) == (tries, True)


def test_json_in_place_of_a_stream_is_remembered_too(fresh: Backend, chat: Json) -> None:
    fresh.emulator.stream_faults.json = True
    for is_asked_for in (True, False):
        already = count_starts(fresh)
        answer, requests = ask(fresh, **chat, message="/wait 0.1\n/say hi")
        assert (answer["statusCode"], answer["body"]["response"]) == (200, "hi")
        assert (count_starts(fresh) - already, count_looks(requests) >= 1) == (1, True)
        assert is_streamed(fresh, answer) == is_asked_for


@pytest.mark.parametrize("name", BACKENDS)
def test_a_run_of_more_than_five_minutes_is_asked_for(name: str) -> None:
    ago = [301.0]
    with (
        start_emulator(clock=lambda: time.time() - ago[0]) as emulator,
        open_backend(name, emulator) as backend,
    ):
        chat = {"action": "chat", "assistantId": backend.assistant()}
        begun = backend.function(clock=FastClock())(**chat, message=SLOWLY + WORDS, wait=3)
        ago[0] = 0.0
        answer, requests = ask(backend, **go_on(begun))
        assert answer["body"]["data"]["status"] == "completed"
        assert count_looks(requests) > 2


# ---------------------------------------------------------------- streams that break


@pytest.mark.parametrize("events", [1, 3, 8])
def test_a_stream_that_breaks_off_is_taken_up_again(fresh: Backend, chat: Json, events: int) -> None:
    fresh.emulator.stream_faults.drop_after = events
    already = count_starts(fresh)
    answer, requests = ask(fresh, **chat, message=SLOWLY + "Hello there")
    assert (answer["statusCode"], answer["body"]["data"]["status"]) == (200, "completed")
    assert answer["body"]["response"].endswith("Hello there")
    assert (count_starts(fresh) - already, count_looks(requests)) == (1, 2)


def test_a_run_whose_streams_all_break_off_is_asked_for(fresh: Backend, chat: Json) -> None:
    faults = fresh.emulator.stream_faults
    faults.drop_after, faults.also_replays = 3, True
    already = count_starts(fresh)
    answer, _ = ask(fresh, **chat, message="/wait 0.3\nHello there")
    assert answer["body"]["response"].endswith("Hello there")
    assert count_starts(fresh) - already == 1


def test_a_stream_that_tells_no_run_is_a_lost_answer(fresh: Backend, chat: Json) -> None:
    fresh.emulator.stream_faults.drop_after = 0
    already = count_starts(fresh)
    answer, _ = ask(fresh, **chat, message="/say hi")
    assert (answer["statusCode"], count_starts(fresh) - already) == (502, 1)
    assert CAUTION in answer["body"]["error"]


@pytest.mark.parametrize("fault", ["stall_after", "trickle_after"])
def test_a_stream_never_outlasts_the_deadline(fresh: Backend, chat: Json, fault: str) -> None:
    message = f"/pace 1\n/say {WORDS}"
    begun, _ = ask(fresh, fresh.function(clock=FastClock()), **chat, message=message, wait=3)
    setattr(fresh.emulator.stream_faults, fault, 6)
    fresh.emulator.stream_faults.also_replays = True
    at = time.monotonic()
    answer, requests = ask(fresh, **go_on(begun, wait=1))
    assert 0.9 < time.monotonic() - at < 1.5
    assert (answer["statusCode"], count_looks(requests)) == (202, 2)
    assert answer["body"]["data"]["partial"]


# ---------------------------------------------------------------- the lock that outlasts its run


@pytest.mark.parametrize("action", ["chat", "run-assistant", "send-message"])
def test_a_lock_that_outlasts_its_run_is_waited_out(fresh: Backend, chat: Json, action: str) -> None:
    fresh.emulator.stream_faults.lock_seconds = 0.12
    thread = fresh.data(**chat, message="/say hi")["threadId"]
    assistant = {} if action == "send-message" else {"assistantId": chat["assistantId"]}
    answer = fresh.call(action=action, threadId=thread, message="/say again", **assistant)
    assert answer["statusCode"] == 200, answer["body"]
    assert fresh.texts(thread).count("/say again") == 1
