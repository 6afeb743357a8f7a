"""The typed client of docs/typed-client.md: generated, type-checked, and run."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.invoke import Json

PAGE = Path(__file__).parents[3] / "docs" / "typed-client.md"
TOOLS = Path(__file__).with_name("node_modules") / ".bin"
STRICT = ["--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
URL = "http://localhost:8080/api/v1/web/fn-local/v1/openai"
WRONG = """
// @ts-expect-error: no such action
await call({ action: "dance" });
// @ts-expect-error: a message is needed
await call({ action: "chat", assistantId });
// @ts-expect-error: a name or instructions are needed
await call({ action: "create-assistant", model: "m" });
// @ts-expect-error: get-thread has no limit
await call({ action: "get-thread", threadId, limit: 1 });
// @ts-expect-error: a number
await call({ action: "list-messages", threadId, limit: "many" });
// @ts-expect-error: one of two
await call({ action: "send-message", threadId, message: "hi", role: "system" });
// @ts-expect-error: a thread has no response
(await call({ action: "get-thread", threadId })).response;
// @ts-expect-error: it may be null
(await call({ action: "get-run", threadId, runId: "run_1" })).data.response.length;
"""


@pytest.fixture(scope="module")
def example(description: Json, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's example and the generated types, made as the page says."""
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "openapi.json").write_text(json.dumps(description))
    run(TOOLS / "openapi-typescript", "openapi.json", "-o", "openai.d.ts", folder=folder)
    (found,) = re.findall(r"```typescript\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (folder / "example.ts").write_text(found)
    return folder


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_pages_example_fits_the_generated_types_and_runs(example: Path, url: str) -> None:
    run(TOOLS / "tsc", *STRICT, "example.ts", folder=example)
    script = (example / "example.js").read_text().replace(URL, url)
    (example / "example.mjs").write_text(script)
    assert "user: Hello" in run("node", "example.mjs", folder=example)


def test_the_types_refuse_wrong_calls(example: Path) -> None:
    (example / "wrong.ts").write_text((example / "example.ts").read_text() + WRONG)
    run(TOOLS / "tsc", *STRICT, "--noEmit", "wrong.ts", folder=example)
