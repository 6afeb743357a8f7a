"""Polling: follows a run to its end or to the deadline."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant_function.errors import PASSING
from assistant_function.request.deadline import Deadline

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

ENDED = ("completed", "requires_action", "incomplete", "failed", "cancelled", "expired")
POLL_FLOOR_SECONDS = 0.15
# How late an end is noticed at most, as a share of the run's age. 0.05 takes 63 polls in 27 s, 60 are to do.
POLL_SHARE_OF_AGE = 0.0535
MIN_ADVICE_SECONDS = 0.01  # a server's advice of 0 would have us ask without a pause

Fetch = Callable[[], "tuple[v2.Run, float | None]"]


def has_ended(run: "v2.Run") -> bool:
    """Whether nothing more will happen by itself. A status that nobody has heard of counts as going on."""
    return run["status"] in ENDED


def poll_until_ended(run: "v2.Run", fetch: Fetch, deadline: Deadline, age: float = 0.0) -> "v2.Run":
    """Returns the run in its last known state: ended, or still going on at the deadline.

    `age` of the run in seconds, where it began before this call.

    `fetch` gives the run and the pause in seconds that the server advises, or None. A poll that fails in
    passing ends nothing, for the run itself goes on."""
    begun, advised = deadline.now() - age, None
    while not has_ended(run) and deadline.left() > 0:
        deadline.sleep(pause_seconds(deadline.now() - begun, advised))
        try:
            run, advised = fetch()
        except PASSING:
            continue
    return run


def pause_seconds(age: float, advised: float | None = None) -> float:
    """The pause after a poll at this age of the run; the server's advice counts where it is shorter."""
    # The next poll is at age + pause, and the share is measured there.
    pause = max(POLL_FLOOR_SECONDS, age * POLL_SHARE_OF_AGE / (1 - POLL_SHARE_OF_AGE))
    return pause if advised is None else min(pause, max(advised, MIN_ADVICE_SECONDS))
