"""The quick part of `make soak`: the same measurements, with fewer calls."""

from tests.soak.killing import kill_at_random
from tests.soak.lasting import measure_what_stays

WARM_UP, CALLS = 200, 300
MAX_GROWTH_KB = 1_000


def test_calls_leave_nothing_behind() -> None:
    before, after = measure_what_stays(WARM_UP, CALLS)
    assert after.calls == WARM_UP + CALLS
    assert after.kilobytes - before.kilobytes < MAX_GROWTH_KB
    assert (after.files, after.threads) == (before.files, before.threads)


def test_kill_9_of_function_and_emulator_loses_and_doubles_nothing() -> None:
    survived = kill_at_random(kills=2, seed=1)
    assert survived.kills == {"function": 1, "emulator": 1}
    assert survived.wrong == []
    assert survived.calls > 1
