"""The events of a response's output -> the v2 events of messages and run steps.

The deltas of a message join to its text. Where a file is cited, v2's marker stands in the text; upstream
tells the citation as an annotation behind the text, and the marker is told as a delta if that is where it
belongs. A marker that belongs further ahead cannot be told any more: `thread.message.completed` has it, as it
has the whole message just as retrieving it gives."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from assistants_transport.translate.citations import cite, first_free_part
from assistants_transport.translate.message import is_message, message_from_item
from assistants_transport.translate.step import TOOL_CALL_ITEMS, steps_from_response
from assistants_transport.translate.times import time_of
from assistants_transport.v2_errors import Json

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

MARKED_ANNOTATIONS = ("file_citation", "file_path")  # v2's deltas knew no others


class V2Event(NamedTuple):
    """`thread.run.created` and a run, for example; `done` and its text."""

    name: str
    data: Mapping[str, object] | str


class RunOfEvents(NamedTuple):
    """Where the events belong: v2 ids."""

    thread_id: str
    run_id: str
    assistant_id: str


class _Block:
    """One part of a message: its text without markers, and what the deltas told of it."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.text, self.told = "", ""
        self.annotations: list[Json] = []


class _Step:
    """The items of one step: function calls side by side are one."""

    def __init__(self, item: Json) -> None:
        self.items = [item]
        self.id = ""
        self.is_open = True


class _Item:
    """An item of the output; `place` is the one that it has in its step."""

    def __init__(self, item: Json, step: _Step, place: int) -> None:
        self.item, self.step, self.place = item, step, place
        self.blocks: dict[int, _Block] = {}  # of a message
        self.told = ""  # of the arguments or the code of a call
        self.is_done = False


