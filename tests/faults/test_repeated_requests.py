"""requestId under faults: what is repeated with it is done once, whenever the answer was lost."""

import time

import pytest

from tests.backends import Backend, read_stored_texts
from tests.faults.proxy import LOST, Answer, Fault
from tests.invoke import Json, RealClock
from tests.soak.repeating import repeat_messages, repeat_runs

CHANGE = "POST|DELETE"
CALLS = 40  # `make soak` makes a thousand
SEED = 4
PATIENCE_SECONDS = 5.0


@pytest.mark.parametrize("skip", range(4))
def test_a_message_is_sent_once_whichever_answer_is_lost(backend: Backend, skip: int) -> None:
    thread = backend.thread()
    send: Json = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "r1"}
    backend.proxy.inject(LOST, method=CHANGE, skip=skip, times=1)
    first = backend.call(**send)
    assert first["statusCode"] in (200, 502)
    if first["statusCode"] == 502:
        assert first["body"]["error"].endswith("; repeat it with the same requestId: it is done once")
    again, third = backend.data(**send), backend.data(**send)
    assert again["messageId"] == third["messageId"]
    listed = backend.data(action="list-messages", threadId=thread)["messages"]
    assert [one["messageId"] for one in listed] == [again["messageId"]]


@pytest.mark.parametrize("skip", range(6))
def test_a_run_is_started_once_whichever_answer_is_lost(backend: Backend, skip: int) -> None:
    ids = {"threadId": backend.thread(), "assistantId": backend.assistant()}
    run: Json = {"action": "run-assistant", **ids, "message": "/say once", "requestId": "r1"}
    backend.proxy.inject(LOST, method=CHANGE, skip=skip, times=1)
    assert backend.call(**run)["statusCode"] in (200, 502)
    assert backend.data(**run)["response"] == "once"
    assert read_stored_texts(backend.emulator, ids["threadId"]) == [
        ("user", "/say once"),
        ("assistant", "once"),
    ]


def test_a_lost_run_that_ends_while_it_is_looked_for_is_not_started_again(backend: Backend) -> None:
    """The run ends after the messages were read and before the lock is looked at: nothing shows it then."""
    ids = {"threadId": backend.thread(), "assistantId": backend.assistant()}
    run: Json = {"action": "run-assistant", **ids, "message": "/wait 0.3\n/say once", "requestId": "r1"}
    backend.proxy.inject(LOST, method="POST", path="/(responses|runs)$", times=1)
    assert backend.call(**run)["statusCode"] == 502
    backend.proxy.heal()

    def when_it_has_ended(answer: Answer) -> Answer:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while len(read_stored_texts(backend.emulator, ids["threadId"])) < 2 and time.monotonic() < give_up:
            time.sleep(0.005)
        return answer

    late = Fault("late", carried_out=True, change=when_it_has_ended)
    backend.proxy.inject(late, method="GET", path="order=asc", times=1)
    answer = backend.function(clock=RealClock())(**run)
    assert answer["body"]["response"] == "once", answer
    assert read_stored_texts(backend.emulator, ids["threadId"]) == [
        ("user", "/wait 0.3\n/say once"),
        ("assistant", "once"),
    ]


def test_every_message_is_sent_once_and_in_order_while_connections_are_killed() -> None:
    tally = repeat_messages(CALLS, SEED)
    assert (tally.calls, tally.wrong) == (CALLS, [])
    assert tally.killed > CALLS // 2


def test_every_run_is_started_once_while_connections_are_killed() -> None:
    tally = repeat_runs(CALLS, SEED)
    assert (tally.calls, tally.wrong) == (CALLS, [])
    assert tally.killed > CALLS // 2
