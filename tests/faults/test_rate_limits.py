"""429: waited for where the call's time allows it, and else told with OpenAI's own Retry-After."""

import pytest

from tests.backends import Backend
from tests.faults.calls import make_call
from tests.faults.proxy import status
from tests.invoke import Context, HastyClock, Json

REASON = b'{"error": {"message": "Slow down.", "type": "requests", "param": null, "code": "rate_limit"}}'
SECONDS = 20.0
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


def call_twice_limited(backend: Backend, params: Json, **headers: str) -> tuple[Json, list[float], int]:
    """Calls while the next two requests are refused with 429; returns answer, pauses, number of requests."""
    clock, already = HastyClock(), len(backend.proxy.seen)
    backend.proxy.inject(status(429, REASON, **headers), times=2)
    answer = backend.function(clock=clock).main(params, Context(SECONDS * 1000))
    backend.proxy.heal()
    return answer, clock.pauses, len(backend.proxy.seen) - already


@pytest.mark.parametrize("action", ["get-thread", "send-message"])
def test_retry_after_in_seconds_is_waited_for(backend: Backend, action: str) -> None:
    answer, pauses, requests = call_twice_limited(backend, make_call(action, backend), retry_after="3")
    assert (answer["statusCode"], pauses, requests) == (200, [3.0, 3.0], 3)


@pytest.mark.parametrize("given", [{}, {"retry_after": "0"}, {"retry_after": "soon"}, {"retry_after": "-5"}])
def test_without_a_sane_retry_after_the_pauses_are_short(backend: Backend, given: dict[str, str]) -> None:
    answer, pauses, requests = call_twice_limited(backend, make_call("send-message", backend), **given)
    assert (answer["statusCode"], pauses, requests) == (200, [0.25, 0.5], 3)


@pytest.mark.parametrize("value", ["19", "3600", "9" * 12, "9" * 400, DATE])
def test_a_retry_after_beyond_the_time_is_told_at_once(backend: Backend, value: str) -> None:
    answer, pauses, requests = call_twice_limited(
        backend, make_call("send-message", backend), retry_after=value
    )
    assert (answer["statusCode"], pauses, requests) == (429, [], 1)
    passed_on = value if value in ("19", "3600", DATE) else None
    assert answer["headers"].get("Retry-After") == passed_on
    assert answer["body"]["error"] == "OpenAI's rate limit or quota is used up: Slow down."


def test_all_waits_of_one_call_share_its_time(backend: Backend) -> None:
    params = make_call("run-assistant", backend)
    clock = HastyClock()
    begun = clock.now()
    backend.proxy.inject(status(429, REASON, retry_after="4"), path="/(items|messages|responses|runs)$")
    backend.proxy.inject(status(503), method="GET")
    answer = backend.function(clock=clock).main(params, Context(SECONDS * 1000))
    assert answer["statusCode"] == 429
    assert clock.now() - begun < SECONDS
