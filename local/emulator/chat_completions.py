"""Any server that speaks OpenAI's chat completions: Ollama, vLLM, llama.cpp, ..."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from local.emulator.database import Json
from local.emulator.items import read_text
from local.emulator.models import Answer, Call, ModelError, Prompt, Say, say_nothing

ANSWER_TIMEOUT_SECONDS = 600.0
STREAMED = {"stream": True, "stream_options": {"include_usage": True}}
INCOMPLETE_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ChatCompletionsModel:
    """The server at `url` (with its /v1); `model` None passes on the name that the request gave."""

    def __init__(self, url: str, model: str | None = None, key: str | None = None) -> None:
        self.name = model or url
        self.model = model
        self.url = url.rstrip("/") + "/chat/completions"
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def answer(self, prompt: Prompt, say: Say = say_nothing) -> Answer:
        """The server's answer, by its stream; where it gives JSON in place of one, as it is."""
        asked = {"model": self.model or prompt.model, **make_chat_request(prompt), **STREAMED}
        try:
            async with (
                httpx.AsyncClient(timeout=ANSWER_TIMEOUT_SECONDS) as client,
                client.stream("POST", self.url, json=asked, headers=self.headers) as reply,
            ):
                reply.raise_for_status()
                if "text/event-stream" not in reply.headers.get("content-type", ""):
                    return read_answer(json.loads(await reply.aread()))
                return read_answer(await collect_chunks(reply.aiter_lines(), say))
        except httpx.HTTPStatusError as error:
            code = "rate_limit_exceeded" if error.response.status_code == 429 else "server_error"
            raise ModelError(code, f"{self.url} answered {error.response.status_code}.") from error
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ModelError("server_error", f"{self.url} gave no answer: {error!r}") from error


def make_chat_request(prompt: Prompt) -> Json:
    """The prompt as the body of a chat completion."""
    given = {
        "max_tokens": prompt.max_output_tokens,
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "response_format": make_response_format(prompt.text_format),
    }
    request: Json = {"messages": make_chat_messages(prompt)}
    request |= {name: value for name, value in given.items() if value is not None}
    if functions := prompt.functions():
        request["tools"] = [make_chat_tool(function) for function in functions]
        request["tool_choice"] = make_chat_tool_choice(prompt.tool_choice)
        request["parallel_tool_calls"] = prompt.parallel_tool_calls
    return request


def make_chat_messages(prompt: Prompt) -> list[Json]:
    """Instructions and items as chat messages; calls side by side share one assistant message."""
    messages: list[Json] = []
    if prompt.instructions:
        messages.append({"role": "system", "content": prompt.instructions})
    for item in prompt.items:
        if item["type"] == "message":
            role = "system" if item["role"] == "developer" else item["role"]
            messages.append({"role": role, "content": read_text(item["content"])})
        elif item["type"] == "function_call":
            _add_call(messages, item)
        elif item["type"] == "function_call_output":
            output = {"tool_call_id": item["call_id"], "content": read_text(item["output"])}
            messages.append({"role": "tool", **output})
    return messages


def _add_call(messages: list[Json], item: Json) -> None:
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    function = {"name": item["name"], "arguments": item["arguments"]}
    call = {"id": item["call_id"], "type": "function", "function": function}
    messages[-1].setdefault("tool_calls", []).append(call)


def make_chat_tool(tool: Json) -> Json:
    """A function tool in the shape of chat completions."""
    wanted = ("name", "description", "parameters", "strict")
    return {"type": "function", "function": {key: tool[key] for key in wanted if tool.get(key) is not None}}


def make_chat_tool_choice(choice: str | Json) -> str | Json:
    """The tool choice in the shape of chat completions."""
    if isinstance(choice, dict) and choice.get("type") == "function":
        return {"type": "function", "function": {"name": choice.get("name")}}
    return choice if isinstance(choice, str) else "auto"


def make_response_format(text_format: Json) -> Json | None:
    """The text format in the shape of chat completions; plain text needs none."""
    if text_format["type"] == "json_schema":
        schema = {key: value for key, value in text_format.items() if key != "type"}
        return {"type": "json_schema", "json_schema": schema}
    return {"type": "json_object"} if text_format["type"] == "json_object" else None


async def collect_chunks(lines: AsyncIterator[str], say: Say) -> Json:
    """The chat completion that a stream of chunks makes up; its text is said as it comes."""
    message: Json = {"content": "", "refusal": "", "tool_calls": {}}
    choice: Json = {"message": message, "finish_reason": None}
    completion: Json = {"choices": [choice]}
    async for line in lines:
        field, _, data = line.partition(":")
        if field != "data" or data.strip() == "[DONE]":
            continue
        chunk = json.loads(data)
        completion["usage"] = chunk.get("usage") or completion.get("usage")
        for told in chunk["choices"]:
            choice["finish_reason"] = told.get("finish_reason") or choice["finish_reason"]
            piece = told["delta"].get("content") or ""
            message["content"] += piece
            message["refusal"] += told["delta"].get("refusal") or ""
            for call in told["delta"].get("tool_calls") or []:
                place = call.get("index", len(message["tool_calls"]))  # a call without one is whole
                _add_to_call(message["tool_calls"].setdefault(place, {}), call["function"])
            say(piece)
    calls = [{"function": function} for function in message["tool_calls"].values()]
    message |= {"tool_calls": calls, "refusal": message["refusal"] or None}
    return completion


def _add_to_call(function: Json, piece: Json) -> None:
    for name in ("name", "arguments"):
        function[name] = function.get(name, "") + (piece.get(name) or "")


def read_answer(completion: Any) -> Answer:
    """What a chat completion says."""
    choice = completion["choices"][0]
    message, usage = choice["message"], completion.get("usage") or {}
    functions = [call["function"] for call in message.get("tool_calls") or []]
    text = message.get("content") or ""
    return Answer(
        texts=(text.strip(),) if text or not functions else (),
        calls=tuple(Call(function["name"], function["arguments"]) for function in functions),
        refusal=message.get("refusal"),
        incomplete=INCOMPLETE_REASONS.get(choice.get("finish_reason") or ""),
        input_tokens=usage.get("prompt_tokens", 0),
        output_tokens=usage.get("completion_tokens", 0),
    )
