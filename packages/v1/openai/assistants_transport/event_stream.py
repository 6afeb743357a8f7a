"""Server-sent events, line by line: bytes in, small events out, and the other way round.

Imports nothing but the standard library, because whoever reads a stream at a cold start waits for it."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_EVENT_BYTES = 2 * 1024 * 1024  # the longest instructions, every character escaped, and room for the rest
_LINE_END = re.compile(rb"\r\n|\n|\r")


class ServerSentEvent(NamedTuple):
    """`name` is empty for an event that has none; `data` are its lines of data, joined by a newline."""

    name: str
    data: str


def read_events(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """The events that hold data, each as soon as its last byte is there, however the bytes are cut.

    Comments, ids and fields that nobody knows are passed over. An event that only the end of the stream ends
    counts too. ValueError for one of more than MAX_EVENT_BYTES."""
    name, data, size = "", [], 0
    for line in _read_lines(chunks):
        field, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode(errors="replace")
        size += len(line)
        if size > MAX_EVENT_BYTES:
            raise ValueError("an event of the stream is too long")
        if field == b"data":
            data.append(text)
        elif field == b"event":
            name = text
        elif not line:
            if data:
                yield ServerSentEvent(name, "\n".join(data))
            name, data, size = "", [], 0
    if data:
        yield ServerSentEvent(name, "\n".join(data))


def write_event(name: str, data: str) -> bytes:
    """`data` is one line, as JSON is."""
    return f"event: {name}\ndata: {data}\n\n".encode()


def _read_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines without their ends, which are \\n, \\r\\n or \\r. A byte order mark ahead is none of them."""
    begun: list[bytes] = []  # the pieces of a line whose end has not come yet
    size, is_first, ended_in_return = 0, True, False
    for chunk in chunks:
        if is_first and chunk:
            chunk, is_first = chunk.removeprefix(b"\xef\xbb\xbf"), False
        if ended_in_return and chunk:
            chunk, ended_in_return = chunk.removeprefix(b"\n"), False
        *lines, rest = _LINE_END.split(chunk)
        if lines:
            yield b"".join([*begun, lines[0]])
            yield from lines[1:]
            begun, size = [], 0
            ended_in_return = chunk.endswith(b"\r")
        begun.append(rest)
        size += len(rest)
        if size > MAX_EVENT_BYTES:
            raise ValueError("an event of the stream is too long")
    if line := b"".join(begun):
        yield line
