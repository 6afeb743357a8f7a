"""429: waited for where the call's time allows it, and else told with OpenAI's own Retry-After."""

import pytest

from tests.faults.proxy import status
from tests.faults.room import HastyClock, Room, call_of
from tests.invoke import Context, Json

REASON = b'{"error": {"message": "Slow down.", "type": "requests", "param": null, "code": "rate_limit"}}'
SECONDS = 20.0
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


def call(room: Room, params: Json, **headers: str) -> tuple[Json, list[float], int]:
    """The answer, the pauses that were made, and how often the request went out."""
    clock, already = HastyClock(), len(room.proxy.seen)
    room.proxy.inject(status(429, REASON, **headers), times=2)
    answer = room.function(clock).main(params, Context(SECONDS * 1000))
    room.proxy.heal()
    return answer, clock.pauses, len(room.proxy.seen) - already


@pytest.mark.parametrize("action", ["get-thread", "send-message"])
def test_retry_after_in_seconds_is_waited_for(room: Room, action: str) -> None:
    answer, pauses, requests = call(room, call_of(action, room), retry_after="3")
    assert (answer["statusCode"], pauses, requests) == (200, [3.0, 3.0], 3)


@pytest.mark.parametrize("given", [{}, {"retry_after": "0"}, {"retry_after": "soon"}, {"retry_after": "-5"}])
def test_without_a_sane_one_the_pauses_are_short(room: Room, given: dict[str, str]) -> None:
    answer, pauses, requests = call(room, call_of("send-message", room), **given)
    assert (answer["statusCode"], pauses, requests) == (200, [0.25, 0.5], 3)


@pytest.mark.parametrize("value", ["19", "3600", "9" * 12, "9" * 400, DATE])
def test_more_than_there_is_time_for_is_told_at_once(room: Room, value: str) -> None:
    answer, pauses, requests = call(room, call_of("send-message", room), retry_after=value)
    assert (answer["statusCode"], pauses, requests) == (429, [], 1)
    passed_on = value if value in ("19", "3600", DATE) else None
    assert answer["headers"].get("Retry-After") == passed_on
    assert answer["body"]["error"] == "OpenAI's rate limit or quota is used up: Slow down."


def test_all_waits_of_one_call_share_its_time(room: Room) -> None:
    params = call_of("run-assistant", room)
    clock = HastyClock()
    begun = clock.now()
    room.proxy.inject(status(429, REASON, retry_after="4"), path="/(items|messages|responses|runs)$")
    room.proxy.inject(status(503), method="GET")
    answer = room.function(clock).main(params, Context(SECONDS * 1000))
    assert answer["statusCode"] == 429
    assert clock.now() - begun < SECONDS
