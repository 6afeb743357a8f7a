"""Answers over the platform's 1 MB: a shorter page to go on from, a huge answer that says it was cut."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from assistant_function.answer.envelope import Answer, wrap_answer, wrap_failure
from assistant_function.answer.failure import Failure
from assistant_function.answer.truncation import MAX_BYTES
from local import devhost
from tests.backends import Backend
from tests.invoke import Json

FUNCTION = Path(__file__).parents[3] / "packages/v1/openai"
PLATFORM_BYTES = 1024 * 1024
LONG = 30_000


@pytest.fixture(scope="module")
def url(backend: Backend) -> Iterator[str]:
    """The function on devhost, which refuses what is over 1 MB."""
    with devhost.serve(FUNCTION, {"OPENAI_API_KEY": "k", **backend.settings}, log=lambda _: None) as host:
        yield host.url


def get(url: str, **params: str) -> Json:
    answer = httpx.get(url, params=params, trust_env=False, timeout=60)
    assert len(answer.content) <= PLATFORM_BYTES
    assert answer.status_code == 200, answer.text[:300]
    data: Json = answer.json()["data"]
    return data


@pytest.mark.parametrize(("order", "letter"), [("asc", "x"), ("desc", "ü"), ("asc", '"')])
def test_a_long_conversation_comes_in_shorter_pages_that_go_on(
    backend: Backend, url: str, order: str, letter: str
) -> None:
    texts = [f"{number} " + letter * LONG for number in range(36)]
    thread = backend.thread(messages=[{"role": "user", "content": text} for text in texts])
    ask = {"action": "list-messages", "threadId": thread, "order": order}
    pages = [get(url, **ask)]
    while pages[-1]["hasMore"]:
        pages.append(get(url, **ask, after=pages[-1]["lastId"]))
    assert len(pages) > 1
    for page in pages:
        assert page["messages"]
        assert page["firstId"] == page["messages"][0]["messageId"]
        assert page["lastId"] == page["messages"][-1]["messageId"]
    found = [one["content"] for page in pages for one in page["messages"]]
    assert found == (texts if order == "asc" else texts[::-1])


def test_a_conversation_that_is_read_backwards_loses_nothing_either(backend: Backend, url: str) -> None:
    texts = [f"{number} " + "x" * LONG for number in range(36)]
    thread = backend.thread(messages=[{"role": "user", "content": text} for text in [*texts, "end"]])
    ask = {"action": "list-messages", "threadId": thread}
    last = get(url, **ask, order="desc", limit="1")["lastId"]
    pages = [get(url, **ask, before=last)]
    while pages[0]["hasMore"]:
        pages.insert(0, get(url, **ask, before=pages[0]["firstId"]))
    assert len(pages) > 1
    assert [one["content"] for page in pages for one in page["messages"]] == texts


def test_a_huge_answer_is_cut_and_says_so(backend: Backend, url: str) -> None:
    ask = {"action": "chat", "assistantId": backend.assistant(), "message": "/length 1200000"}
    data = get(url, **ask)
    assert data["status"] == "completed"
    assert data["response"].endswith(" of 1200000 characters: 1 MB is sent at most]")
    assert "\n[cut after " in data["response"]
    listed = get(url, action="list-messages", threadId=data["threadId"])
    assert [one["role"] for one in listed["messages"]] == ["user"]
    (rest,) = get(url, action="list-messages", threadId=data["threadId"], after=listed["lastId"])["messages"]
    assert "1200000 characters" in rest["content"]


def test_a_huge_json_answer_loses_its_value_before_its_text(backend: Backend, url: str) -> None:
    assistant = backend.assistant(responseFormat="json_object")
    data = get(url, action="chat", assistantId=assistant, message="/length 250000")
    assert data["parsed"] is None
    assert json.loads(data["response"])["echo"]


def test_what_fits_is_left_alone(backend: Backend, url: str) -> None:
    data = get(url, action="chat", assistantId=backend.assistant(), message="/length 250000")
    assert len(data["response"]) == 250_000


@pytest.mark.parametrize(
    "data",
    [
        {"tools": [{"n": number} for number in range(100_000)], "assistantId": "asst_1"},
        {"annotations": [["x" * 90] * 100] * 200, "messageId": "msg_1"},
        {"metadata": {f"k{number}": "v" * 50 for number in range(30_000)}, "threadId": "thread_1"},
    ],
)
def test_what_cannot_be_cut_sensibly_is_a_plain_failure_with_its_id(data: Json) -> None:
    ids = {name: value for name, value in data.items() if name.endswith("Id")}
    for answer in (wrap_answer(Answer(data)), wrap_failure(Failure(502, "no", data))):
        assert (answer["statusCode"], answer["body"]["success"], answer["body"]["data"]) == (502, False, ids)
    assert (
        wrap_answer(Answer(data))["body"]["error"]
        == "the answer is longer than the 1 MB that the platform sends"
    )


@pytest.mark.parametrize(
    "data",
    [
        {"parsed": list(range(300_000)), "response": "x", "runId": "run_1"},
        {"messages": [{"messageId": "m", "content": "\x00" * 500_000}], "hasMore": False, "lastId": "m"},
        {"response": "\U0001f600" * 300_000, "messages": [{"content": "\U0001f600" * 300_000}]},
    ],
)
def test_what_can_be_cut_is_sent(data: Json) -> None:
    answer = wrap_answer(Answer(data))
    assert answer["statusCode"] == 200
    assert len(json.dumps(answer["body"], ensure_ascii=False).encode()) <= MAX_BYTES
