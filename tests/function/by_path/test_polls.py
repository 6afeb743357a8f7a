"""Polls of a run that goes on: held for a moment, and told when to come again."""

import httpx2
import pytest

from tests.fake_upstream import Upstream, answer_always, answer_run, error, v2_run
from tests.invoke import EPOCH_SECONDS, FakeClock, Json

POLL = ("GET", "/threads/thread_1/runs/run_1")
HOLD_SECONDS = 2.0


def end_at(seconds: float, status: str = "completed", *, begun: float = 0.0) -> Upstream:
    """A run that began so many seconds after the epoch of the tests, and ends at that time of the clock."""

    def run(now: float) -> httpx2.Response:
        created_at = int(EPOCH_SECONDS + begun)
        body = v2_run(status if now >= seconds else "in_progress", created_at=created_at)
        return httpx2.Response(200, json=body)

    return answer_run(run, clock=FakeClock())


@pytest.mark.parametrize(
    "status", ["completed", "requires_action", "failed", "cancelled", "incomplete", "expired"]
)
def test_a_run_that_has_ended_is_told_at_once(status: str) -> None:
    upstream = end_at(0.0, status)
    answer = upstream.function().ask(*POLL)
    assert (answer["body"]["status"], upstream.clock.pauses, len(upstream.seen)) == (status, [], 1)
    assert "openai-poll-after-ms" not in answer["headers"]


def test_a_run_that_ends_within_a_moment_saves_the_next_poll() -> None:
    upstream = end_at(1.0)
    answer = upstream.function().ask(*POLL)
    assert answer["body"]["status"] == "completed"
    assert upstream.clock.seconds < 1.2
    assert "openai-poll-after-ms" not in answer["headers"]


@pytest.mark.parametrize(("age", "milliseconds"), [(0, "200"), (5, "500"), (60, "2000")])
def test_a_run_that_goes_on_is_told_with_the_pause_to_make(age: int, milliseconds: str) -> None:
    upstream = end_at(100.0, begun=-age)
    answer = upstream.function().ask(*POLL)
    assert answer["body"]["status"] == "in_progress"
    assert answer["headers"]["openai-poll-after-ms"] == milliseconds
    assert upstream.clock.seconds == pytest.approx(HOLD_SECONDS)
    assert len(upstream.seen) <= (15 if age == 0 else 9)


def test_a_poll_that_fails_while_it_is_held_is_forgotten() -> None:
    answers = iter(
        [httpx2.Response(200, json=v2_run("queued", created_at=int(EPOCH_SECONDS))), *[error(500)] * 3]
    )
    ended = httpx2.Response(200, json=v2_run("completed"))
    upstream = Upstream(lambda _: next(answers, ended))
    assert upstream.function().ask(*POLL)["body"]["status"] == "completed"


@pytest.mark.parametrize("body", [{"object": "thread.run"}, v2_run() | {"status": 5}])
def test_what_is_no_run_is_answered_as_it_is(body: Json) -> None:
    upstream = answer_always(200, body)
    assert upstream.function().ask(*POLL)["body"] == body
    assert len(upstream.seen) == 1


def test_a_list_of_runs_is_not_held() -> None:
    upstream = answer_always(200, {"object": "list", "data": [v2_run("in_progress")]})
    upstream.function().ask("GET", "/threads/thread_1/runs")
    assert len(upstream.seen) == 1
