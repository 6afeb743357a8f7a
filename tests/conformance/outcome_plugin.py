"""A pytest plugin that OpenAI's suite is run with: notes how each test ended, a line of JSON for each.

It runs in the suite's own process, where `tests` is the suite's package: it imports nothing of ours. The
lines go to the file that CONFORMANCE_OUTCOMES names. A refusal comes with the request that was refused."""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import openai
import pytest

REFUSALS = ("unsupported_parameter", "unsupported_endpoint")
OUTCOMES = Path(os.environ["CONFORMANCE_OUTCOMES"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes the end of a test, or why it could not begin."""
    report = yield
    if call.when == "call" or not report.passed:
        error = call.excinfo.value if call.excinfo else None
        with OUTCOMES.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"test": item.nodeid, **describe_end(error)}) + "\n")
    return report


def describe_end(error: BaseException | None) -> dict[str, Any]:
    """How a test ended that raised this, or nothing."""
    if error is None:
        return {"end": "passed"}
    if isinstance(error, openai.BadRequestError) and error.code in REFUSALS:
        body: Any = error.body
        return {
            "end": "refused",
            "field": error.param,
            "reason": body["message"],
            "request": describe_request(error),
        }
    return {"end": "failing", "reason": f"{type(error).__name__}: {error}"}


def describe_request(error: openai.BadRequestError) -> dict[str, Any]:
    """The request as the suite sent it, with its dummies."""
    sent = error.request
    path = sent.url.raw_path.decode().removeprefix("/v1")
    return {"method": sent.method, "path": path, "body": json.loads(sent.content or b"null")}
