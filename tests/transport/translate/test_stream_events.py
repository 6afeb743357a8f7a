"""What becomes of each of today's events, and of streams that leave some out."""

import copy
import json
from contextlib import suppress
from typing import Any

import httpx2
import pytest

from tests.transport.fakes import CONVERSATION, make_agent, make_message, make_response, make_stream, send_raw
from tests.transport.streaming import Events, find_all, join_deltas, names, parse_stream

AHEAD = 4_000_000_000.0  # seconds of a time to come: a run that lasts would be noted
CREATED = {"type": "response.created", "response": make_response(status="in_progress", created_at=AHEAD)}
MESSAGE_BEGUN = ["run.step.created", "run.step.in_progress", "message.created", "message.in_progress"]
MESSAGE_DONE = ["message.completed", "run.step.completed"]


def stream(*events: Any, **ended: Any) -> Events:
    """The v2 events behind `run.in_progress`; `ended` are fields of the response as it ends, if it does."""
    last = [{"type": "response.completed", "response": make_response(**ended)}] if ended else []
    answers = {"/agents/agent_1": make_agent(), "/responses": make_stream(CREATED, *events, *last)}

    def upstream(request: httpx2.Request) -> httpx2.Response:
        answer = answers.get(request.url.path.removeprefix("/v1"), CONVERSATION)
        return answer if isinstance(answer, httpx2.Response) else httpx2.Response(200, json=answer)

    body = {"assistant_id": "asst_1", "stream": True}
    told = parse_stream(send_raw(upstream, "POST", "/threads/thread_1/runs", body))
    assert names(told)[:2] == ["run.created", "run.in_progress"]
    return told[2:]


def added(item: dict[str, Any], index: int = 0) -> dict[str, Any]:
    begun = item | {"status": "in_progress"} | ({"content": []} if "content" in item else {})
    return {"type": "response.output_item.added", "output_index": index, "item": begun}


