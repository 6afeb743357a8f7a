"""An answer's text: all messages and parts in order, citation markers taken out and kept as annotations."""

from typing import Any

import httpx2
import pytest

from tests.fake_upstream import RUN, answer_always, answer_run, v2_list, v2_message, v2_run, v2_text
from tests.invoke import FakeClock, Json

MARKER = "【4:0†source】"
LIST: Json = {"action": "list-messages", "threadId": "thread_1"}


def present_run(*messages: Json) -> Json:
    done = answer_run(lambda _: httpx2.Response(200, json=v2_run()), *messages, clock=FakeClock())
    return done.function().data(**RUN)


def present_message(*parts: Json, **more: Any) -> Json:
    """Returns one message as list-messages shows it."""
    upstream = answer_always(200, v2_list(v2_message(*parts, **more)))
    message: Json = upstream.function().data(**LIST)["messages"][0]
    return message


def citation(text: str, start: int, end: int) -> Json:
    cited = {"file_citation": {"file_id": "file_1"}}
    return {"type": "file_citation", "text": text, "start_index": start, "end_index": end, **cited}


def test_all_messages_and_parts_come_in_order() -> None:
    run = present_run(v2_message(v2_text("one"), v2_text("two")), v2_message(v2_text("three"), id="msg_2"))
    assert run["response"] == "one\n\ntwo\n\nthree"
    assert [one["content"] for one in run["messages"]] == ["one\n\ntwo", "three"]


def test_messages_of_others_are_none_of_the_answer() -> None:
    other = v2_message(v2_text("other"), run_id="run_2", id="msg_2")
    user = v2_message(v2_text("asked"), run_id=None, role="user", id="msg_3")
    assert present_run(user, other, v2_message(v2_text("mine")))["response"] == "mine"


def test_a_run_without_text_has_an_empty_response() -> None:
    assert present_run()["response"] == ""


def test_markers_leave_the_text_and_stay_in_the_annotations() -> None:
    text = f"Yes{MARKER}. No{MARKER}!"
    run = present_run(v2_message(v2_text(text, citation(MARKER, 3, 15), citation(MARKER, 19, 31))))
    assert run["response"] == run["messages"][0]["content"] == "Yes. No!"
    places = [(one["text"], one["startIndex"], one["endIndex"]) for one in run["messages"][0]["annotations"]]
    assert places == [(MARKER, 3, 3), (MARKER, 7, 7)]
    assert list(run["messages"][0]["annotations"][0]) == [
        *("type", "text", "startIndex", "endIndex", "fileId", "filename", "containerId"),
        *("url", "title"),
    ]
    assert run["messages"][0]["annotations"][0]["fileId"] == "file_1"


@pytest.mark.parametrize("marker", [MARKER, "【1†a.pdf】", "【12:3††】", "【0†】"])
def test_a_marker_without_annotation_becomes_one(marker: str) -> None:
    message = present_message(v2_text(f"a{marker}b"))
    assert message["content"] == "ab"
    assert [(one["type"], one["text"]) for one in message["annotations"]] == [("file_citation", marker)]


@pytest.mark.parametrize("text", ["【note】", "【a†b】", "[4:0†source]", f"【1†{'x' * 300}】", "【1†a\nb】"])
def test_what_is_no_marker_stays(text: str) -> None:
    assert present_message(v2_text(text))["content"] == text


def test_places_count_over_all_parts() -> None:
    message = present_message(
        v2_text(f"ab{MARKER}"), v2_text("x"), v2_text(f"c{MARKER}d", citation(MARKER, 1, 13))
    )
    assert message["content"] == "ab\n\nx\n\ncd"
    assert [one["startIndex"] for one in message["annotations"]] == [2, 8]


def test_a_users_message_keeps_its_text() -> None:
    message = present_message(v2_text(f"Why {MARKER}?"), role="user", run_id=None)
    assert (message["content"], message["annotations"]) == (f"Why {MARKER}?", [])


def test_a_refusal_is_the_text() -> None:
    assert present_message({"type": "refusal", "refusal": "I will not."})["content"] == "I will not."


def test_images_stand_with_the_attachments() -> None:
    message = present_message(
        v2_text("look"),
        {"type": "image_file", "image_file": {"file_id": "file_2"}},
        {"type": "image_url", "image_url": {"url": "https://host/a.png"}},
        attachments=[{"file_id": "file_1", "tools": [{"type": "file_search"}]}],
    )
    assert message["content"] == "look"
    assert message["attachments"] == [
        {"fileId": "file_1", "tools": ["file_search"]},
        {"fileId": "file_2", "url": None},
        {"fileId": None, "url": "https://host/a.png"},
    ]


def test_a_url_citation_tells_its_page() -> None:
    cited = {"url": "https://host", "title": "Page"}
    annotation = {"type": "url_citation", "text": "", "start_index": 0, "end_index": 2, "url_citation": cited}
    (told,) = present_message(v2_text("ab", annotation))["annotations"]
    assert (told["url"], told["title"], told["startIndex"], told["endIndex"]) == (
        "https://host",
        "Page",
        0,
        2,
    )


@pytest.mark.parametrize("untold", [0, -3, None])
def test_a_time_that_is_not_told_is_null(untold: int | None) -> None:
    assert present_message(v2_text("a"), created_at=untold)["createdAt"] is None


def test_half_a_surrogate_pair_of_openai_does_not_stop_the_answer() -> None:
    content = b'{"object": "thread", "id": "thread_1", "created_at": 1, "metadata": {"k": "\\ud83d"}}'
    data = answer_always(200, content=content).function().data(action="get-thread", threadId="thread_1")
    assert data["metadata"] == {"k": "�"}


def test_a_number_that_json_does_not_know_does_not_stop_the_answer() -> None:
    content = b'{"object": "assistant", "id": "asst_1", "model": "m", "temperature": 1e999, "top_p": -1e999}'
    data = answer_always(200, content=content).function().data(action="get-assistant", assistantId="asst_1")
    assert (data["temperature"], data["topP"]) == (None, None)


@pytest.mark.parametrize(("order", "sent"), [(None, "asc"), ("asc", "asc"), ("desc", "desc")])
def test_messages_are_asked_for_oldest_first_and_a_hundred_at_once(order: Any, sent: str) -> None:
    upstream = answer_always(200, v2_list())
    data = upstream.function().data(**LIST, order=order)
    assert dict(upstream.seen[0].url.params) == {"order": sent, "limit": "100"}
    assert data == {
        "threadId": "thread_1",
        "messages": [],
        "hasMore": False,
        "firstId": None,
        "lastId": None,
    }


def test_a_list_that_does_not_say_that_it_is_one_is_understood() -> None:
    bare = {name: value for name, value in v2_list(v2_message(v2_text("a"))).items() if name != "object"}
    data = answer_always(200, bare).function().data(**LIST)
    assert [one["content"] for one in data["messages"]] == ["a"]
