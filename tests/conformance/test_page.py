"""docs/conformance.md says what the transport does; `make conformance` writes it anew."""

import re
from collections.abc import Iterator

import pytest

from tests.conformance.page import PAGE, name_method, read_refusals, write_page
from tests.conformance.shortening import ask, leave_out_each_part
from tests.conformance.stand_ins import start_suite_server
from tests.conformance.suite import Outcome, Refusal, Request, hide_ids
from tests.docs.pages import ROOT, Page

WRITTEN = Page(PAGE)
pytestmark = pytest.mark.filterwarnings("ignore:(deprecated$|The Assistants API):DeprecationWarning")
ANEW = "docs/conformance.md is out of date: make conformance"
STREAM = Refusal("stream", "there | are no streams")
STREAMED = Request("POST", "/threads/thread_id/runs", {"stream": True})
OUTCOMES = [
    Outcome("threads/test_runs.py::TestRuns::test_method_create_overload_1[loose]", "passed"),
    Outcome(
        "threads/test_runs.py::TestRuns::test_method_create_overload_2[loose]", "refused", STREAM, STREAMED
    ),
    Outcome("test_threads.py::TestThreads::test_method_retrieve[loose]", "failing", failure="it\nis 3"),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start_suite_server() as server:
        yield server.url


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        pytest.param(*one, id=f"{one[0].method} {one[0].path}, {one[1].field}")
        for one in read_refusals(WRITTEN.text)
    ],
)
def test_what_the_page_says_is_refused_is_refused_in_these_words(
    url: str, request_: Request, refusal: Refusal
) -> None:
    assert ask(url, request_) == refusal, ANEW


def test_the_suite_is_that_of_the_deployed_sdk() -> None:
    deployed = (ROOT / "packages" / "v1" / "openai" / "requirements.txt").read_text(encoding="utf-8")
    suite = (ROOT / "tests" / "conformance" / "suite.txt").read_text(encoding="utf-8")
    assert re.findall(r"^openai==\S+", suite, re.MULTILINE) == re.findall(
        r"^openai==\S+", deployed, re.MULTILINE
    )


def test_the_figures_of_the_page_agree() -> None:
    ((tests, *ends),) = WRITTEN.table("tests")
    methods = WRITTEN.table("method")
    assert [sum(int(row[column]) for row in methods) for column in range(1, 5)] == [
        int(tests),
        *map(int, ends),
    ]
    assert sum(map(int, ends)) == int(tests)
    refused = WRITTEN.text.split("## What is refused")[1].split("## What fails")[0]
    assert refused.count("\n| ") - 2 == len(read_refusals(WRITTEN.text))


def test_nothing_gets_lost_on_the_way_by_path() -> None:
    assert WRITTEN.table("tests by path") == WRITTEN.table("tests")
    assert {row[1] for row in WRITTEN.table("program")} == {"passed"}


def test_a_page_counts_the_ends_of_each_method_and_gives_refusals_and_failures_their_words() -> None:
    programs = {"A good SDK": None, "A bad one": "Traceback"}
    page = write_page(OUTCOMES, {STREAM: STREAMED}, {"chatkit": 7, "agents": 8}, OUTCOMES[:1], programs)
    assert "| 3 | 1 | 1 | 1 |" in page
    assert "| `threads.runs.create()` | 1 | 1 | 0 | 0 |  |" in page
    assert "| `threads.runs.create(stream=True)` | 1 | 0 | 1 | 0 | 1 |" in page
    assert "| `threads.retrieve()` | 1 | it is 3 |" in page
    assert "| 1 | 1 | 0 | 0 |" in page
    assert "| A good SDK | passed |\n| A bad one | failing |" in page
    assert page.endswith("agents (8), chatkit (7).\n")
    assert read_refusals(page) == [(STREAMED, STREAM)]


def test_a_page_without_failures_says_so() -> None:
    assert "## What fails\n\nNothing.\n" in write_page(OUTCOMES[:1], {}, {}, [], {})


def test_a_suite_that_names_its_tests_in_another_way_is_noticed() -> None:
    with pytest.raises(ValueError, match="another way"):
        name_method("test_threads.py::TestThreads::test_something_new")


def test_the_words_of_a_refusal_hold_no_id_that_the_next_run_would_make_anew() -> None:
    assert hide_ids("GET /threads/thread_0123456789abcdef01/runs") == "GET /threads/thread_…/runs"


def test_a_request_is_shortened_by_whole_parts_first() -> None:
    assert list(leave_out_each_part({"a": [1], "b": 2})) == [{"b": 2}, {"a": [1]}, {"a": [], "b": 2}]


def test_a_request_with_dummies_is_answered_with_objects_that_exist(url: str) -> None:
    assert ask(url, Request("GET", "/threads/thread_id/messages/message_id")) is None
    limited = {"assistant_id": "assistant_id", "max_prompt_tokens": 256}
    assert ask(url, Request("POST", "/threads/thread_id/runs", limited)) is not None
