"""Ids carry the second in which they were made; the output of a response has the head of its id."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from openai import OpenAI

from local.emulator.echo import EchoModel
from local.emulator.server import start_emulator
from local.emulator.timed_ids import make_timed_id, read_head
from tests.emulator.conftest import make_client

FUNCTION = {"type": "function", "name": "weather", "parameters": {}}
FORM = re.compile(r"([a-z]+)_([0-9a-f]{16})00([0-9a-f]{8})[0-9a-f]{24}")


@dataclass
class Clock:
    """Stands still until a test moves it or the model waits; the fraction must not reach the ids."""

    seconds: float = 1_765_793_453.75

    def __call__(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(clock: Clock) -> Iterator[OpenAI]:
    """A client of an emulator that has this clock."""
    with (
        start_emulator(model=EchoModel(clock.sleep), clock=clock) as running,
        make_client(running.url) as made,
    ):
        yield made


def time_of(identifier: str | None) -> int:
    found = FORM.fullmatch(str(identifier))
    assert found, identifier
    return int(found[3], 16)


def test_the_time_stands_in_the_digits_19_to_26() -> None:
    digits = make_timed_id("resp", 1_765_793_453.9).removeprefix("resp_")
    assert (len(digits), digits[16:18], digits[18:26]) == (50, "00", "693fdead")


def test_an_id_has_a_head_of_its_own_or_the_one_given() -> None:
    first = make_timed_id("resp", 1)
    assert read_head(make_timed_id("resp", 1)) != read_head(first)
    assert read_head(make_timed_id("msg", 1, read_head(first))) == read_head(first)


def test_no_two_ids_of_one_second_and_head_are_the_same() -> None:
    assert len({make_timed_id("msg", 1, "0" * 16) for _ in range(1000)}) == 1000


def test_a_conversation_carries_its_creation(timed: OpenAI) -> None:
    conversation = timed.conversations.create()
    assert time_of(conversation.id) == conversation.created_at == 1_765_793_453


def test_an_item_carries_the_moment_it_was_added(timed: OpenAI, clock: Clock) -> None:
    items: Any = [{"role": "user", "content": "A"}]
    conversation = timed.conversations.create(items=items)
    clock.seconds += 60
    timed.conversations.items.create(conversation.id, items=items)
    listed = timed.conversations.items.list(conversation.id, order="asc").data
    assert [time_of(item.id) - conversation.created_at for item in listed] == [0, 60]


def test_a_response_carries_its_creation(timed: OpenAI) -> None:
    response = timed.responses.create(model="m", input="x")
    assert time_of(response.id) == response.created_at


def test_input_carries_the_moment_of_asking_and_output_that_of_answering(timed: OpenAI) -> None:
    conversation_id = timed.conversations.create().id
    response = timed.responses.create(model="m", conversation=conversation_id, input="/wait 5")
    listed = timed.conversations.items.list(conversation_id, order="asc").data
    assert [time_of(item.id) - time_of(response.id) for item in listed] == [0, 5]


def test_all_output_has_the_head_of_its_response_and_its_input_has_not(timed: OpenAI) -> None:
    conversation_id = timed.conversations.create().id
    asked: Any = {"model": "m", "conversation": conversation_id, "tools": [FUNCTION]}
    response = timed.responses.create(**asked, input="/reasoning\n/call weather")
    listed = timed.conversations.items.list(conversation_id, order="asc").data
    heads = [read_head(str(item.id)) == read_head(response.id) for item in listed]
    assert [item.type for item in listed] == ["message", "reasoning", "function_call"]
    assert heads == [False, True, True]


def test_an_agent_carries_no_time_in_its_id(timed: OpenAI) -> None:
    agent = timed.beta.agents.create(model="m")
    assert agent.created_at == 1_765_793_453
    assert f"{agent.created_at:x}" not in agent.id
