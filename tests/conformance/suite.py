"""Runs OpenAI's suite against a server, and reads how each of its tests ended."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".local" / "conformance"  # `make conformance` puts it there
FOLDER = "tests/api_resources/beta"
OURS = ("test_assistants.py", "test_threads.py", "threads")

MADE_ID = re.compile(r"\b(asst|thread|msg|run|step|call)_[0-9A-Za-z]{16,}")


class Refusal(NamedTuple):
    """A 400 of the transport that names a field, or an endpoint where `field` is empty."""

    field: str
    reason: str


class Request(NamedTuple):
    """A request as the suite sends it; its path has the query and the suite's dummies."""

    method: str
    path: str
    body: Any = None


class Outcome(NamedTuple):
    """How one test ended: `end` is passed, refused or failing. A refusal comes with its request."""

    test: str
    end: str
    refusal: Refusal | None = None
    request: Request | None = None
    failure: str = ""


def run_suite(url: str) -> list[Outcome]:
    """Runs the tests of Assistants v2, sync and async, in the order of the suite."""
    notes = INSTALLED / "outcomes.jsonl"
    notes.unlink(missing_ok=True)
    tests = [f"{FOLDER}/{name}" for name in OURS]
    run_pytest("-q", "--tb=line", *tests, notes=notes, url=url)
    with notes.open(encoding="utf-8") as lines:
        return [read_outcome(json.loads(line)) for line in lines]


def count_other_tests() -> Counter[str]:
    """Counts the tests of other APIs in the suite's folder, by the name of the API."""
    ignored = [f"--ignore={FOLDER}/{name}" for name in OURS]
    listed = run_pytest("-q", "--collect-only", FOLDER, *ignored, notes=Path(os.devnull), url="")
    paths = [line.removeprefix(f"{FOLDER}/") for line in listed.splitlines() if "::" in line]
    return Counter(
        path.split("/")[0].split("::")[0].removeprefix("test_").removesuffix(".py") for path in paths
    )


def run_pytest(*arguments: str, notes: Path, url: str) -> str:
    """Runs the suite's pytest with its own settings, one process, and returns what it printed.

    Raises RuntimeError if it did not get as far as running tests."""
    (source,) = (one for one in INSTALLED.glob("openai-*") if one.is_dir())
    settings = ["-o", "addopts=", "-p", "outcome_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *settings, *arguments],
        cwd=source,
        env=os.environ
        | {
            "PYTHONPATH": f"{INSTALLED / 'packages'}{os.pathsep}{HERE}",
            "CONFORMANCE_OUTCOMES": str(notes),
            "TEST_API_BASE_URL": url,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):  # all tests passed, or some did not
        raise RuntimeError(f"OpenAI's suite could not be run:\n{done.stdout}{done.stderr}")
    return done.stdout


def read_outcome(note: Mapping[str, Any]) -> Outcome:
    """Reads a line that outcome_plugin.py wrote."""
    test, end = note["test"].removeprefix(f"{FOLDER}/"), note["end"]
    if end == "refused":
        refusal = Refusal(note["field"] or "", hide_ids(note["reason"]))
        return Outcome(test, end, refusal, Request(**note["request"]))
    return Outcome(test, end, failure=hide_ids(note.get("reason", "")))


def hide_ids(text: str) -> str:
    """A text without the ids that were made for one request: they are others at every run."""
    return MADE_ID.sub(r"\1_…", text)
