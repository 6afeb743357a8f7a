"""The project's papers as the tests read them: code blocks, tables, links, and the calls that they show."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

ROOT = Path(__file__).parents[2]
FUNCTION = ROOT / "packages" / "v1" / "openai"
SHOWN_URL = "http://localhost:8080/api/v1/web/fn-local/v1/openai"
PLACEHOLDERS = {
    "assistantId": r"asst_\w+",
    "threadId": r"thread_\w+",
    "runId": r"run_\w+",
    "messageId": r"msg_\w+",
    "toolCallId": r"call_\w+",
}
V2_KINDS = {
    "assistant": "assistantId",
    "thread": "threadId",
    "thread.run": "runId",
    "thread.message": "messageId",
}
# What a page says to the assistant, and what the emulator's echo model has to be told to answer in that way.
DIRECTIVES = {
    "What is the rate for 20 years": '/call get_rate {"years": 20}',
    "Write a long report": "/wait 5",
    "Tell me a story": "/pace 1\n/say Once upon a time",
    "As a bar chart": "/python draw()\n/file chart.png\n/say Here it is.",
}

Json = dict[str, Any]
Call = tuple[str, Json | None]


@dataclass(frozen=True)
class Page:
    """One Markdown file of the project."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def blocks(self, language: str) -> list[str]:
        """The code blocks that are marked with this language."""
        return re.findall(rf"^```{language}\n(.*?)^```", self.text, re.DOTALL | re.MULTILINE)

    def table(self, first_column: str) -> list[list[str]]:
        """The rows of the table whose first column has this heading, their cells as text."""
        rows = self.text.split(f"| {first_column} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
        return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]

    def calls(self) -> list[Call]:
        """The curl lines, each with the answer that is shown below it, if there is one."""
        found: list[Call] = []
        for language, block in re.findall(r"^```(bash|json)\n(.*?)^```", self.text, re.DOTALL | re.MULTILINE):
            if language == "bash":
                found += [(line, None) for line in block.replace("\\\n", " ").splitlines()]
            else:
                found[-1] = (found[-1][0], json.loads(block))
        return found

    def links(self) -> list[str]:
        """The targets of all links and pictures."""
        return re.findall(r"\]\(([^)\s]+)\)", self.without_blocks())

    def spans(self) -> list[str]:
        """What stands between single backticks."""
        return re.findall(r"`([^`\n]+)`", self.without_blocks())

    def without_blocks(self) -> str:
        return re.sub(r"^```.*?^```", "", self.text, flags=re.DOTALL | re.MULTILINE)

    def anchors(self) -> set[str]:
        """The anchors that the hosts make of the headings."""
        headings = re.findall(r"^#+ (.+)$", self.without_blocks(), re.MULTILINE)
        return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


README = Page(ROOT / "README.md")
REFERENCE = Page(ROOT / "docs" / "actions.md")
PAGES = [Page(path) for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])]


class Caller:
    """Runs a page's curl lines as they stand, with the newest ids in place of the ids that are shown."""

    def __init__(self, url: str) -> None:
        self.url, self.ids = url, dict[str, str]()

    def prepare(self) -> None:
        """Creates an assistant and a thread, for pages that do not show how these are created."""
        self.run(f'curl "{SHOWN_URL}?action=create-assistant&name=Test"')
        self.run(f'curl "{SHOWN_URL}?action=create-thread"')

    def run(self, line: str) -> Json:
        """The answer to a line; its ids are the newest from then on."""
        answer = _run_in_a_shell(with_directives(self._with_ids(line.replace(SHOWN_URL, self.url))))
        if is_by_path(line):
            self.ids |= {V2_KINDS[answer["object"]]: answer["id"]} if answer["object"] in V2_KINDS else {}
            return answer
        data = answer["data"] or {}
        self.ids |= {name: data[name] for name in PLACEHOLDERS if data.get(name)}
        for tool_call in data.get("toolCalls", []):
            self.ids["toolCallId"] = tool_call["id"]
        return answer

    def _with_ids(self, text: str) -> str:
        for name, pattern in PLACEHOLDERS.items():
            if name in self.ids:
                text = re.sub(rf'(?<={name})(=|": ")({pattern})', rf"\g<1>{self.ids[name]}", text)
                text = re.sub(rf'(/|_id": "){pattern}', rf"\g<1>{self.ids[name]}", text)
        return text


def is_by_path(line: str) -> bool:
    """Whether it is a request of OpenAI's API by path."""
    return f"{SHOWN_URL}/" in line


def with_directives(text: str) -> str:
    """The text with the echo model's directives in place of what a person would write."""
    for said, directive in DIRECTIVES.items():
        text = text.replace(quote_plus(said), quote_plus(directive))
    return text


def run_javascript(script: str) -> Any:
    """Runs a module under node -> what it writes to its standard output, read as JSON."""
    return json.loads(_run(["node", "--input-type=module", "-e", script]).stdout)


def run_python(script: str, environment: dict[str, str]) -> str:
    """Runs a program that can import what is deployed -> what it prints."""
    return _run([sys.executable, "-B", "-c", script], env=environment | {"PYTHONPATH": str(FUNCTION)}).stdout


def shape(value: Any) -> Any:
    """Keys and kinds of a JSON value; texts, numbers and ids may differ."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return type(value).__name__


def _run_in_a_shell(line: str) -> Json:
    answer: Json = json.loads(_run(["bash", "-c", f"{line} --silent --noproxy '*'"]).stdout)
    return answer


def _run(command: list[str], env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=env)
