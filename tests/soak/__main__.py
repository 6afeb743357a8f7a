"""`make soak`: what takes minutes. One line for every figure; ends with 1 where one of them is not met."""

import contextlib
import io
import sys
import time
import warnings
from collections.abc import Callable

from tests.function.upstream.interleaving import play_orders
from tests.function.upstream.simultaneous import MESSAGES, RUNS, count_checked
from tests.soak.killing import kill_at_random
from tests.soak.lasting import measure_what_stays
from tests.soak.repeating import repeat_messages, repeat_runs

CALLS = 1_000
SEED = 20261123
WARM_UP, LASTING_CALLS = 500, 4_500
MAX_GROWTH_KB = 2_000
KILLS = 30
MAX_ORDERS = 2_000  # only three calls with runs have more

Figure = Callable[[], tuple[bool, str]]


def messages() -> tuple[bool, str]:
    found = repeat_messages(CALLS, SEED)
    told = f"{found.calls} messages, {found.attempts} calls, {found.killed} connections killed"
    return not found.wrong, f"{told}: {found.wrong or 'each once, in order'}"


def runs() -> tuple[bool, str]:
    found = repeat_runs(CALLS, SEED)
    told = f"{found.calls} runs, {found.attempts} calls, {found.killed} connections killed"
    return not found.wrong, f"{told}: {found.wrong or 'each once, in order'}"


def lasting() -> tuple[bool, str]:
    before, after = measure_what_stays(WARM_UP, LASTING_CALLS)
    growth = after.kilobytes - before.kilobytes
    kept = (after.files, after.threads) == (before.files, before.threads)
    told = f"{after.calls} calls in one process: memory {growth:+} KB after the first {before.calls}"
    files = f"files {before.files} -> {after.files}, threads {before.threads} -> {after.threads}"
    return growth < MAX_GROWTH_KB and kept, f"{told}, {files}"


def kills() -> tuple[bool, str]:
    found = kill_at_random(KILLS, SEED)
    told = f"{found.calls} messages under kill -9 ({found.kills['function']} times the function, "
    return not found.wrong, f"{told}{found.kills['emulator']} times the OpenAI at home): " + (
        f"{found.wrong}" if found.wrong else "each once, in order"
    )


def orders() -> tuple[bool, str]:
    """Every order of the requests of calls made at the same moment; a check that fails ends the figure."""
    count = 0
    for calls in (*MESSAGES.values(), *RUNS.values()):
        for instant in (True, False):
            count += count_checked(play_orders(calls, instant=instant, at_most=MAX_ORDERS))
    return True, f"{count} orders of the requests of two and three calls at once: each done once"


FIGURES: tuple[Figure, ...] = (orders, messages, runs, lasting, kills)


def main() -> int:
    """All figures, each told as soon as it is known."""
    all_met = True
    for figure in FIGURES:
        begun = time.monotonic()
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # the function's log
            warnings.simplefilter("ignore", DeprecationWarning)  # every method of the SDK's Assistants warns
            met, told = figure()
        all_met &= met
        seconds = round(time.monotonic() - begun)
        print(f"{'ok  ' if met else 'NOT '} {told} ({seconds} s)", flush=True)
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
