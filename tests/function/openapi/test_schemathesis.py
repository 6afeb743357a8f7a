"""schemathesis calls the function with what the description says and with what it forbids."""

import json
import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant_function.actions import ACTIONS
from assistant_function.openapi import describe
from assistant_function.request.settings import parse_settings
from tests.invoke import Json

HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
FORM = "application/x-www-form-urlencoded"
# Together they take every parameter; the others would only repeat it.
EVERY_PARAMETER = (
    *("create-assistant", "list-assistants", "create-thread", "send-message"),
    *("submit-tool-outputs", "chat", "delete-message"),
)


def describe_actions(actions: Collection[str]) -> Json:
    """Describes these actions; without the form, whose objects schemathesis cannot write."""
    found = describe.describe_actions({name: ACTIONS[name] for name in actions}, parse_settings({}))
    del found["paths"][describe.PATH]["post"]["requestBody"]["content"][FORM]
    return found


@pytest.fixture(scope="module")
def existing(url: str) -> Json:
    """The ids of an assistant, a thread and a run that exist."""

    def call(**params: Any) -> Json:
        data: Json = httpx.post(url, json=params, trust_env=False, timeout=30).json()["data"]
        return data

    assistant = call(action="create-assistant", name="a")["assistantId"]
    run = call(action="chat", assistantId=assistant, message="hi")
    ids = {name: run[name] for name in ("assistantId", "threadId", "runId")}
    return ids | {"messageId": run["messages"][0]["messageId"]}


def test_every_parameter_is_covered() -> None:
    known = {name for action in ACTIONS.values() for name in action.spec.known()}
    assert {name for action in EVERY_PARAMETER for name in ACTIONS[action].spec.known()} == known


@pytest.mark.parametrize(
    ("phase", "actions"),
    [("fuzzing", tuple(ACTIONS)), ("coverage", EVERY_PARAMETER)],
    ids=lambda value: value[:8],
)
def test_schemathesis_finds_no_failure(
    phase: str, actions: tuple[str, ...], url: str, existing: Json, tmp_path: Path
) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(describe_actions(actions)))
    program = Path(sys.executable).with_name("schemathesis")
    how = [
        f"--phases={phase}",
        "--max-examples=75",
        "--seed=1",
        "--suppress-health-check=all",
        "--warnings=off",
    ]
    environment = {
        "SCHEMATHESIS_HOOKS": str(HOOKS),
        "DESCRIPTION": str(file),
        "EXISTING": json.dumps(existing),
    }
    done = subprocess.run(
        [program, "--no-color", "run", file, f"--url={url.removesuffix(describe.PATH)}", *how],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
