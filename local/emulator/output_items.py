"""What a model answered, as the output items of its response."""

import secrets
from dataclasses import dataclass

from local.emulator.database import Json
from local.emulator.items import stamp_item
from local.emulator.models import Answer
from local.emulator.timed_ids import read_head


@dataclass(frozen=True)
class Stamp:
    """Puts ids on the output of one response: all have the head of its id."""

    response_id: str
    seconds: float

    def put_on(self, item: Json, status: str = "completed") -> Json:
        """The item with its id and its status."""
        return stamp_item(item, self.seconds, status=status, head=read_head(self.response_id))


def make_output(answer: Answer, stamp: Stamp) -> list[Json]:
    """The answer as output items: reasoning, file search, messages, calls."""
    items: list[Json] = []
    if answer.reasoning is not None:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        items.append(stamp.put_on({"type": "reasoning", "summary": summary}))
    if answer.citations:
        items.append(stamp.put_on({"type": "file_search_call", "queries": ["echo"], "results": None}))
    status = "incomplete" if answer.incomplete else "completed"
    items += [stamp.put_on(make_message(part), status) for part in make_parts(answer)]
    for call in answer.calls:
        named = {"call_id": f"call_{secrets.token_hex(12)}", "name": call.name, "arguments": call.arguments}
        items.append(stamp.put_on({"type": "function_call", **named}))
    return items


def make_parts(answer: Answer) -> list[Json]:
    """The content of each message."""
    if answer.refusal is not None:
        return [{"type": "refusal", "refusal": answer.refusal}]
    cited = list(answer.citations)
    return [
        {"type": "output_text", "text": text, "annotations": cited, "logprobs": []} for text in answer.texts
    ]


def make_message(part: Json) -> Json:
    """An assistant's message."""
    return {"type": "message", "role": "assistant", "content": [part]}
