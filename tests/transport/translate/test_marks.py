"""Marks: written behind a message's text or ahead of a run's answer, and read by nobody but the transport."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_transport.translate.marks import (
    escape_text,
    find_message_mark,
    find_run_mark,
    make_run_mark,
    mark_from_key,
    mark_message,
    split_text,
)
from assistants_transport.translate.message import item_from_message, message_from_item
from assistants_transport.v2_errors import Json

GLYPHLESS = st.text(st.sampled_from("a\u2063\ufe00\ufe0f\u2764"), max_size=24)
IMAGE = {"type": "image_file", "image_file": {"file_id": "file-1"}}


def show(item: Json) -> list[Json]:
    """Lists the content that v2 shows of an item."""
    return [dict(block) for block in message_from_item({"id": "msg_1", **item}, "thread_1")["content"]]


@given(st.text(max_size=40) | GLYPHLESS, st.text(min_size=1, max_size=9))
def test_a_marked_text_is_shown_as_it_was_sent(text: str, key: str) -> None:
    mark = mark_from_key(key)
    item = {"type": "message", "role": "user", "content": escape_text(text)}
    marked = mark_message(item, mark)
    assert find_message_mark(marked) == mark
    assert split_text(marked["content"]) == (text, mark)


@given(GLYPHLESS)
def test_a_text_without_a_mark_has_none(text: str) -> None:
    shown, mark = split_text(escape_text(text))
    assert shown == text
    assert mark in (None, "00000000")


@pytest.mark.parametrize(
    "content", ["hi", [{"type": "text", "text": "hi"}], [{"type": "text", "text": "hi"}, IMAGE], [IMAGE]]
)
def test_every_kind_of_message_can_be_marked(content: object) -> None:
    item = item_from_message({"role": "user", "content": content})
    marked = mark_message(item, mark_from_key("a"))
    assert find_message_mark(marked) == mark_from_key("a")
    assert show(marked) == show(item)


def test_only_a_developers_message_marks_a_run() -> None:
    mark = make_run_mark("1a2b3c4d")
    assert find_run_mark(mark) == "1a2b3c4d"
    assert find_message_mark(mark) is None
    for role in ("user", "assistant"):
        assert find_run_mark({**mark, "role": role}) is None
    assert find_message_mark({**mark, "role": "assistant"}) is None, "a model may repeat a mark"


@pytest.mark.parametrize("content", [[], "", "hi", [{"type": "input_image"}], [{"text": None, "type": "x"}]])
def test_a_message_without_a_mark_has_none(content: object) -> None:
    assert find_message_mark({"type": "message", "role": "user", "content": content}) is None
