"""Streams of responses: every event in the shape of the SDK's types, replays, and what may go wrong."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import APIConnectionError, APITimeoutError, BadRequestError, OpenAI

from local.emulator.event_streams import REPLAY_SECONDS
from local.emulator.item_events import MAX_PIECES, split_text
from local.emulator.server import Emulator, start_emulator
from local.emulator.stream_faults import StreamFaults
from tests.emulator.conftest import make_client

Events = list[Any]  # of the SDK's types
FUNCTION: Any = {"type": "function", "name": "f", "parameters": {}, "strict": False}
SEARCH: Any = {"type": "file_search", "vector_store_ids": ["vs_1"]}
PYTHON: Any = {"type": "code_interpreter", "container": {"type": "auto"}}
TEXT_EVENTS = [
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
]


def stream(client: OpenAI, asked: str, **settings: Any) -> Events:
    """All events of a response in the background; the SDK refuses one that does not fit its type."""
    wanted: dict[str, Any] = {"model": "m", "input": asked, "background": True, **settings}
    return list(client.responses.create(**wanted, stream=True))


def kinds(events: Events) -> list[str]:
    """Their types, those that follow each other once."""
    found: list[str] = []
    for event in events:
        if found[-1:] != [event.type]:
            found.append(event.type)
    return found


def join_deltas(events: Events, kind: str = "response.output_text") -> str:
    return "".join(event.delta for event in events if event.type == f"{kind}.delta")


def read_last(events: Events) -> Any:
    """The response of the last event."""
    return events[-1].response


@contextmanager
def begin(client: OpenAI, asked: str, **settings: Any) -> Iterator[str]:
    """The id of a response whose stream was hung up at its first event."""
    wanted: dict[str, Any] = {"model": "m", "input": asked, "background": True, **settings}
    with client.responses.create(**wanted, stream=True) as begun:
        response_id = next(iter(begun)).response.id
    yield response_id


# ---------------------------------------------------------------- events


def test_a_response_is_told_from_its_creation_to_its_end(client: OpenAI) -> None:
    conversation = client.conversations.create()
    events = stream(client, "/say Hello my friend", conversation=conversation.id)
    begin, end = ["created", "queued", "in_progress"], ["completed"]
    assert kinds(events) == [
        *(f"response.{one}" for one in begin),
        *TEXT_EVENTS,
        *(f"response.{one}" for one in end),
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.delta for event in events if event.type == "response.output_text.delta"] == [
        "Hello ",
        "my ",
        "friend",
    ]
    statuses = [event.response.status for event in events if hasattr(event, "response")]
    assert statuses == ["queued", "queued", "in_progress", "completed"]
    last = read_last(events)
    assert last == client.responses.retrieve(last.id)
    listed = client.conversations.items.list(conversation.id, order="asc").data
    assert [item.id for item in listed][1:] == [last.output[0].id]


def test_a_response_in_the_foreground_is_never_queued(client: OpenAI) -> None:
    events = stream(client, "x", background=False)
    assert kinds(events)[:2] == ["response.created", "response.in_progress"]
    assert read_last(events).status == "completed"


def test_a_response_that_is_not_stored_is_told_too(client: OpenAI) -> None:
    events = stream(client, "/say a", background=False, store=False)
    assert read_last(events).output_text == "a"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("/reasoning", ["reasoning_summary_part.added", "reasoning_summary_text.delta"]),
        ("/refuse", ["content_part.added", "refusal.delta", "refusal.done"]),
        ("/call f {}", ["function_call_arguments.delta", "function_call_arguments.done"]),
        ("cite", ["file_search_call.in_progress", "file_search_call.searching"]),
        ("cite", ["output_text.annotation.added", "output_text.done"]),
        (
            "/python 1 + 1",
            ["code_interpreter_call_code.delta", "code_interpreter_call_code.done"],
        ),
        ("/python 1 + 1", ["code_interpreter_call.interpreting", "code_interpreter_call.completed"]),
    ],
)
def test_every_kind_of_item_is_told_in_its_own_events(client: OpenAI, asked: str, told: list[str]) -> None:
    found = kinds(stream(client, asked, tools=[FUNCTION, SEARCH, PYTHON]))
    place = found.index(f"response.{told[0]}")
    assert found[place : place + len(told)] == [f"response.{one}" for one in told]


def test_items_are_told_in_the_order_of_the_output(client: OpenAI) -> None:
    asked = "/reasoning\n/think aloud\n/python 1\n/two"
    events = stream(client, asked, tools=[PYTHON])
    done = [event.item for event in events if event.type == "response.output_item.done"]
    begun = [event.item.id for event in events if event.type == "response.output_item.added"]
    output = read_last(events).output
    assert [item.id for item in done] == begun == [item.id for item in output]
    assert [item.type for item in done] == [
        "reasoning",
        "message",
        "code_interpreter_call",
        "message",
        "message",
    ]


def test_the_deltas_join_to_the_whole(client: OpenAI) -> None:
    events = stream(client, '/call f {"a": "b c", "d": 1}', tools=[FUNCTION])
    assert join_deltas(events, "response.function_call_arguments") == '{"a": "b c", "d": 1}'
    events = stream(client, "/length 5000")
    assert join_deltas(events) == read_last(events).output_text


@pytest.mark.parametrize("text", ["", "  a  b\n\nc ", "word", "x " * 10_000, "y" * 9_999])
def test_a_text_is_split_between_its_words_and_into_few_pieces(text: str) -> None:
    pieces = split_text(text)
    assert "".join(pieces) == text
    assert len(pieces) <= MAX_PIECES
    assert all(piece[:-1].rstrip() == piece[:-1] or piece[-1:].isspace() for piece in pieces)


def test_what_a_tool_found_is_told_to_those_who_ask_for_it(client: OpenAI) -> None:
    def results(**settings: Any) -> list[Any]:
        events = stream(client, "cite", tools=[SEARCH], **settings)
        done = [event.item for event in events if event.type == "response.output_item.done"]
        return [done[0].results, read_last(events).output[0].results]

    assert results() == [None, None]
    assert all(results(include=["file_search_call.results"]))


@pytest.mark.parametrize(
    ("asked", "kind", "status"),
    [
        ("/fail server_error", "response.failed", "failed"),
        ("/incomplete", "response.incomplete", "incomplete"),
    ],
)
def test_an_end_that_is_none_has_its_event(client: OpenAI, asked: str, kind: str, status: str) -> None:
    events = stream(client, asked)
    assert events[-1].type == kind
    assert read_last(events).status == status


def test_a_cancelled_response_ends_as_one_that_failed(client: OpenAI) -> None:
    with begin(client, "/wait 20") as response_id:
        client.responses.cancel(response_id)
        (*_, last) = client.responses.retrieve(response_id, stream=True)
    assert last.type == "response.failed"
    assert last.response.status == "cancelled"


@pytest.mark.parametrize("wanted", [None, {"include_obfuscation": True}, {"include_obfuscation": False}])
def test_deltas_are_obfuscated_unless_that_is_declined(client: OpenAI, wanted: Any) -> None:
    events = stream(client, "/say a b", **({"stream_options": wanted} if wanted else {}))
    extra = [getattr(event, "obfuscation", None) for event in events if event.type.endswith(".delta")]
    assert extra
    assert all(map(bool, extra)) is (wanted != {"include_obfuscation": False})
    assert not any(hasattr(event, "obfuscation") for event in events if not event.type.endswith(".delta"))


# ---------------------------------------------------------------- while it is written


def test_words_are_told_while_the_response_is_written(client: OpenAI) -> None:
    wanted: dict[str, Any] = {"model": "m", "input": "/pace 20\n/say a b c", "background": True}
    with client.responses.create(**wanted, stream=True) as events:
        response_id = next(iter(events)).response.id
        first = next(event for event in events if event.type == "response.output_text.delta")
        seen = client.responses.retrieve(response_id)
        assert (first.delta, seen.status, seen.output) == ("a ", "in_progress", [])
        client.responses.cancel(response_id)
        assert [event.type for event in events] == ["response.failed"]


def test_a_response_in_the_background_goes_on_when_its_client_hangs_up(
    client: OpenAI, ended: Callable[[str], Any]
) -> None:
    with begin(client, "/pace 0.01\n/say a b c") as response_id:
        assert ended(response_id).output_text == "a b c"


def test_one_in_the_foreground_does_not(client: OpenAI, ended: Callable[[str], Any]) -> None:
    with begin(client, "/pace 0.01\n/length 2000", background=False) as response_id:
        assert ended(response_id).status == "cancelled"


def test_two_may_read_the_same_stream(client: OpenAI) -> None:
    with begin(client, "/pace 0.01\n/say a b c") as response_id:
        streams = [
            client.responses.retrieve(response_id, stream=True, include_obfuscation=False) for _ in range(2)
        ]
        first, second = (list(one) for one in streams)
    assert first == second
    assert first[-1].type == "response.completed"


# ---------------------------------------------------------------- once more


def test_a_stream_can_be_taken_up_from_any_event(client: OpenAI) -> None:
    events = stream(client, "/say a b c", stream_options={"include_obfuscation": False})
    response_id = read_last(events).id
    assert list(client.responses.retrieve(response_id, stream=True, include_obfuscation=False)) == events
    rest = client.responses.retrieve(response_id, stream=True, starting_after=4, include_obfuscation=False)
    assert list(rest) == events[5:]
    assert list(client.responses.retrieve(response_id, stream=True, starting_after=len(events))) == []


def test_a_stream_of_one_that_goes_on_is_read_to_its_end(client: OpenAI) -> None:
    with begin(client, "/pace 0.01\n/say a b c d") as response_id:
        events = list(client.responses.retrieve(response_id, stream=True))
    assert events[0].type == "response.created"
    assert join_deltas(events) == "a b c d"


def test_one_that_was_not_created_as_a_stream_is_not_streamed(client: OpenAI) -> None:
    created = client.responses.create(model="m", input="x")
    with pytest.raises(BadRequestError, match=r"stream=true") as refusal:
        client.responses.retrieve(created.id, stream=True)
    assert refusal.value.param == "stream"


def test_after_five_minutes_there_is_no_stream() -> None:
    now = time.time()
    with start_emulator(clock=lambda: now) as emulator, make_client(emulator.url) as client:
        response_id = read_last(stream(client, "x")).id
        now += REPLAY_SECONDS
        assert list(client.responses.retrieve(response_id, stream=True))
        now += 1
        with pytest.raises(BadRequestError, match="more than 5 minutes old") as refusal:
            client.responses.retrieve(response_id, stream=True)
        assert refusal.value.param == "stream"
        assert client.responses.retrieve(response_id).status == "completed"


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("stream=1", None),
        ("starting_after=1", "starting_after"),
        ("include_obfuscation=false", "include_obfuscation"),
        ("stream=true&starting_after=-1", "starting_after"),
        ("stream=true&nonsense=1", "nonsense"),
    ],
)
def test_a_wrong_query_is_refused(
    client: OpenAI, refused: Callable[..., dict[str, Any]], query: str, param: str | None
) -> None:
    response_id = read_last(stream(client, "x")).id
    error = refused(f"/responses/{response_id}?{query}", method="GET")
    assert error["param"] in (param, "stream")


def test_a_deleted_response_leaves_no_stream_open(client: OpenAI) -> None:
    with (
        begin(client, "/wait 20") as response_id,
        client.responses.retrieve(response_id, stream=True) as events,
    ):
        next(iter(events))
        client.responses.delete(response_id)
        with suppress(APIConnectionError):
            list(events)


def test_a_stream_outlives_the_emulator(tmp_path: Path) -> None:
    """What a killed one told is told again, and that it failed."""
    with start_emulator(str(tmp_path / "db")) as emulator, make_client(emulator.url) as client:
        with begin(client, "/wait 20") as response_id:
            pass
        whole = stream(client, "/say a b", stream_options={"include_obfuscation": False})
    with start_emulator(str(tmp_path / "db")) as emulator, make_client(emulator.url) as client:
        replayed = client.responses.retrieve(read_last(whole).id, stream=True, include_obfuscation=False)
        assert list(replayed) == whole
        broken = list(client.responses.retrieve(response_id, stream=True))
        assert kinds(broken)[-2:] == ["response.in_progress", "response.failed"]


# ---------------------------------------------------------------- what may go wrong


@pytest.fixture
def faults(emulator: Emulator) -> Iterator[StreamFaults]:
    """The emulator's switches, all off again after the test."""
    yield emulator.stream_faults
    vars(emulator.stream_faults).update(vars(StreamFaults()))


