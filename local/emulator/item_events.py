"""A response's output items as the events that tell them: begun, in pieces, done."""

import asyncio
import re
from collections.abc import Callable
from math import ceil
from typing import Any

from local.emulator.database import Json
from local.emulator.models import Answer, Prompt
from local.emulator.output_items import Stamp, make_message, make_output, make_text

MAX_PIECES = 500  # of one text: the words of a longer one come several at a time
TEXT_EVENTS = {"output_text": "response.output_text", "refusal": "response.refusal"}
CALL_STAGES = {
    "file_search_call": ("in_progress", "searching", "completed"),
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
}


class ItemTeller:
    """Tells the output of one response as it comes into being; `emit` takes the events.

    `say` takes the pieces of a text while a model still writes it; `tell` takes the whole answer, and tells
    what was not said before."""

    def __init__(self, emit: Callable[[Json], None], stamp: Stamp) -> None:
        self.emit = emit
        self.stamp = stamp
        self.begun: Json | None = None  # the message that is being said
        self.said = ""
        self.space = ""

    def say(self, piece: str) -> None:
        """Tell one more piece; space around the text is none of it."""
        text = self.space + piece if self.begun else piece.lstrip()
        told = text.rstrip()
        self.space = text[len(told) :]
        if not told:
            return
        if self.begun is None:
            self.begun = self.stamp.put_on(make_message(make_text("")))
            self._begin(self.begun, 0)
            self._begin_part(self.begun, 0, make_text(""))
        self.said += told
        self._tell_text_piece(self.begun, 0, "output_text", told)

    async def tell(self, answer: Answer, prompt: Prompt) -> list[Json]:
        """The output items, all told."""
        items = make_output(answer, prompt, self.stamp)
        if self.begun and items and items[0]["type"] == "message":
            items[0]["id"] = self.begun["id"]
        for index, item in enumerate(items):
            await self._tell_item(item, index, answer.pace_seconds)
        return items

    async def _tell_item(self, item: Json, index: int, pace: float) -> None:
        is_begun = self.begun is not None and self.begun["id"] == item["id"]
        if not is_begun:
            self._begin(item, index)
        match item["type"]:
            case "message":
                await self._tell_part(item, index, self.said if is_begun else None, pace)
            case "function_call":
                await self._tell_arguments(item, index, pace)
            case "reasoning":
                await self._tell_summary(item, index, pace)
            case _:
                self._tell_call(item, index)
        self.emit({"type": "response.output_item.done", "output_index": index, "item": item})

    def _begin(self, item: Json, index: int) -> None:
        empty: Json = {
            "content": [],
            "arguments": "",
            "summary": [],
            "results": None,
            "outputs": None,
            "code": "",
        }
        begun = {name: empty.get(name, value) for name, value in item.items()} | {"status": "in_progress"}
        self.emit({"type": "response.output_item.added", "output_index": index, "item": begun})

    def _begin_part(self, item: Json, index: int, part: Json) -> None:
        self._emit("response.content_part.added", item, index, content_index=0, part=part)

    async def _tell_part(self, item: Json, index: int, said: str | None, pace: float) -> None:
        """The one part of a message: its text, its annotations."""
        part: Json = item["content"][0]
        kind = part["type"]
        field = "text" if kind == "output_text" else "refusal"
        if said is None:
            self._begin_part(item, index, make_text("") if field == "text" else {**part, "refusal": ""})
        for piece in split_text(part[field][len(said or "") :]):
            self._tell_text_piece(item, index, kind, piece)
            await pause(pace)
        for number, annotation in enumerate(part.get("annotations") or []):
            about = {"annotation": annotation, "annotation_index": number}
            self._emit("response.output_text.annotation.added", item, index, content_index=0, **about)
        logprobs: Json = {"logprobs": []} if field == "text" else {}
        done = {field: part[field], **logprobs}
        self._emit(f"{TEXT_EVENTS[kind]}.done", item, index, content_index=0, **done)
        self._emit("response.content_part.done", item, index, content_index=0, part=part)

    def _tell_text_piece(self, item: Json, index: int, kind: str, piece: str) -> None:
        logprobs: Json = {"logprobs": []} if kind == "output_text" else {}
        self._emit(f"{TEXT_EVENTS[kind]}.delta", item, index, content_index=0, delta=piece, **logprobs)

    async def _tell_arguments(self, item: Json, index: int, pace: float) -> None:
        for piece in split_text(item["arguments"]):
            self._emit("response.function_call_arguments.delta", item, index, delta=piece)
            await pause(pace)
        self._emit("response.function_call_arguments.done", item, index, arguments=item["arguments"])

    async def _tell_summary(self, item: Json, index: int, pace: float) -> None:
        for number, part in enumerate(item["summary"]):
            place = {"summary_index": number}
            empty = {**part, "text": ""}
            self._emit("response.reasoning_summary_part.added", item, index, part=empty, **place)
            for piece in split_text(part["text"]):
                self._emit("response.reasoning_summary_text.delta", item, index, delta=piece, **place)
                await pause(pace)
            self._emit("response.reasoning_summary_text.done", item, index, text=part["text"], **place)
            self._emit("response.reasoning_summary_part.done", item, index, part=part, **place)

    def _tell_call(self, item: Json, index: int) -> None:
        """What one of OpenAI's own tools did."""
        begin, work, end = (f"response.{item['type']}.{stage}" for stage in CALL_STAGES[item["type"]])
        self._emit(begin, item, index)
        if item["type"] == "code_interpreter_call":
            for piece in split_text(item["code"]):
                self._emit("response.code_interpreter_call_code.delta", item, index, delta=piece)
            self._emit("response.code_interpreter_call_code.done", item, index, code=item["code"])
        self._emit(work, item, index)
        self._emit(end, item, index)

    def _emit(self, kind: str, item: Json, index: int, **more: Any) -> None:
        self.emit({"type": kind, "item_id": item["id"], "output_index": index, **more})


def split_text(text: str) -> list[str]:
    """The words with the space behind them; several at a time where there are many."""
    words = re.findall(r"\s+|\S+\s*", text)
    size = max(1, ceil(len(words) / MAX_PIECES))
    return ["".join(words[start : start + size]) for start in range(0, len(words), size)]


async def pause(seconds: float) -> None:
    """Wait, where there is anything to wait for."""
    if seconds > 0:
        await asyncio.sleep(seconds)
