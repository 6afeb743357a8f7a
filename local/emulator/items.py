"""Items of conversations and responses: what may be given, and what is kept of it."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from local.emulator.database import Json
from local.emulator.fields import BY_TYPE, Fields, get_field
from local.emulator.timed_ids import make_timed_id

MAX_ITEMS = 20
UNSEEN_END = re.compile("\u2063[\ufe00-\ufe0f]+\\Z")
MAX_TEXT_CHARS = 10_485_760
ID_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
    "file_search_call": "fs",
    "web_search_call": "ws",
    "code_interpreter_call": "ci",
}
Status = Literal["in_progress", "completed", "incomplete"]
Text = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]


class InputText(Fields):
    """Text of a user."""

    type: Literal["input_text"]
    text: Text


class InputImage(Fields):
    """A picture; the local models see only that there is one."""

    type: Literal["input_image"]
    detail: Literal["low", "high", "auto", "original"] = "auto"
    file_id: str | None = None
    image_url: str | None = None


class InputFile(Fields):
    """A file; the local models see only that there is one."""

    type: Literal["input_file"]
    file_id: str | None = None
    filename: str | None = None
    file_data: str | None = None
    file_url: str | None = None


class OutputText(Fields):
    """Text of an assistant."""

    type: Literal["output_text"]
    text: Text
    annotations: list[dict[str, Any]] = Field(default_factory=list)
    logprobs: list[dict[str, Any]] = Field(default_factory=list)


class Refusal(Fields):
    """An assistant's refusal."""

    type: Literal["refusal"]
    refusal: Text


InputPart = Annotated[
    Annotated[InputText, Tag("<input_text>")]
    | Annotated[InputImage, Tag("<input_image>")]
    | Annotated[InputFile, Tag("<input_file>")],
    BY_TYPE,
]
OutputPart = Annotated[
    Annotated[OutputText, Tag("<output_text>")] | Annotated[Refusal, Tag("<refusal>")], BY_TYPE
]


class Message(Fields):
    """What messages have in common; a bare string is one text part. Only an assistant's `phase` is used."""

    type: Literal["message"] = "message"
    id: str | None = None
    status: Status | None = None
    phase: Literal["commentary", "final_answer"] | None = None

    @model_validator(mode="before")
    @classmethod
    def text_is_one_part(cls, data: Any) -> Any:
        """Content given as a string becomes a list of parts."""
        if isinstance(data, dict) and isinstance(data.get("content"), str):
            kind = "output_text" if data.get("role") == "assistant" else "input_text"
            return {**data, "content": [{"type": kind, "text": data["content"]}]}
        return data


class InputMessage(Message):
    """A message to the model."""

    role: Literal["user", "system", "developer"]
    content: list[InputPart]


class AssistantMessage(Message):
    """A message from the model."""

    role: Literal["assistant"]
    content: list[OutputPart]


class FunctionCall(Fields):
    """The model calls a function."""

    type: Literal["function_call"]
    call_id: str = Field(max_length=64)
    name: str
    arguments: str
    id: str | None = None
    status: Status | None = None


class FunctionCallOutput(Fields):
    """What the function gave."""

    type: Literal["function_call_output"]
    call_id: str = Field(max_length=64)
    output: Text | list[InputPart]
    id: str | None = None
    status: Status | None = None


class SummaryText(Fields):
    """One part of a summary of reasoning."""

    type: Literal["summary_text"]
    text: str


class ReasoningText(Fields):
    """One part of reasoning."""

    type: Literal["reasoning_text"]
    text: str


class Reasoning(Fields):
    """What the model thought."""

    type: Literal["reasoning"]
    summary: list[SummaryText]
    content: list[ReasoningText] | None = None
    encrypted_content: str | None = None
    id: str | None = None
    status: Status | None = None


def find_kind_of_item(data: Any) -> str | None:
    """Tag of an item; messages may leave out their type."""
    role = get_field(data, "role")
    kind = get_field(data, "type") or ("message" if role else None)
    if kind == "message" and role == "assistant":
        return "<assistant message>"
    return f"<{kind}>" if isinstance(kind, str) else None


Item = Annotated[
    Annotated[InputMessage, Tag("<message>")]
    | Annotated[AssistantMessage, Tag("<assistant message>")]
    | Annotated[FunctionCall, Tag("<function_call>")]
    | Annotated[FunctionCallOutput, Tag("<function_call_output>")]
    | Annotated[Reasoning, Tag("<reasoning>")],
    Discriminator(find_kind_of_item),
]


def make_item(item: BaseModel, seconds: float) -> Json:
    """The item as it is stored and shown: with an id of its own, of this time, and a status."""
    return stamp_item(item.model_dump(by_alias=True, exclude_none=True), seconds)


def stamp_item(item: Json, seconds: float, *, status: str = "completed", head: str | None = None) -> Json:
    """The item with a status and a fresh id that carries the time (see timed_ids.py)."""
    identifier = make_timed_id(ID_PREFIXES[item["type"]], seconds, head)
    return {"id": "", **item} | {"id": identifier, "status": status}


def read_text(content: str | list[Json]) -> str:
    """The text of an item's content; a picture stands as `[input_image]`, a file as `[file: file_1]`."""
    if isinstance(content, str):
        return content
    return "\n".join(read_part(part) for part in content)


def read_part(part: Json) -> str:
    """The text of one part, without what has no glyph at its end: models take no notice of it."""
    if part["type"] == "input_file" and part.get("file_id"):
        return f"[file: {part['file_id']}]"
    return UNSEEN_END.sub("", str(part.get("text", part.get("refusal", f"[{part['type']}]"))))