def read_lines(http: httpx.Client, body: dict[str, Any], count: int) -> list[str]:
    """The first lines of a stream."""
    wanted = {"model": "m", "input": "/say a b", "background": True, "stream": True, **body}
    with http.stream("POST", "/responses", json=wanted) as answer:
        lines = answer.iter_lines()
        return [next(lines) for _ in range(count)]


def test_a_stream_that_breaks_off_can_be_taken_up(client: OpenAI, faults: StreamFaults) -> None:
    faults.drop_after = 3
    wanted: dict[str, Any] = {"model": "m", "input": "/say a b", "background": True}
    got: list[Any] = []
    with pytest.raises(APIConnectionError):
        got.extend(client.responses.create(**wanted, stream=True))
    with client.responses.create(**wanted, stream=True) as events:
        got = [next(iter(events)) for _ in range(3)]
    assert [event.sequence_number for event in got] == [0, 1, 2]
    again = list(client.responses.retrieve(got[0].response.id, stream=True, starting_after=2))
    assert again[-1].type == "response.completed"
    faults.also_replays = True
    with pytest.raises(APIConnectionError):
        list(client.responses.retrieve(got[0].response.id, stream=True))


def test_a_stream_may_stall(emulator: Emulator, faults: StreamFaults) -> None:
    faults.stall_after = 2
    with make_client(emulator.url).with_options(timeout=0.1) as client:
        wanted: dict[str, Any] = {"model": "m", "input": "x", "background": True}
        with client.responses.create(**wanted, stream=True) as events:
            assert [next(iter(events)).sequence_number for _ in range(2)] == [0, 1]
            with pytest.raises(APITimeoutError):
                next(iter(events))