class ItemEvents:
    """Tells the output of one response. What v2 did not know, such as reasoning, is passed over."""

    def __init__(self, response: Json, run: RunOfEvents) -> None:
        self._response, self._run = response, run
        self._items: dict[int, _Item] = {}

    def tell(self, event: Json, now: int) -> Iterator[V2Event]:
        """The v2 events for one of upstream's; none for an event that is not known. `now`: Unix seconds."""
        index, item = event.get("output_index"), event.get("item")
        if not isinstance(index, int):
            return
        match event["type"]:
            case "response.output_item.added" if isinstance(item, dict):
                yield from self._begin(index, item, now)
            case "response.output_item.done" if isinstance(item, dict):
                yield from self._end(index, item, now)
            case kind if isinstance(told := self._items.get(index), _Item) and not told.is_done:
                yield from self._tell_piece(told, kind, event)

    def tell_rest(self, ended: Json, now: int) -> Iterator[V2Event]:
        """What the events did not tell of the response that has ended, and the end of what they left open."""
        self._response = ended
        for index, item in enumerate(ended["output"]):
            yield from self._end(index, item, now)
        for told in self._items.values():
            if not told.is_done and is_message(told.item):
                yield self._tell_message({**told.item, **_content_so_far(told), "status": "incomplete"}, now)
            yield from self._close(told.step, now)

    # ---------------------------------------------------------------- items

    def _begin(self, index: int, item: Json, now: int) -> Iterator[V2Event]:
        if index in self._items or not (is_message(item) or item["type"] in TOOL_CALL_ITEMS):
            return
        begun = {**item, "status": "in_progress"}
        told = self._add_to_step(begun)
        self._items[index] = told
        if told.place == 0:
            step = {**self._show_step(told.step, now), "completed_at": None}
            told.step.id = step["id"]
            if item["type"] != "message":
                step["step_details"] = {"type": "tool_calls", "tool_calls": []}
            yield V2Event("thread.run.step.created", step)
            yield V2Event("thread.run.step.in_progress", step)
        if item["type"] == "message":
            message = self._show_message({**begun, "content": []}, now)
            yield V2Event("thread.message.created", message)
            yield V2Event("thread.message.in_progress", message)
        else:
            yield self._tell_call(told, _begin_call(item))

    def _add_to_step(self, item: Json) -> _Item:
        """A function call belongs to the step of the one before it, unless another step lies between."""
        last = next(reversed(self._items.values()), None)
        if last and last.item["type"] == item["type"] == "function_call":
            last.step.items.append(item)
            return _Item(item, last.step, len(last.step.items) - 1)
        return _Item(item, _Step(item), 0)

    def _end(self, index: int, item: Json, now: int) -> Iterator[V2Event]:
        yield from self._begin(index, item, now)
        told = self._items.get(index)
        if told is None or told.is_done:
            return
        told.is_done = True
        if item["type"] == "message" and not is_message(item):  # it turned out to be commentary
            told.step.is_open = False
            return
        told.item, told.step.items[told.place] = item, item
        if item["type"] == "message":
            yield from self._tell_rest_of_message(told, self._show_message(item, now))
            yield self._tell_message(item, now)
        else:
            yield from self._tell_rest_of_call(told)
        if item["type"] != "function_call":  # it goes on until it has its output
            yield from self._close(told.step, now)

    def _tell_piece(self, told: _Item, kind: str, event: Json) -> Iterator[V2Event]:
        delta = event.get("delta")
        match kind:
            case "response.output_text.delta" | "response.refusal.delta" if isinstance(delta, str):
                block = _find_block(told, event)
                block.text += delta
                yield self._tell_delta(told, block, kind == "response.refusal.delta", delta)
            case "response.output_text.annotation.added" if isinstance(event.get("annotation"), dict):
                yield from self._tell_annotation(told, _find_block(told, event), event["annotation"])
            case "response.function_call_arguments.delta" | "response.code_interpreter_call_code.delta" if (
                isinstance(delta, str)
            ):
                told.told += delta
                yield self._tell_call(told, _continue_call(told.item, delta))

    # ---------------------------------------------------------------- messages

    def _show_message(self, item: Json, now: int) -> "v2.Message":
        thread_id, run_id, assistant_id = self._run
        return message_from_item(item, thread_id, run_id, assistant_id, time_of(item, thread_id, now))

    def _tell_message(self, item: Json, now: int) -> V2Event:
        message = self._show_message(item, now)
        end = "incomplete" if message["status"] == "incomplete" else "completed"
        return V2Event(f"thread.message.{end}", message)

    def _tell_delta(
        self, told: _Item, block: _Block, is_refusal: bool, value: str, annotations: list[Json] | None = None
    ) -> V2Event:
        block.told += value
        part: Json = {"index": block.position, "type": "refusal", "refusal": value}
        if not is_refusal:
            text = {"value": value, "annotations": annotations or []}
            part = {"index": block.position, "type": "text", "text": text}
        delta = {"id": told.item["id"], "object": "thread.message.delta", "delta": {"content": [part]}}
        return V2Event("thread.message.delta", delta)

    def _tell_annotation(self, told: _Item, block: _Block, annotation: Json) -> Iterator[V2Event]:
        if annotation.get("type") not in MARKED_ANNOTATIONS:
            return
        block.annotations.append(annotation)
        part = first_free_part(one.text for one in told.blocks.values()) + block.position
        marked = cite(block.text, block.annotations, part)
        if marked["value"].startswith(block.told):
            number = len(block.annotations) - 1
            shown = {"index": number, **marked["annotations"][number]}
            yield self._tell_delta(told, block, False, marked["value"][len(block.told) :], [shown])

    def _tell_rest_of_message(self, told: _Item, message: "v2.Message") -> Iterator[V2Event]:
        for position, shown in enumerate(message["content"]):
            block = told.blocks.setdefault(position, _Block(position))
            if shown["type"] == "text":
                whole = shown["text"]["value"]
            elif shown["type"] == "refusal":
                whole = shown["refusal"]
            else:
                continue
            if whole.startswith(block.told) and whole != block.told:
                yield self._tell_delta(told, block, shown["type"] == "refusal", whole[len(block.told) :])

    # ---------------------------------------------------------------- steps

    def _show_step(self, step: _Step, now: int) -> Json:
        status = self._response["status"]
        response = {
            **self._response,
            "status": "in_progress" if status == "queued" else status,
            "completed_at": now,
            "output": step.items,
        }
        thread_id, run_id, assistant_id = self._run
        (shown,) = steps_from_response(response, run_id, thread_id, assistant_id, {}, False, now)
        return {**shown}

    def _close(self, step: _Step, now: int) -> Iterator[V2Event]:
        """Tells the end of a step, once, if it has one."""
        if step.is_open and (shown := self._show_step(step, now))["status"] != "in_progress":
            step.is_open = False
            yield V2Event(f"thread.run.step.{shown['status']}", shown)

    def _tell_call(self, told: _Item, call: Json) -> V2Event:
        details = {"type": "tool_calls", "tool_calls": [{"index": told.place, **call}]}
        delta = {"id": told.step.id, "object": "thread.run.step.delta", "delta": {"step_details": details}}
        return V2Event("thread.run.step.delta", delta)

    def _tell_rest_of_call(self, told: _Item) -> Iterator[V2Event]:
        whole = told.item.get("arguments") or told.item.get("code") or ""
        if whole.startswith(told.told) and whole != told.told:
            yield self._tell_call(told, _continue_call(told.item, whole[len(told.told) :]))


def _find_block(told: _Item, event: Json) -> _Block:
    index = event.get("content_index", 0)
    return told.blocks.setdefault(index, _Block(len(told.blocks)))


def _content_so_far(told: _Item) -> Json:
    """What was told of a message that has no end."""
    parts = [
        {"type": "output_text", "text": block.text, "annotations": block.annotations}
        for block in told.blocks.values()
    ]
    return {"content": parts}


def _begin_call(item: Json) -> Json:
    if item["type"] == "function_call":
        function = {"name": item["name"], "arguments": "", "output": None}
        return {"id": item["call_id"], "type": "function", "function": function}
    if item["type"] == "file_search_call":
        return {"id": item["id"], "type": "file_search", "file_search": {}}
    return {"id": item["id"], "type": "code_interpreter", "code_interpreter": {"input": "", "outputs": []}}


def _continue_call(item: Json, piece: str) -> Json:
    if item["type"] == "function_call":
        return {"type": "function", "function": {"arguments": piece}}
    return {"type": "code_interpreter", "code_interpreter": {"input": piece}}
