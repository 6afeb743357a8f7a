"""Nothing that a caller or OpenAI can send costs more than linear time: four times as much takes four times
as long, not sixteen times. What is measured is the processor's time of whole calls."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.fake_upstream import THREAD, Upstream, v2_list, v2_message, v2_run, v2_text
from tests.invoke import KEY, Json, web
from tests.transport.fakes import CONVERSATION, make_agent, make_message, make_page, make_response

TIMES = 4
MAX_GROWTH = 12.0
ATTEMPTS = 8
MIN_SECONDS = 0.003  # below this it is the call's own time that is measured

LIST: Json = {"action": "list-messages", "threadId": "thread_1"}
GET_RUN: Json = {"action": "get-run", "threadId": "thread_1", "runId": "run_1"}
GET_THREAD: Json = {"action": "get-thread", "threadId": "thread_1"}
CREATE: Json = {"action": "create-thread"}
SUBMIT: Json = {**GET_RUN, "action": "submit-tool-outputs"}


class Load(NamedTuple):
    """What a caller sends, and what its OpenAI answers to each request."""

    params: Json
    answer: Callable[[httpx2.Request], httpx2.Response]
    backend: str = "native"


def always(body: Json) -> Callable[[httpx2.Request], httpx2.Response]:
    """The same answer to every request, made once."""
    made = httpx2.Response(200, json=body)
    return lambda _: made


# ---------------------------------------------------------------- what callers send


def send(text: str) -> Load:
    """A message, which OpenAI gives back as it is."""
    params = {"action": "send-message", "threadId": "thread_1", "message": text, "role": "assistant"}
    return Load(params, always(v2_message(v2_text(text))))


def create_thread(**params: Any) -> Load:
    return Load(CREATE | params, always(THREAD))


def send_body(body: Json, **more: Any) -> Load:
    """A body that the platform did not read."""
    text = base64.b64encode(json.dumps(body).encode()).decode()
    return Load({**GET_THREAD, **web(body=text, isBase64Encoded=True, **more)}, always(THREAD))


def create_assistant(**params: Any) -> Load:
    return Load({"action": "create-assistant", "name": "a", **params}, always(make_agent()), "responses")


def schema(properties: int) -> Json:
    named: Json = {f"p{number}": {} for number in range(properties)}
    return {"type": "json_schema", "json_schema": {"name": "x", "schema": {"properties": named}}}


def submit(outputs: int) -> Load:
    """The outputs of as many calls, on today's OpenAI."""
    ids = [f"call_{number}" for number in range(outputs)]
    called = [{"type": "function_call", "call_id": one, "name": "f", "arguments": "{}"} for one in ids]
    given = [{"id": one, "output": ""} for one in ids]

    added, started = always(make_page()), always(make_response(id="resp_2"))
    items, response, conversation = map(
        always, (make_page(*called), make_response(output=called), CONVERSATION)
    )

    def answer(asked: httpx2.Request) -> httpx2.Response:
        if asked.url.path.endswith("/items"):
            return (items if asked.method == "GET" else added)(asked)
        if "/responses" in asked.url.path:
            return (response if asked.method == "GET" else started)(asked)
        return conversation(asked)

    return Load({**SUBMIT, "toolOutputs": given}, answer, "responses")


# ---------------------------------------------------------------- what OpenAI answers


def show(*content: Json) -> Load:
    """A message on a server of Assistants v2."""
    return Load(LIST, always(v2_list(v2_message(*content))))


def show_today(text: str, annotations: list[Json]) -> Load:
    """A message on today's OpenAI."""
    part = {"type": "output_text", "text": text, "annotations": annotations}
    page, conversation = always(make_page(make_message(1, content=[part]))), always(CONVERSATION)
    return Load(LIST, lambda one: (page if "/items" in one.url.path else conversation)(one), "responses")


def fail_run(words: str) -> Load:
    run = v2_run("failed", last_error={"code": "server_error", "message": words})
    return Load(GET_RUN, always(run))


def refuse(words: str, backend: str = "native") -> Load:
    refused = httpx2.Response(400, json={"error": {"message": words}})
    return Load(GET_THREAD, lambda _: refused, backend)


def call_functions(calls: int) -> Load:
    function = {"name": "f", "arguments": "{}"}
    waiting = [{"id": f"call_{number}", "type": "function", "function": function} for number in range(calls)]
    run = v2_run("requires_action", required_action={"submit_tool_outputs": {"tool_calls": waiting}})
    return Load(GET_RUN, always(run))


def answer_json(text: str) -> Load:
    run = always(v2_run("completed", response_format={"type": "json_object"}))
    written = always(v2_list(v2_message(v2_text(text))))
    return Load(GET_RUN, lambda one: (written if "/messages" in one.url.path else run)(one))


def cite(start: int, end: int) -> Json:
    return {"type": "url_citation", "url": "https://a", "start_index": start, "end_index": end}


def cite_file(index: int) -> Json:
    return {"type": "file_citation", "file_id": "file_1", "filename": "f", "index": index}


def cite_container(start: int, end: int) -> Json:
    cited = {"type": "container_file_citation", "container_id": "c", "file_id": "f", "filename": "f"}
    return {**cited, "start_index": start, "end_index": end}


def cite_v2(number: int) -> Json:
    cited = {"file_id": "file_1"}
    return {"type": "file_citation", "text": f"【{number}†a】", "start_index": 0, "file_citation": cited}


def part(text: str) -> Json:
    return {"type": "text", "text": text}


def user(*content: Any) -> Json:
    return {"role": "user", "content": list(content)}