def test_a_stream_may_trickle(http: httpx.Client, faults: StreamFaults) -> None:
    faults.trickle_after = 1
    lines = read_lines(http, {}, 9)
    assert lines[0] == "event: response.created"
    assert lines[3::2] == [": still here"] * 3


def test_the_first_event_may_be_late(client: OpenAI, faults: StreamFaults) -> None:
    faults.first_event_seconds = 0.05
    began = time.monotonic()
    events = stream(client, "x")
    assert time.monotonic() - began >= 0.05
    assert events[-1].type == "response.completed"


def test_noise_lies_between_the_events(http: httpx.Client, faults: StreamFaults) -> None:
    faults.noise = True
    assert read_lines(http, {}, 3) == [": nobody knows this", "", "event: response.unheard_of"]


def test_json_may_come_in_place_of_a_stream(
    http: httpx.Client, faults: StreamFaults, ended: Callable[[str], Any]
) -> None:
    faults.json = True
    body = {"model": "m", "input": "/say a", "background": True, "stream": True}
    answer = http.post("/responses", json=body)
    assert (answer.headers["content-type"], answer.json()["status"]) == ("application/json", "queued")
    assert ended(answer.json()["id"]).output_text == "a"


def test_an_answer_may_be_empty_though_the_response_goes_on(
    http: httpx.Client, client: OpenAI, faults: StreamFaults
) -> None:
    faults.empty = True
    conversation = client.conversations.create()
    body = {"model": "m", "input": "x", "background": True, "stream": True, "conversation": conversation.id}
    answer = http.post("/responses", json=body)
    assert (answer.status_code, answer.content) == (200, b"")
    deadline = time.monotonic() + 5
    while not client.conversations.items.list(conversation.id).data:
        assert time.monotonic() < deadline


