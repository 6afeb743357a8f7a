"""Everything in the README is run: its calls, its answers, its workflow, its tables."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant_function.actions import ACTIONS
from local import devhost
from local.emulator.server import start_emulator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SHOWN_URL = "http://localhost:8080/api/v1/web/fn-local/v1/openai"
PLACEHOLDERS = {"assistantId": r"asst_\w+", "threadId": r"thread_\w+"}

Json = dict[str, Any]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def table(first_column: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading, cells as text."""
    rows = README.split(f"| {first_column} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The function on devhost, over the emulator."""
    with start_emulator() as emulator:
        settings = {"OPENAI_API_KEY": "local-key", "OPENAI_BASE_URL": emulator.url}
        with devhost.serve(ROOT / "packages/v1/openai", settings, log=lambda _: None) as host:
            yield host.url


class Caller:
    """Runs the README's lines as they stand, with the newest ids in place of the README's."""

    def __init__(self, url: str) -> None:
        self.url, self.ids = url, dict[str, str]()

    def line(self, line: str) -> Json:
        return self.keep(shell(self.with_ids(line.replace(SHOWN_URL, self.url))))

    def with_ids(self, text: str) -> str:
        for name, pattern in PLACEHOLDERS.items():
            if name in self.ids:
                text = re.sub(rf"(?<={name}=){pattern}", self.ids[name], text)
        return text

    def keep(self, answer: Json) -> Json:
        data = answer["data"] or {}
        self.ids |= {name: data[name] for name in PLACEHOLDERS if data.get(name)}
        return answer


def shell(line: str) -> Json:
    done = subprocess.run(
        ["bash", "-c", f"{line} --silent --noproxy '*'"], capture_output=True, text=True, check=True
    )
    answer: Json = json.loads(done.stdout)
    return answer


def shape(value: Any) -> Any:
    """Keys and kinds of a JSON value; texts, numbers and ids may differ."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return type(value).__name__


def calls() -> list[tuple[str, Json | None]]:
    """The README's curl lines, each with the answer shown below it, if there is one."""
    found: list[tuple[str, Json | None]] = []
    for language, text in re.findall(r"```(bash|json)\n(.*?)```", README, re.DOTALL):
        if language == "bash":
            found += [(line, None) for line in text.splitlines()]
        else:
            found[-1] = (found[-1][0], json.loads(text))
    return found


def test_every_curl_line_answers_as_shown(url: str) -> None:
    caller = Caller(url)
    for line, shown in calls():
        answer = caller.line(line)
        assert answer["success"] is (shown is None or shown["success"]), (line, answer)
        assert shown is None or shape(answer) == shape(shown), line


def test_the_lines_cover_the_ten_actions_of_the_original() -> None:
    shown = [re.search(r"action=([a-z-]+)", line) for line, _ in calls()]
    assert set(list(ACTIONS)[:10]) <= {found.group(1) for found in shown if found}


def test_the_workflow_runs_under_node_with_its_dots_replaced_by_the_url(url: str) -> None:
    caller = Caller(url)
    caller.line(next(line for line, _ in calls() if "create-assistant" in line))
    (workflow,) = blocks("javascript")
    script = workflow.replace("...", url).replace("asst_xyz", caller.ids["assistantId"])
    script += "console.log(JSON.stringify([response, await messages.json()]));"
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True, timeout=60
    )
    response, listed = json.loads(done.stdout)
    assert "What is the weather?" in response  # the echo shows the thread that reached it
    assert [one["content"] for one in listed["data"]["messages"]] == ["What is the weather?", response]


def test_the_table_of_actions_is_the_table_that_dispatches() -> None:
    shown = {
        row[0]: set(re.findall(r"\w+", f"{row[1]} {row[2]}")) - {"or", "and", "one", "more"}
        for row in table("action")
    }
    assert shown == {name: set(action.spec.known()) for name, action in ACTIONS.items()}


def test_the_table_of_settings_is_what_is_deployed() -> None:
    deployed = re.findall(r"^ +([A-Z_]+): \"\$\{", (ROOT / "project.yml").read_text(), re.MULTILINE)
    assert [row[0] for row in table("name")] == deployed


def test_the_commands_exist() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)
    assert named
    assert set(named) <= set(targets)


def test_the_files_named_in_the_drawing_exist() -> None:
    named = re.findall(r"(?:assistant_function/|assistants_transport/|local/e)[\w/.]*", README)
    roots = (ROOT, ROOT / "packages/v1/openai")
    assert all(any((root / name).exists() for root in roots) for name in named), named
