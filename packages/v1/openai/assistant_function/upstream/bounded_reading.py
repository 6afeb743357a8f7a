"""Reads OpenAI's answers, no more of them than the memory of the function holds: see project.yml."""

import gc
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import cast

import httpx2

from assistant_function import json_text

MAX_ANSWER_BYTES = 3 * 1024 * 1024  # in memory an emoji makes a text four times as long
MAX_ANSWER_VALUES = 100_000  # `[],[],[]`: in memory an empty list has 80 bytes
LARGE_ANSWER_BYTES = 256 * 1024
LARGE_PIECE_BYTES = 128 * 1024
M_MMAP_THRESHOLD = -3  # malloc.h of glibc
MAX_PIECE_BYTES = 256 * 1024
ENCODINGS = ("gzip", "deflate")
EITHER_HEADER = 47  # zlib's window bits for what begins like gzip or like deflate


class AnswerTooLong(httpx2.DecodingError):
    """An answer that is not read to its end, because it would not fit into the memory."""


def read_whole(response: httpx2.Response, request: httpx2.Request) -> bytes:
    """The decoded body. AnswerTooLong for more bytes, or more JSON values, than can be held."""
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_ANSWER_BYTES:
        raise AnswerTooLong(f"an answer of {length} bytes", request=request)
    parts, size = [], 0
    for part in iterate_decoded(response, request):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            parts.clear()  # the exception would keep them
            raise AnswerTooLong(f"an answer of more than {MAX_ANSWER_BYTES} bytes", request=request)
    if size > LARGE_ANSWER_BYTES:
        _make_room()
    content = b"".join(parts)
    if json_text.has_more_values(content, MAX_ANSWER_VALUES):
        raise AnswerTooLong(f"an answer of more than {MAX_ANSWER_VALUES} values", request=request)
    return content


def _make_room() -> None:
    """Frees what earlier long answers have left behind: httpx2's responses refer to themselves, and so stay
    until Python looks for such circles, which it does by the number of objects, not by their size."""
    gc.collect()
    _return_freed_memory()


@cache
def _return_freed_memory() -> None:
    """Has glibc give large pieces of memory back as soon as they are freed, from now on.

    By itself it keeps the more of them the larger they were: a warm process grows by each long answer."""
    with suppress(ImportError, OSError, AttributeError):  # another C library, or none that can be loaded
        import ctypes  # not loaded at every start

        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_PIECE_BYTES)


def iterate_decoded(response: httpx2.Response, request: httpx2.Request) -> Iterator[bytes]:
    """Short pieces of the body: httpx2 would make a gigabyte of a few bytes of gzip at once."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    stream = cast("httpx2.SyncByteStream", response.stream)
    if encoding == "identity":
        yield from stream
        return
    if encoding not in ENCODINGS:
        raise httpx2.DecodingError("the answer has an encoding that is not known", request=request)
    inflater = zlib.decompressobj(EITHER_HEADER)
    try:
        for part in stream:
            while part:
                yield inflater.decompress(part, MAX_PIECE_BYTES)
                part = inflater.unconsumed_tail
    except zlib.error as problem:
        raise httpx2.DecodingError(f"the answer is not {encoding}", request=request) from problem
