"""The report of the benchmarks: medians, spread, ratio; and the upstream whose runs end when they should."""

import time

import httpx2
import pytest

from assistants_transport.event_stream import read_events
from benchmarks import upstream
from benchmarks.report import Part, Row, decimals, markdown, spread


def test_a_row_shows_medians_spread_and_their_ratio() -> None:
    report = markdown([Part("Title", "How.", [Row("import", "s", [2.0, 4.0, 3.0], [1.5, 0.5, 1.0])])])
    assert "| | plain | this function | ratio |" in report
    assert "| import | 3 s (2 to 4) | 1.00 s (0.50 to 1.50) | 0.33 |" in report


def test_a_part_names_what_it_is_compared_with() -> None:
    report = markdown([Part("Title", "How.", [Row("calls", "", [1.0], [1.0])], "the SDK's call")])
    assert "| | the SDK's call | this function | ratio |" in report
    assert "| calls | 1 | 1 | 1.00 |" in report


@pytest.mark.parametrize(("values", "digits"), [([3.0], 0), ([1.234], 2), ([12.34], 1), ([1234.5], 0)])
def test_three_digits_are_shown(values: list[float], digits: int) -> None:
    assert decimals(values) == digits


def test_equal_values_have_no_spread() -> None:
    assert spread([1.5, 1.5], "MB") == "1.50 MB"


def test_a_run_ends_when_its_thread_says_and_its_requests_are_counted() -> None:
    with upstream.running() as url, httpx2.Client(base_url=url) as client:
        begun = time.time()
        assert client.post("/threads/thread_150_a/runs", json={}).json()["status"] == "in_progress"
        status, requests = "in_progress", 1
        while status == "in_progress":
            status = client.get("/threads/thread_150_a/runs/run_thread_150_a").json()["status"]
            requests += 1
        assert (status, time.time() - begun >= 0.15) == ("completed", True)
        measured = client.get("/measured/thread_150_a").json()
        assert measured["ended"] == pytest.approx(begun + 0.15, abs=1)
        assert measured["requests"] == requests
        assert client.get("/connections").json() == {"connections": 1}


def test_a_streamed_run_is_told_until_it_ends() -> None:
    with upstream.running() as url, httpx2.Client(base_url=url) as client:
        begun = time.time()
        answer = client.post("/threads/thread_150_b/runs", json={"stream": True})
        assert time.time() - begun >= 0.15
        names = [event.name for event in read_events([answer.content])]
        assert [names[0], *names[-2:]] == ["thread.run.created", "thread.run.completed", "done"]
        assert client.get("/measured/thread_150_b").json()["requests"] == 1
