"""Polling: a run to its end or to the deadline."""

from collections.abc import Callable

from assistant_function.errors import Json, failure
from assistant_function.request.deadline import Deadline

ENDED = ("completed", "requires_action", "incomplete", "failed", "cancelled", "expired")
POLL_FLOOR_SECONDS = 0.15
# How late an end is noticed at most, as a share of the run's age. 0.05 takes 63 polls in 27 s, 60 are to do.
POLL_SHARE_OF_AGE = 0.0535
SHORTEST_ADVICE_SECONDS = 0.01  # an advice of 0 would have us ask without a pause
PASSING_STATUSES = (429, 502, 504)

Fetch = Callable[[], tuple[Json, float | None]]


def until_ended(run: Json, fetch: Fetch, deadline: Deadline) -> Json:
    """The run in its last known state: ended, or still going on at the deadline.

    `fetch` gives the run and the pause in seconds that the server advises, or None. A status that nobody has
    heard of counts as going on. A passing failure of a poll ends nothing, for the run itself goes on."""
    begun, advised = deadline.now(), None
    while run["status"] not in ENDED and deadline.left() > 0:
        deadline.sleep(pause_seconds(deadline.now() - begun, advised))
        try:
            run, advised = fetch()
        except Exception as problem:
            if failure(problem).status not in PASSING_STATUSES:
                raise
    return run


def pause_seconds(age: float, advised: float | None = None) -> float:
    """The pause after a poll at this age of the run; the server's advice counts where it is shorter."""
    # the next poll is at age + pause: so late it may be at most, measured there
    pause = max(POLL_FLOOR_SECONDS, age * POLL_SHARE_OF_AGE / (1 - POLL_SHARE_OF_AGE))
    return pause if advised is None else min(pause, max(advised, SHORTEST_ADVICE_SECONDS))