def done(item: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def delta(text: str, index: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "type": "response.output_text.delta",
        "item_id": "msg_1",
        "output_index": index,
        "content_index": 0,
        "delta": text,
        **more,
    }


def cited(place: int, number: int = 0, **more: Any) -> dict[str, Any]:
    annotation = {"type": "file_citation", "file_id": "file_1", "filename": "a.txt", "index": place, **more}
    return {
        "type": "response.output_text.annotation.added",
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "annotation_index": number,
        "annotation": annotation,
    }


def message(text: str, *annotations: Any, number: int = 1, **changes: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": list(annotations)}
    return make_message(number, content=[part], **changes)


def call(number: int, arguments: str = "{}") -> dict[str, Any]:
    named = {"call_id": f"call_{number}", "name": "f", "arguments": arguments}
    return {"type": "function_call", "id": f"fc_{number}", "status": "completed", **named}


# ---------------------------------------------------------------- messages


def test_a_message_without_deltas_is_told_whole() -> None:
    whole = message("Hello")
    for events in ([], [added(whole)], [done(whole)], [added(whole), done(whole)]):
        told = stream(*events, output=[whole])
        assert names(told) == [*MESSAGE_BEGUN, "message.delta", *MESSAGE_DONE, "run.completed", "done"]
        assert join_deltas(told) == "Hello"


def test_deltas_that_lack_the_end_are_made_good() -> None:
    whole = message("Hello you")
    assert join_deltas(stream(added(whole), delta("Hello"), done(whole), output=[whole])) == "Hello you"


def test_deltas_of_another_text_are_not_continued_by_it() -> None:
    whole = message("Goodbye")
    told = stream(added(whole), delta("Hello"), done(whole), output=[whole])
    assert join_deltas(told) == "Hello"
    assert find_all(told, "message.completed")[0]["content"][0]["text"]["value"] == "Goodbye"


def test_a_message_is_told_once_though_its_id_changes() -> None:
    whole = message("Hello")
    other = whole | {"id": "msg_other"}
    told = stream(added(whole), delta("Hello"), done(whole), output=[other])
    assert names(told) == [*MESSAGE_BEGUN, "message.delta", *MESSAGE_DONE, "run.completed", "done"]


def test_the_parts_of_a_message_are_its_blocks() -> None:
    parts = [
        {"type": "output_text", "text": "a", "annotations": []},
        {"type": "refusal", "refusal": "b"},
    ]
    whole = make_message(1, content=parts)
    refusal = {"type": "response.refusal.delta", "output_index": 0, "content_index": 1, "delta": "b"}
    told = stream(added(whole), delta("a"), refusal, done(whole), output=[whole])
    assert [one["delta"]["content"][0] for one in find_all(told, "message.delta")] == [
        {"index": 0, "type": "text", "text": {"value": "a", "annotations": []}},
        {"index": 1, "type": "refusal", "refusal": "b"},
    ]


@pytest.mark.parametrize("is_told_at_first", [True, False])
def test_commentary_is_no_message(is_told_at_first: bool) -> None:
    aloud = message("Let me see", phase="commentary")
    begun = added(aloud) if is_told_at_first else added(message("Let me see"))
    answer = message("Yes", number=2)
    told = stream(begun, done(aloud), output=[aloud, answer])
    assert [one["id"] for one in find_all(told, "message.completed")] == ["msg_2"]
    assert [one["step_details"]["message_creation"] for one in find_all(told, "run.step.completed")] == [
        {"message_id": "msg_2"}
    ]


def test_a_message_that_never_ended_is_incomplete() -> None:
    told = stream(added(message("")), delta("Hel"), status="failed", output=[])
    assert names(told) == [
        *MESSAGE_BEGUN,
        "message.delta",
        "message.incomplete",
        "run.step.failed",
        "run.failed",
        "done",
    ]
    (incomplete,) = find_all(told, "message.incomplete")
    assert (incomplete["status"], incomplete["content"][0]["text"]["value"]) == ("incomplete", "Hel")


# ---------------------------------------------------------------- citations


def test_a_marker_is_a_delta_where_its_citation_comes_in_time() -> None:
    first, second = (cited(3)["annotation"], cited(7)["annotation"])
    whole = message("one two", first, second)
    events = [delta("one"), cited(3), delta(" two"), cited(7, 1), done(whole)]
    told = stream(added(whole), *events, output=[whole])
    (completed,) = find_all(told, "message.completed")
    text = completed["content"][0]["text"]
    assert text["value"] == join_deltas(told) == "one【0:0†source】 two【0:1†source】"
    shown = [
        one
        for part in find_all(told, "message.delta")
        for one in part["delta"]["content"][0]["text"]["annotations"]
    ]
    assert shown == [{"index": number, **one} for number, one in enumerate(text["annotations"])]


def test_a_marker_that_comes_too_late_stands_in_the_whole_message_alone() -> None:
    whole = message("one two", cited(3)["annotation"])
    told = stream(added(whole), delta("one two"), cited(3), done(whole), output=[whole])
    assert join_deltas(told) == "one two"
    (completed,) = find_all(told, "message.completed")
    assert completed["content"][0]["text"]["value"] == "one【0:0†source】 two"


@pytest.mark.parametrize(
    "event",
    [cited(3, type="url_citation", url="https://x"), cited(3) | {"annotation": None}, cited(3, type=None)],
)
def test_other_annotations_wait_for_the_whole_message(event: dict[str, Any]) -> None:
    whole = message("one")
    assert join_deltas(stream(added(whole), delta("one"), event, done(whole), output=[whole])) == "one"


# ---------------------------------------------------------------- steps


def test_calls_side_by_side_are_one_step_whatever_is_thought_between() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    told = stream(done(call(1)), done(thought, 1), done(call(2), 2), output=[call(1), thought, call(2)])
    begun = [one["delta"]["step_details"]["tool_calls"][0] for one in find_all(told, "run.step.delta")]
    assert [(one["index"], one["id"]) for one in begun if "id" in one] == [(0, "call_1"), (1, "call_2")]
    assert [one["id"] for one in find_all(told, "run.step.created")] == ["step_1"]


def test_calls_around_a_message_are_two_steps() -> None:
    output = [call(1), message("a", number=2), call(3)]
    told = stream(*(done(item, index) for index, item in enumerate(output)), output=output)
    assert [one["id"] for one in find_all(told, "run.step.created")] == ["step_1", "step_2", "step_3"]


def test_the_arguments_of_a_call_join_to_the_whole() -> None:
    whole = call(1, '{"a": 1}')
    pieces = [
        {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": one}
        for one in ('{"a"', ": ")
    ]
    told = stream(added(whole), *pieces, done(whole), output=[whole])
    deltas = [one["delta"]["step_details"]["tool_calls"][0] for one in find_all(told, "run.step.delta")]
    assert "".join(one["function"]["arguments"] for one in deltas) == '{"a": 1}'
    assert find_all(told, "run.requires_action")[0]["required_action"]["submit_tool_outputs"][
        "tool_calls"
    ] == [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]


def test_calls_of_a_run_that_fails_are_steps_that_failed() -> None:
    told = stream(added(call(1)), status="failed", output=[])
    assert names(told)[-3:] == ["run.step.failed", "run.failed", "done"]


# ---------------------------------------------------------------- what nobody knows


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "response.unheard_of", "output_index": 0, "delta": "x"},
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": "response.output_text.delta", "output_index": 9, "content_index": 0, "delta": "x"},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": None},
        {"type": "response.output_item.added", "output_index": 0},
        {"type": "response.output_item.added", "output_index": 7, "item": {"type": "hologram"}},
        {"type": "response.web_search_call.searching", "output_index": 5, "item_id": "ws_1"},
        "data: [1]\n\n",
        "data: not JSON\n\n",
        "event: ping\n\n",
        ": comment\r\n\r\n",
    ],
)
def test_what_nobody_knows_changes_nothing(odd: Any) -> None:
    whole = message("Hello")
    plain = [added(whole), delta("Hello"), done(whole)]
    expected = stream(*plain, output=[whole])
    for place in range(4):
        events = [*plain[:place], odd, *plain[place:]]
        assert names(stream(*events, output=[whole])) == names(expected)


def list_paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to everything in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in inner for found in [(*path, key), *list_paths(one, (*path, key))]]


@pytest.mark.parametrize("value", [None, "odd", [], {}, -1])
def test_whatever_is_wrong_in_a_stream_it_is_told_or_is_no_answer(value: Any) -> None:
    whole = message("one", cited(3)["annotation"])
    events = [added(whole), delta("one"), cited(3), done(whole), done(call(2), 1)]
    for path in list_paths(events):
        changed = copy.deepcopy(events)
        place: Any = changed
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        told = [f"data: {json.dumps(one)}\n\n" for one in changed]
        with suppress(httpx2.DecodingError):
            assert names(stream(*told, output=[whole, call(2)]))[-1] == "done"
