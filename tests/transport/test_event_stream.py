"""Server-sent events are read as the standard says, however their bytes are cut."""

from collections.abc import Iterator

import pytest

from assistants_transport.event_stream import MAX_EVENT_BYTES, read_events, write_event

STREAM = (
    'event: a\ndata: {"n": 1}\n\n: a comment\n\ndata: two\ndata:  lines\nid: 7\nretry: 9\nodd\n\ndata: ü\n\n'
)
EVENTS = [("a", '{"n": 1}'), ("", "two\n lines"), ("", "ü")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_every_line_end_and_every_cut_give_the_same_events(end: str, size: int) -> None:
    content = STREAM.replace("\n", end).encode()
    chunks = [content[start : start + size] for start in range(0, len(content), size)]
    assert list(read_events(chunks)) == EVENTS


def test_an_event_is_there_as_soon_as_its_last_byte_is() -> None:
    chunks = iter([b"data: 1\n", b"\n", b"data: 2\n\n"])
    events = read_events(chunks)
    assert next(events).data == "1"
    assert list(chunks) == [b"data: 2\n\n"]


def test_an_event_without_data_is_none_and_names_no_other() -> None:
    assert list(read_events([b"event: a\n\ndata: 1\n\n"])) == [("", "1")]


def test_the_end_of_the_stream_ends_the_last_event() -> None:
    assert list(read_events([b"event: a\ndata: 1"])) == [("a", "1")]


def test_a_byte_order_mark_is_no_part_of_a_field() -> None:
    assert list(read_events([b"", b"\xef\xbb\xbfdata: 1\n\n"])) == [("", "1")]


def test_bytes_that_are_no_text_do_not_end_the_stream() -> None:
    assert [event.data for event in read_events([b"data: \xff\n\ndata: 2\n\n"])] == ["�", "2"]


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"data: " + b"x" * 65_536 + b"\n"])
def test_an_event_without_end_is_refused_before_it_fills_the_memory(piece: bytes) -> None:
    asked = 0

    def pour() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += len(piece)
            yield piece

    with pytest.raises(ValueError, match="too long"):
        list(read_events(pour()))
    assert asked <= MAX_EVENT_BYTES + 2 * len(piece)


def test_what_is_written_can_be_read() -> None:
    content = write_event("thread.created", '{"id": "thread_1"}') + write_event("done", "[DONE]")
    assert list(read_events([content])) == [("thread.created", '{"id": "thread_1"}'), ("done", "[DONE]")]
