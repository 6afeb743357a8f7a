"""The deterministic model for tests: its answer shows what reached it, and its input tells it what to do.

The answer is one line:

    instructions: Be brief | model: gpt-6-luna | thread: user: A / assistant: B / user: C

Function calls and what they gave stand in the thread as `call: name({"x": 1})` and `output: ...`, files of
messages as `[file: file_1]`. Earlier answers are cut to 60 characters, or an answer would double with every
turn. Files that were put into a code interpreter's container stand before the thread as
`| container: file_1, file_2 |`.

Directives are lines of the last input (the last user message, or the function outputs that follow it):

    /wait SECONDS      the run takes that long before it says anything
    /pace SECONDS      between the words of the answer, which a stream tells one by one
    /fail CODE         the response fails with that error code
    /call NAME {json}  calls that function, if it is among the tools; several lines are parallel calls
    /say TEXT          the answer is exactly that text
    /length N          the answer has exactly N characters
    /incomplete REASON the answer is cut short; the reason is max_output_tokens when none is given
    /two               two messages, `first: ...` and `second: ...`
    /refuse            a refusal in place of text
    /reasoning         a reasoning item before the message
    /think TEXT        a message of phase commentary before the answer or the calls; also several lines

With a code_interpreter tool:

    /python CODE       a code_interpreter_call that seems to run it and prints `ran: CODE`; also several lines
    /file NAME         makes a file, links to it on a last line of the answer (also after /say and /length)
                       and cites it; also several lines

With a file_search tool, `cite` in the last input adds a file_citation. A text format json_object gives
`{"echo": answer}`, json_schema the smallest value that fits.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

from local.emulator.database import Json
from local.emulator.directives import Directives, find_last_input, read_directives, read_seconds
from local.emulator.echo_code import link_files, make_files, run_code, show_container
from local.emulator.items import read_text
from local.emulator.json_sample import make_sample
from local.emulator.models import Answer, Call, ModelError, Prompt, Say, say_nothing
from local.emulator.tokens import CHARS_PER_TOKEN, count_tokens

SHOWN_ANSWER_CHARS = 60
FILE = {"file_id": "file-echo", "filename": "echo.txt"}
FOUND: Json = {**FILE, "score": 0.5, "text": "What stands in the file.", "attributes": {}}


class EchoModel:
    """The echo; `sleep` is what `/wait` waits with."""

    name = "echo"

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.sleep = sleep

    async def answer(self, prompt: Prompt, _: Say = say_nothing) -> Answer:
        """The echo of the prompt, after its directives. It knows all of it before it says a word."""
        asked = find_last_input(prompt.items)
        directives = read_directives(asked)
        await self.sleep(read_seconds(directives, "wait"))
        if "fail" in directives:
            code = directives["fail"][0] or "server_error"
            raise ModelError(code, f"The echo failed with {code}, as it was told.")
        common = Answer(
            reasoning="The echo thinks." if "reasoning" in directives else None,
            commentary=tuple(directives.get("think", [])),
            code_runs=run_code(prompt, directives),
            pace_seconds=read_seconds(directives, "pace"),
            input_tokens=count_tokens((prompt.instructions or "") + show_thread(prompt.items)),
        )
        if calls := choose_calls(prompt, directives):
            spent = sum(count_tokens(call.name + call.arguments) for call in calls)
            return replace(common, calls=calls, output_tokens=spent)
        text, incomplete = cut(write_text(prompt, directives), prompt, directives)
        is_cited = "cite" in asked and prompt.find_tool("file_search") is not None
        return replace(
            common,
            texts=(f"first: {text}", f"second: {text}") if "two" in directives else (text,),
            refusal="The echo refuses." if "refuse" in directives else None,
            found=(FOUND,) if is_cited else (),
            citations=({"type": "file_citation", **FILE, "index": len(text)},) if is_cited else (),
            files=make_files(prompt, directives),
            incomplete=incomplete,
            output_tokens=max(1, count_tokens(text)),
        )


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
    text = link_files(text, make_files(prompt, directives))
    if prompt.text_format["type"] == "json_object":
        return json.dumps({"echo": text}, ensure_ascii=False)
    if prompt.text_format["type"] == "json_schema":
        return json.dumps(make_sample(prompt.text_format["schema"]), ensure_ascii=False)
    return text


def echo_text(prompt: Prompt) -> str:
    """Instructions, model, the container's files and the thread in one line."""
    return (
        f"instructions: {prompt.instructions or 'none'} | model: {prompt.model} | {show_container(prompt)}"
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
