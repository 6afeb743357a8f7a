"""OpenAI's SDK for Node as it is, on the function's URL, in both backends."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from local import devhost
from local.emulator.server import Emulator
from tests.backends import BACKENDS, open_backend

FUNCTION = Path(__file__).parents[2] / "packages" / "v1" / "openai"
PROGRAM = Path(__file__).parent / "node" / "assistants.mjs"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_program_for_node_sees_what_it_saw_before(openai_at_home: Emulator, backend: str) -> None:
    with open_backend(backend, openai_at_home) as upstream:
        settings = upstream.settings | {"OPENAI_API_KEY": "k"}
        with devhost.serve(FUNCTION, settings, log=lambda _: None) as host:
            environment = {"OPENAI_BASE_URL": host.url, "OPENAI_API_KEY": "any", "PATH": os.environ["PATH"]}
            done = subprocess.run(
                ["node", PROGRAM], env=environment, capture_output=True, text=True, timeout=60, check=False
            )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert "output: cloudy" in seen.pop("text")
    assert seen == {
        "pages": [f"number {number}" for number in range(1, 6)],
        "waits": "requires_action",
        "polled": "completed",
        "steps": ["tool_calls", "message_creation"],
        "streamed": "completed",
        "both": ["Hi there"],
        "missing": ["NotFoundError", 404],
        "invalid": ["BadRequestError", 400],
        "deleted": True,
    }
