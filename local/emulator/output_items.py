"""What a model answered, as the output items of its response."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from local.emulator.database import Json, new_id
from local.emulator.items import stamp_item
from local.emulator.models import Answer, Prompt
from local.emulator.timed_ids import read_head


@dataclass(frozen=True)
class Stamp:
    """Puts ids on the output of one response: all have the head of its id, and the time of `clock`."""

    response_id: str
    clock: Callable[[], float]

    def put_on(self, item: Json, status: str = "completed") -> Json:
        """The item with its id and its status."""
        return stamp_item(item, self.clock(), status=status, head=read_head(self.response_id))


def make_output(answer: Answer, prompt: Prompt, stamp: Stamp) -> list[Json]:
    """The answer as output items: thoughts, what the tools did, messages, calls."""
    container_id = choose_container(prompt)
    status = "incomplete" if answer.incomplete else "completed"
    return [
        *(stamp.put_on(item) for item in make_thoughts(answer)),
        *(stamp.put_on(item) for item in make_tool_calls(answer, container_id)),
        *(stamp.put_on(make_message(part), status) for part in make_parts(answer, container_id)),
        *(stamp.put_on(item) for item in make_function_calls(answer)),
    ]


def choose_container(prompt: Prompt) -> str:
    """Where code runs: the container that the tool names, else the thread's last one, else a new one."""
    tool = prompt.find_tool("code_interpreter")
    if tool and isinstance(tool["container"], str):
        return tool["container"]
    used = [str(item["container_id"]) for item in prompt.items if item["type"] == "code_interpreter_call"]
    return used[-1] if used else new_id("cntr")


def make_thoughts(answer: Answer) -> list[Json]:
    """What comes before the answer: reasoning, and thinking aloud."""
    said = [make_message(make_text(text), "commentary") for text in answer.commentary]
    if answer.reasoning is None:
        return said
    return [{"type": "reasoning", "summary": [{"type": "summary_text", "text": answer.reasoning}]}, *said]


def make_tool_calls(answer: Answer, container_id: str) -> list[Json]:
    """What OpenAI's own tools did; included.py hides the results from those who do not ask for them."""
    items: list[Json] = []
    if answer.found:
        items.append({"type": "file_search_call", "queries": ["echo"], "results": list(answer.found)})
    for run in answer.code_runs:
        outputs = [{"type": "logs", "logs": run.logs}]
        ran = {"code": run.code, "container_id": container_id, "outputs": outputs}
        items.append({"type": "code_interpreter_call", **ran})
    return items


def make_function_calls(answer: Answer) -> list[Json]:
    """The functions that the caller is to call."""
    return [
        {
            "type": "function_call",
            "call_id": f"call_{secrets.token_hex(12)}",
            "name": call.name,
            "arguments": call.arguments,
        }
        for call in answer.calls
    ]


def make_parts(answer: Answer, container_id: str) -> list[Json]:
    """The content of each message of the answer."""
    if answer.refusal is not None:
        return [{"type": "refusal", "refusal": answer.refusal}]
    file_ids = {name: new_id("cfile") for name in answer.files}
    return [
        make_text(text, [*answer.citations, *cite_files(text, container_id, file_ids)])
        for text in answer.texts
    ]


def make_text(text: str, annotations: list[Json] | None = None) -> Json:
    """A part that is text."""
    return {"type": "output_text", "text": text, "annotations": annotations or [], "logprobs": []}


def make_message(part: Json, phase: str = "final_answer") -> Json:
    """An assistant's message."""
    return {"type": "message", "role": "assistant", "content": [part], "phase": phase}


def cite_files(text: str, container_id: str, file_ids: dict[str, str]) -> list[Json]:
    """A citation for each link to a file of the container: text[start_index:end_index] is its address."""
    citations: list[Json] = []
    for name, file_id in file_ids.items():
        address = f"sandbox:{file_path(name)}"
        start = text.rfind(f"({address})") + 1
        if start > 0:
            place = {"start_index": start, "end_index": start + len(address)}
            made = {"container_id": container_id, "file_id": file_id, "filename": name}
            citations.append({"type": "container_file_citation", **made, **place})
    return citations


def file_path(name: str) -> str:
    """Where a file lies in its container."""
    return f"/mnt/data/{name}"
