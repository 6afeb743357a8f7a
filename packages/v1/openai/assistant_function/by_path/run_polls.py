"""Polls of a run that goes on: held for a moment, because an end that comes by then saves the next poll."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant_function.errors import InvalidUpstreamResponse
from assistant_function.request.deadline import Deadline
from assistant_function.upstream.following import has_ended, poll_until_ended
from assistant_function.upstream.objects import read_run

if TYPE_CHECKING:
    import httpx2

    from assistants_transport import v2_objects as v2

POLL = "GET /threads/{thread_id}/runs/{run_id}"
HOLD_SECONDS = 2.0
MAX_POLLED_AGE_SECONDS = 5.0  # an older run is asked after as often, or its end would not be seen while held
# What the SDKs' helpers are told to wait before the next poll; untold they wait a second. It grows with the
# run: so the end of a short run is seen at once, and a long run is asked after seldom.
PAUSE_SHARE_OF_AGE = 0.1
MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.2, 2.0


def hold(
    response: "httpx2.Response", ask: Callable[[], "httpx2.Response"], deadline: Deadline, wall_time: float
) -> "httpx2.Response":
    """The latest answer to the poll, with the pause that is advised where the run still goes on."""
    try:
        run = read_run(response.content)
    except InvalidUpstreamResponse:
        return response
    if has_ended(run):
        return response
    latest = response

    def fetch() -> "tuple[v2.Run, None]":
        nonlocal latest
        answer = ask()
        found = read_run(answer.content)
        latest = answer
        return found, None

    age = max(0.0, wall_time - (run.get("created_at") or wall_time))
    begun = deadline.now() - min(age, MAX_POLLED_AGE_SECONDS)
    if not has_ended(poll_until_ended(run, fetch, deadline.within(HOLD_SECONDS), begun)):
        pause = min(max(age * PAUSE_SHARE_OF_AGE, MIN_PAUSE_SECONDS), MAX_PAUSE_SECONDS)
        latest.headers["openai-poll-after-ms"] = str(round(pause * 1000))
    return latest
