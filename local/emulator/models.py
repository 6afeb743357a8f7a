"""What a model is: the shape of question and answer, and how it fails."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from local.emulator.database import Json


@dataclass(frozen=True)
class Prompt:
    """All that a model is asked: settings of the response and the whole thread, oldest item first."""

    model: str
    instructions: str | None
    items: list[Json]
    tools: list[Json] = field(default_factory=list)
    tool_choice: str | Json = "auto"
    parallel_tool_calls: bool = True
    text_format: Json = field(default_factory=lambda: {"type": "text"})
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None

    def find_tool(self, kind: str) -> Json | None:
        """The first tool of this kind, where tools may be used."""
        usable = self.tools if self.tool_choice != "none" else []
        return next((tool for tool in usable if tool["type"] == kind), None)

    def functions(self) -> list[Json]:
        """The function tools that may be called."""
        return [tool for tool in self.tools if tool["type"] == "function" and self.tool_choice != "none"]


@dataclass(frozen=True)
class Call:
    """A function call; `arguments` is a JSON string."""

    name: str
    arguments: str


@dataclass(frozen=True)
class CodeRun:
    """Code that a model ran in its container, and what that printed."""

    code: str
    logs: str


@dataclass(frozen=True)
class Answer:
    """What a model says; every text becomes a message of its own. `incomplete` is the reason, if it is.

    `commentary` is said before the answer. `found` is what a search in files gave, `citations` name it;
    `files` are the names of those that the code made: a link to one in a text cites it. `pace_seconds` lie
    between the words of what is said.
    """

    texts: tuple[str, ...] = ()
    commentary: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    reasoning: str | None = None
    refusal: str | None = None
    found: tuple[Json, ...] = ()
    citations: tuple[Json, ...] = ()
    code_runs: tuple[CodeRun, ...] = ()
    files: tuple[str, ...] = ()
    incomplete: str | None = None
    pace_seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0


class ModelError(Exception):
    """The model gave no answer: the response fails with this error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


Say = Callable[[str], None]


def say_nothing(_: str) -> None:
    """Takes what a model says where nobody listens."""


class Model(Protocol):
    """A model: `answer` is cancelled when the response is."""

    name: str

    async def answer(self, prompt: Prompt, say: Say = say_nothing) -> Answer:
        """The answer; raises ModelError when there is none.

        A model that writes its text piece by piece says each as it comes. They are of the first text."""
