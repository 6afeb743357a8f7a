"""Waiting: how long after a run's end its answer is out, and how many requests that takes."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import NamedTuple
from urllib.request import urlopen

from benchmarks import upstream
from benchmarks.cold_start import OURS, PLAIN
from benchmarks.report import Part, Row

LENGTHS_SECONDS = (0.3, 1.0, 2.0, 5.0, 10.0, 20.0)
MOST_JITTER_SECONDS = 0.5  # half of the pause between the SDK's polls: its ends fall anywhere between two
JITTER_SHARE = 0.5  # of a run's length, where that is less

TITLE = "Waiting"
HOW = (
    "`run-assistant`, plain with the SDK's `create_and_poll`: how long after the end of a run its answer is "
    "out, messages included, and how many requests that takes. A local server of Assistants v2 ends the runs "
    "at set times, spread evenly over up to half a second around the given lengths, the same for both; it "
    "streams the runs of those who ask for that."
)


class Wait(NamedTuple):
    """One run: how late its answer was, how many requests it took, and its length in seconds."""

    late_seconds: float
    requests: int
    length: float


def measure(runs: int) -> Part:
    """As many runs of every length on either side, most of them at the same time."""
    with upstream.running() as url, ThreadPoolExecutor(2 * runs) as lanes:
        all_warm = Barrier(2 * runs)
        sides = [
            [lanes.submit(run_lane, folder, number, all_warm, url) for number in range(runs)]
            for folder in (PLAIN, OURS)
        ]
        plain, ours = ([wait for lane in side for wait in lane.result()] for side in sides)
        return Part(TITLE, HOW, rows(plain, ours))


def rows(plain: list[Wait], ours: list[Wait]) -> list[Row]:
    """How late and how many requests for every length, and how late over all."""
    found = []
    for length in LENGTHS_SECONDS:
        late, requests = zip(*(columns(side, length) for side in (plain, ours)), strict=True)
        found += [Row(f"{length:g} s: late by", "ms", *late), Row(f"{length:g} s: requests", "", *requests)]
    late_by = [[wait.late_seconds * 1000 for wait in side] for side in (plain, ours)]
    return [*found, Row("all: late by", "ms", *late_by)]


def columns(side: list[Wait], length: float) -> tuple[list[float], list[float]]:
    """Milliseconds late and requests of the runs of about this length."""
    chosen = [wait for wait in side if abs(wait.length - length) <= jitter(length)]
    return [wait.late_seconds * 1000 for wait in chosen], [float(wait.requests) for wait in chosen]


def jitter(length: float) -> float:
    """How much shorter or longer a run may be."""
    return min(MOST_JITTER_SECONDS, JITTER_SHARE * length)


def run_lane(folder: Path, number: int, all_warm: Barrier, url: str) -> list[Wait]:
    """One run of every length, one after the other in one process; each lane begins with another.

    None begins before all processes have made a first call: loading the SDK is another part's matter."""
    start = number % len(LENGTHS_SECONDS)
    place = (number + 0.5) / (all_warm.parties // 2) * 2 - 1  # of this lane between -1 and 1
    environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url, "ASSISTANTS_BACKEND": "native"}
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.waiting_process", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        lengths = LENGTHS_SECONDS[start:] + LENGTHS_SECONDS[:start]
        name = f"{folder.parents[2].name}-{number}"
        waited(process, 0.0, name, url)
        all_warm.wait()
        return [waited(process, length + place * jitter(length), name, url) for length in lengths]


def waited(process: "subprocess.Popen[str]", length: float, name: str, url: str) -> Wait:
    """One run of so many seconds."""
    assert process.stdin is not None
    assert process.stdout is not None
    thread_id = f"thread_{length * 1000:.0f}_{name}"
    print(json.dumps({"threadId": thread_id}), file=process.stdin, flush=True)
    out = float(process.stdout.readline())
    with urlopen(f"{url}/measured/{thread_id}") as answer:  # noqa: S310 (an address of our own)
        run = json.load(answer)
    return Wait(out - run["ended"], run["requests"], length)
