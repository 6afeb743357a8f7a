"""The deterministic model for tests: its answer shows what reached it, and its input tells it what to do.

The answer is one line:

    instructions: Be brief | model: gpt-6-luna | thread: user: A / assistant: B / user: C

Function calls and what they gave stand in the thread as `call: name({"x": 1})` and `output: ...`. Earlier
answers are cut to 60 characters, or an answer would double with every turn.

Directives are lines of the last input (the last user message, or the function outputs that follow it):

    /wait SECONDS      the run takes that long
    /fail CODE         the response fails with that error code
    /call NAME {json}  calls that function, if it is among the tools; several lines are parallel calls
    /say TEXT          the answer is exactly that text
    /length N          the answer has exactly N characters
    /incomplete REASON the answer is cut short; the reason is max_output_tokens when none is given
    /two               two messages, `first: ...` and `second: ...`
    /refuse            a refusal in place of text
    /reasoning         a reasoning item before the message

With a file_search tool, `cite` in the last input adds a file_citation. A text format json_object gives
`{"echo": answer}`, json_schema the smallest value that fits.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

from local.emulator.database import Json
from local.emulator.items import read_text
from local.emulator.json_sample import make_sample
from local.emulator.models import Answer, Call, ModelError, Prompt
from local.emulator.tokens import CHARS_PER_TOKEN, count_tokens

SHOWN_ANSWER_CHARS = 60
DIRECTIVE = re.compile(r"^/([a-z]+)(?: +(.*?))? *$", re.MULTILINE)
CITED_FILE = {"type": "file_citation", "file_id": "file-echo", "filename": "echo.txt"}
Directives = dict[str, list[str]]


class EchoModel:
    """The echo; `sleep` is what `/wait` waits with."""

    name = "echo"

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.sleep = sleep

    async def answer(self, prompt: Prompt) -> Answer:
        """The echo of the prompt, after its directives."""
        asked = find_last_input(prompt.items)
        directives = read_directives(asked)
        await self.sleep(read_wait_seconds(directives))
        if "fail" in directives:
            code = directives["fail"][0] or "server_error"
            raise ModelError(code, f"The echo failed with {code}, as it was told.")
        reasoning = "The echo thinks." if "reasoning" in directives else None
        input_tokens = count_tokens((prompt.instructions or "") + show_thread(prompt.items))
        if calls := choose_calls(prompt, directives):
            spent = sum(count_tokens(call.name + call.arguments) for call in calls)
            return Answer(calls=calls, reasoning=reasoning, input_tokens=input_tokens, output_tokens=spent)
        text, incomplete = cut(write_text(prompt, directives), prompt, directives)
        return Answer(
            texts=(f"first: {text}", f"second: {text}") if "two" in directives else (text,),
            reasoning=reasoning,
            refusal="The echo refuses." if "refuse" in directives else None,
            citations=make_citations(prompt, asked, text),
            incomplete=incomplete,
            input_tokens=input_tokens,
            output_tokens=max(1, count_tokens(text)),
        )


def find_last_input(items: list[Json]) -> str:
    """The text of the last user message, or of the function outputs after it."""
    if not items:
        return ""
    if items[-1]["type"] != "function_call_output":
        users = [item for item in items if item.get("role") == "user"]
        return read_text(users[-1]["content"]) if users else ""
    outputs: list[str] = []
    for item in reversed(items):
        if item["type"] != "function_call_output":
            break
        outputs.insert(0, read_text(item["output"]))
    return "\n".join(outputs)


def read_directives(text: str) -> Directives:
    """Name of the directive -> what stood behind it, once for every line."""
    found: Directives = {}
    for name, argument in DIRECTIVE.findall(text):
        found.setdefault(name, []).append(argument)
    return found


def read_wait_seconds(directives: Directives) -> float:
    """What `/wait` says, else 0."""
    try:
        return float(directives["wait"][0])
    except (KeyError, ValueError):
        return 0.0


def show_thread(items: list[Json]) -> str:
    """The thread in one line."""
    return " / ".join(show_item(item) for item in items)


def show_item(item: Json) -> str:
    """One item of the thread."""
    if item["type"] == "function_call":
        return f"call: {item['name']}({item['arguments']})"
    if item["type"] == "function_call_output":
        return f"output: {read_text(item['output'])}"
    if item["type"] != "message":
        return str(item["type"])
    text = read_text(item["content"])
    return f"{item['role']}: {text[:SHOWN_ANSWER_CHARS] if item['role'] == 'assistant' else text}"


def choose_calls(prompt: Prompt, directives: Directives) -> tuple[Call, ...]:
    """The calls that `/call` or the tool choice asks for, of functions that are among the tools."""
    functions = {tool["name"]: tool for tool in prompt.functions()}
    calls = []
    for line in directives.get("call", []):
        name, _, arguments = line.partition(" ")
        if name in functions:
            calls.append(Call(name, arguments or "{}"))
    forced = find_forced_function(prompt, list(functions))
    if forced and not calls:
        calls.append(Call(forced, json.dumps(make_sample(functions[forced].get("parameters") or {}) or {})))
    return tuple(calls if prompt.parallel_tool_calls else calls[:1])


def find_forced_function(prompt: Prompt, names: list[str]) -> str | None:
    """The function that the tool choice makes the model call, if it does."""
    if prompt.tool_choice == "required" and names:
        return names[0]
    named = prompt.tool_choice.get("name") if isinstance(prompt.tool_choice, dict) else None
    return named if named in names else None


def write_text(prompt: Prompt, directives: Directives) -> str:
    """The text of the answer in the format that is asked for."""
    text = echo_text(prompt)
    if "say" in directives:
        text = directives["say"][0]
    if "length" in directives:
        length = int(directives["length"][0])
        text = (text * (length // max(1, len(text)) + 1))[:length]
    if prompt.text_format["type"] == "json_object":
        return json.dumps({"echo": text}, ensure_ascii=False)
    if prompt.text_format["type"] == "json_schema":
        return json.dumps(make_sample(prompt.text_format["schema"]), ensure_ascii=False)
    return text


def echo_text(prompt: Prompt) -> str:
    """Instructions, model and thread in one line."""
    return (
        f"instructions: {prompt.instructions or 'none'} | model: {prompt.model} | "
        f"thread: {show_thread(prompt.items)}"
    )


def cut(text: str, prompt: Prompt, directives: Directives) -> tuple[str, str | None]:
    """The text as far as it may go, and the reason if that is not all."""
    if "incomplete" in directives:
        return text[: len(text) // 2], directives["incomplete"][0] or "max_output_tokens"
    limit = prompt.max_output_tokens
    if limit is not None and count_tokens(text) > limit:
        return text[: limit * CHARS_PER_TOKEN], "max_output_tokens"
    return text, None


def make_citations(prompt: Prompt, asked: str, text: str) -> tuple[Json, ...]:
    """A citation at the end of the text, where one is asked for and files can be searched."""
    if "cite" in asked and any(tool["type"] == "file_search" for tool in prompt.tools):
        return ({**CITED_FILE, "index": len(text)},)
    return ()
