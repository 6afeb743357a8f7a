"""Writes docs/conformance.md: how the tests of OpenAI's suite ended, and reads the refusals back from it."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.conformance.suite import Outcome, Refusal, Request

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
ENDS = {"passed": "passed", "refused": "refused by name", "failing": "failing"}
HEAD = """# Conformance

How OpenAI's own tests of Assistants v2, sync and async, end against the transport, and against the function
[by path](by-path.md). They come with the source distribution of the openai package; `make conformance`
runs them over a socket, the emulator behind both, and writes this page. Nothing in them is changed. On the
way their dummies (`thread_id`, a page of 0 objects, a tool output that names no call) become objects that
exist.

A test is *refused by name* if the transport answers 400 and says which field or which endpoint today's OpenAI
has no place for; where a request has several such fields, that is the first of them. A test is *failing* if
it ends in any other way than it should.
"""
TEST_NAME = re.compile(
    r"test_(?:method|raw_response|streaming_response|path_params)_"
    r"(?P<method>\w+?)(?:_with_all_params)?(?:_overload_(?P<overload>\d))?"
)


def write_page(
    outcomes: list[Outcome],
    requests: Mapping[Refusal, Request],
    others: Mapping[str, int],
    by_path: list[Outcome],
    problems: Mapping[str, str | None],
) -> str:
    """The page; `requests` has one for every refusal, `others` counts the tests of other APIs, `problems` are
    what went wrong with each SDK and framework, if anything."""
    refused = Counter(outcome.refusal for outcome in outcomes if outcome.refusal)
    order = sorted(refused, key=lambda refusal: (-refused[refusal], refusal))
    numbers = {refusal: number for number, refusal in enumerate(order, start=1)}
    parts = [
        HEAD,
        write_table(["tests", *ENDS.values()], [[len(outcomes), *count_ends(outcomes)]]),
        write_table(["tests by path", *ENDS.values()], [[len(by_path), *count_ends(by_path)]]),
        "## Other SDKs and frameworks\n\nPrograms that call a function of their own on the way, by path.\n",
        write_table(
            ["program", "end"], [[title, "failing" if bad else "passed"] for title, bad in problems.items()]
        ),
        "## By method\n\nThe last column says which refusals these are, by their number in the next table.\n",
        write_table(["method", "tests", *ENDS.values(), "refusals"], list_methods(outcomes, numbers)),
        "## What is refused\n\nEach with the least of a request that meets it, as the suite would send it.\n",
        write_table(
            ["number", "field", "tests", "reason", "request"],
            [
                [
                    numbers[one],
                    f"`{one.field}`" if one.field else "",
                    refused[one],
                    one.reason,
                    show(requests[one]),
                ]
                for one in order
            ],
        ),
        "## What fails\n",
        list_failures([*outcomes, *by_path]),
        "## What is not run\n\nTests of other APIs in the suite's folder, which are not carried:\n"
        + ", ".join(f"{api} ({count})" for api, count in sorted(others.items()))
        + ".\n",
    ]
    return "\n".join(parts)


def count_ends(outcomes: Iterable[Outcome]) -> list[int]:
    counts = Counter(outcome.end for outcome in outcomes)
    return [counts[end] for end in ENDS]


def list_methods(outcomes: Iterable[Outcome], numbers: Mapping[Refusal, int]) -> list[list[object]]:
    """A row for each method of the SDK, in the order of the suite."""
    by_method: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_method.setdefault(name_method(outcome.test), []).append(outcome)
    rows: list[list[object]] = []
    for method, found in sorted(by_method.items()):
        met = sorted({numbers[outcome.refusal] for outcome in found if outcome.refusal})
        rows.append([f"`{method}`", len(found), *count_ends(found), ", ".join(map(str, met))])
    return rows


def list_failures(outcomes: Iterable[Outcome]) -> str:
    """A table of the failures, or a word that there are none."""
    failures = Counter(
        (name_method(outcome.test), outcome.failure) for outcome in outcomes if outcome.end == "failing"
    )
    if not failures:
        return "Nothing.\n"
    rows: list[list[object]] = [
        [f"`{method}`", tests, failure] for (method, failure), tests in sorted(failures.items())
    ]
    return write_table(["method", "tests", "what the test said"], rows)


def name_method(test: str) -> str:
    """`threads/test_runs.py::TestRuns::test_method_create[loose]` -> `threads.runs.create()`."""
    path, _, name = test.partition("::")
    found = TEST_NAME.fullmatch(name.split("::")[-1].split("[")[0])
    resource = path.replace("test_", "").removesuffix(".py").replace("/", ".")
    if found is None:
        raise ValueError(f"the suite names its tests in another way: {test}")
    # where the suite has overloads, those behind the first are for streams
    stream = "stream=True" if (found["overload"] or "1") != "1" else ""
    return f"{resource}.{found['method']}({stream})"


def write_table(heads: list[str], rows: list[list[object]]) -> str:
    """A table in Markdown; numbers stand to the right."""
    marks = ["---:" if rows and isinstance(cell, int) else "---" for cell in (rows[0] if rows else heads)]
    lines = [heads, marks, *([escape(str(cell)) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def escape(cell: str) -> str:
    """The text in one line, without the character that ends a cell."""
    return " ".join(cell.split()).replace("|", "\\|")


def show(request: Request) -> str:
    body = "" if request.body is None else " " + json.dumps(request.body)
    return f"`{request.method} {request.path}{body}`"


def read_refusals(page: str) -> list[tuple[Request, Refusal]]:
    """The refusals that a page shows, each with its request."""
    found = []
    for line in page.split("## What is refused")[1].split("## What fails")[0].splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0].isdigit():
            _, field, _, reason, request = cells
            method, path, *body = request.strip("`").split(" ", 2)
            asked = Request(method, path, json.loads(body[0]) if body else None)
            found.append((asked, Refusal(field.strip("`"), reason)))
    return found