FUNCTION = {"type": "function", "function": {"name": "f"}}

# what makes a load of a size, and the largest size that can be sent
CALLERS: dict[str, tuple[Callable[[int], Load], int]] = {
    "markers": (lambda n: send("【1†】" * n), 8_000),
    "markers that do not end": (lambda n: send("【1†" * n), 10_000),
    "markers that do not begin": (lambda n: send("【1:1" * n), 8_000),
    "digits of a marker": (lambda n: send("【" + "1" * n), 32_000),
    "blanks": (lambda n: send("\u200b" * n + "x"), 32_000),
    "messages": (lambda n: create_thread(messages=[user(part("x"))] * n), 100),
    "parts": (lambda n: create_thread(messages=[user(*[part("x")] * n)]), 1_000),
    "values": (lambda n: create_thread(messages=[[]] * n), 200_000),
    "values in text": (lambda n: create_thread(messages="[" + "[]," * n + "[]]"), 300_000),
    "strings in text": (lambda n: create_thread(messages='["",' * n), 200_000),
    "quotes in text": (lambda n: create_thread(messages='["' + '\\",' * n), 300_000),
    "backslashes in text": (lambda n: create_thread(messages="[" * 20_001 + '"' + "\\" * n), 900_000),
    "a body": (lambda n: send_body({"metadata": "x" * n}), 700_000),
    "a token": (lambda n: send_body({}, headers={"authorization": "Bearer " + "x" * n}), 700_000),
    "names": (lambda n: create_thread(**{f"{{a{number}": 1 for number in range(n)}), 60_000),
    "tools": (lambda n: create_assistant(tools=[FUNCTION] * n), 3_000),
    "a schema": (lambda n: create_assistant(responseFormat=schema(n)), 3_000),
    "outputs": (submit, 4_000),
}
OPENAI: dict[str, tuple[Callable[[int], Load], int]] = {
    "markers shown": (lambda n: show(v2_text("【1†】" * n)), 40_000),
    "markers told": (lambda n: show(v2_text("【1†a】" * n, *map(cite_v2, range(n)))), 8_000),
    "parts shown": (lambda n: show(*[v2_text("x")] * n), 10_000),
    "texts shown": (lambda n: show(v2_text("\0" * n)), 500_000),
    "citations over each other": (lambda n: show_today("x" * 10 * n, [cite(0, 10 * n)] * n), 6_000),
    "citations over markers": (lambda n: show_today("x", [cite_file(0), cite_container(0, 1)] * n), 3_000),
    "citations of files": (lambda n: show_today("x" * 10 * n, [*map(cite_file, range(n))]), 6_000),
    "markers written": (lambda n: show_today("【1:" * n, []), 200_000),
    "keys": (lambda n: fail_run("sk-" * n), 500_000),
    "short keys": (lambda n: fail_run("sk-a " * n), 300_000),
    "the key": (lambda n: fail_run(KEY * n), 100_000),
    "a key in percent signs": (lambda n: fail_run("%25" * n + "%" + "25" * n), 200_000),
    "half a key": (lambda n: fail_run(KEY[:-1] * n), 100_000),
    "ids": (lambda n: refuse("conv_" * n, "responses"), 500_000),
    "names of objects": (lambda n: refuse("Response with " * n, "responses"), 200_000),
    "active runs": (lambda n: refuse("while a run run_" * n), 200_000),
    "calls": (call_functions, 20_000),
    "JSON": (lambda n: answer_json("[" + "[]," * n + "[]]"), 400_000),
    "depth": (lambda n: answer_json("[" * n + "]" * n), 900),
    "values answered": (lambda n: show(v2_text("x"), *[{}] * n), 400_000),
    "strings answered": (lambda n: show(v2_text("x", *[{"": ""}] * n)), 400_000),
}


def measure(load: Load) -> float:
    """The processor's seconds of one call."""
    function = Upstream(load.answer).function(ASSISTANTS_BACKEND=load.backend)
    begun = time.process_time()
    function.main(load.params)
    return time.process_time() - begun


def grows(work: Callable[[int], float], size: int) -> bool:
    """Whether work, which takes so many seconds for a size, grows faster than that, whenever it is looked."""
    return all(work(size) > MAX_GROWTH * max(MIN_SECONDS, work(size // TIMES)) for _ in range(ATTEMPTS))


@pytest.mark.parametrize(("make", "size"), {**CALLERS, **OPENAI}.values(), ids=[*CALLERS, *OPENAI])
def test_four_times_as_much_takes_no_more_than_four_times_as_long(
    make: Callable[[int], Load], size: int
) -> None:
    loads = {n: make(n) for n in (size // TIMES, size)}
    assert not grows(lambda n: measure(loads[n]), size)


def test_the_measurement_tells_linear_from_quadratic() -> None:
    def waste(size: int) -> float:
        begun = time.process_time()
        text = "x" * size
        for place in range(0, size, 4):
            text[place:].count("y")
        return time.process_time() - begun

    assert grows(waste, 40_000)


def test_citations_that_cover_the_same_text_do_not_repeat_it_each() -> None:
    load = show_today("x" * 100_000, [cite(0, 100_000)] * 1_000)
    [message] = Upstream(load.answer).function(ASSISTANTS_BACKEND="responses").data(**LIST)["messages"]
    told = [(one["text"], one["startIndex"], one["endIndex"]) for one in message["annotations"]]
    assert told == [(message["content"], 0, 100_000)] * 2 + [("https://a", 0, 0)] * 998
