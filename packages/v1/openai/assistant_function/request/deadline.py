"""The time that one call has left."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Deadline:
    """A point in time, in seconds from now; clock and sleep are passed in."""

    def __init__(
        self,
        seconds: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.now, self._sleep = now, sleep
        self._at = now() + seconds

    def left(self) -> float:
        """Seconds, never below 0."""
        return max(0.0, self._at - self.now())

    def within(self, seconds: float) -> "Deadline":
        """This deadline, or the one in so many seconds where that is earlier."""
        return Deadline(min(seconds, self.left()), self.now, self._sleep)

    @contextmanager
    def narrowed(self, earlier: "Deadline") -> Iterator[None]:
        """For all who hold this deadline it is the earlier one until the block is left."""
        kept, self._at = self._at, min(self._at, earlier._at)
        try:
            yield
        finally:
            self._at = kept

    def sleep(self, seconds: float) -> None:
        """Sleeps, but not past the deadline."""
        self._sleep(min(seconds, self.left()))