def test_background_and_stream_may_be_refused_together(
    http: httpx.Client, client: OpenAI, emulator: Emulator, faults: StreamFaults
) -> None:
    faults.refuses_background = True
    stored = emulator.database.number("SELECT count(*) FROM responses")
    body = {"model": "m", "input": "x", "background": True, "stream": True}
    answer = http.post("/responses", json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])
    assert emulator.database.number("SELECT count(*) FROM responses") == stored
    assert stream(client, "x", background=False)


@pytest.mark.parametrize("is_streamed", [True, False])
def test_the_lock_may_outlast_the_end(is_streamed: bool) -> None:
    now = time.time()
    faults = StreamFaults(lock_seconds=2)
    with (
        start_emulator(clock=lambda: now, stream_faults=faults) as emulator,
        make_client(emulator.url) as client,
    ):
        conversation = client.conversations.create()
        wanted: dict[str, Any] = {"model": "m", "input": "x", "conversation": conversation.id}
        if is_streamed:
            list(client.responses.create(**wanted, stream=True))
        else:
            client.responses.create(**wanted)
        for refused in (
            lambda: client.responses.create(**wanted),
            lambda: client.conversations.items.create(
                conversation.id, items=[{"role": "user", "content": "x"}]
            ),
        ):
            with pytest.raises(BadRequestError) as refusal:
                refused()
            assert refusal.value.code == "conversation_locked"
        now += 2
        assert client.responses.create(**wanted).status == "completed"


def test_an_emulator_that_ends_waits_for_no_stream() -> None:
    with start_emulator() as emulator, make_client(emulator.url) as client:
        wanted: dict[str, Any] = {"model": "m", "input": "/wait 20", "background": True}
        events = client.responses.create(**wanted, stream=True)
        next(iter(events))
        began = time.monotonic()
    assert time.monotonic() - began < 0.9
    with pytest.raises(APIConnectionError):
        list(events)
