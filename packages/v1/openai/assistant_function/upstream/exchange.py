"""One request and its answer, within the time that a call has left."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Never, cast

import httpx2

from assistant_function.request.deadline import Deadline
from assistant_function.upstream.bounded_reading import AnswerTooLong, iterate_decoded, read_whole

MAX_STREAM_BYTES = 12 * 1024 * 1024  # none of it is kept
CHANGE_SHARE = 0.8  # of the time that is left
MAX_SILENCE_SECONDS = 10.0  # of a stream that has begun
END_SECONDS = 0.05  # what a stream whose reader has heard enough may take to its end
ENCODING_HEADERS = (b"content-encoding", b"content-length", b"transfer-encoding")  # not of the decoded body


class Exchange(httpx2.SyncByteStream):
    """One request, sent and read in a worker thread; its answer is taken in the caller's thread."""

    def __init__(
        self,
        request: httpx2.Request,
        inner: httpx2.BaseTransport,
        deadline: Deadline,
        max_silence_seconds: float,
    ) -> None:
        self._request, self._inner, self._deadline = request, inner, deadline
        self._max_silence_seconds = max_silence_seconds
        self._found: SimpleQueue[httpx2.Response | bytes | BaseException | None] = SimpleQueue()
        self._socket: socket.socket | None = None
        self._first_part_seconds, self._has_ended, self.is_read = 0.0, False, False

    # ------------------------------------------------------------ in the worker's thread

    def work(self) -> None:
        """Leaves the response, and the parts of a stream with a None behind them; or what went wrong."""
        try:
            last = self._send_and_read()
        except BaseException as problem:
            self._put_last(problem)
        else:
            self._put_last(last)

    def _put_last(self, found: httpx2.Response | BaseException | None) -> None:
        """The connection is free for the next request by now."""
        self.is_read = True
        self._found.put(found)

    def _send_and_read(self) -> httpx2.Response | None:
        response = self._inner.handle_request(self._request)
        try:
            if _is_event_stream(response):
                network = response.extensions.get("network_stream")
                self._socket = network.get_extra_info("socket") if network else None
                self._found.put(self._build_response(response, stream=self))
                self._read_parts(response)
                return None
            return self._build_response(response, content=read_whole(response, self._request))
        finally:
            response.close()

    def _read_parts(self, response: httpx2.Response) -> None:
        size = 0
        for part in iterate_decoded(response, self._request):
            size += len(part)
            if size > MAX_STREAM_BYTES:
                raise AnswerTooLong(f"a stream of more than {MAX_STREAM_BYTES} bytes", request=self._request)
            self._found.put(part)

    def _build_response(self, response: httpx2.Response, **body: Any) -> httpx2.Response:
        # The raw headers, because a header may hold more than ASCII.
        headers = [(k, v) for k, v in response.headers.raw if k.lower() not in ENCODING_HEADERS]
        return httpx2.Response(response.status_code, headers=headers, request=self._request, **body)

    # ------------------------------------------------------------ in the caller's thread

    def take_response(self, seconds: float) -> httpx2.Response:
        response = cast("httpx2.Response", self._take(seconds))
        self._first_part_seconds = self._deadline.left() * CHANGE_SHARE
        return response

    def __iter__(self) -> Iterator[bytes]:
        """The parts of a stream as they come; ReadTimeout at the deadline, even if there are more."""
        longest = self._first_part_seconds
        while (left := self._deadline.left()) > 0:
            part = self._take(min(left, longest))
            if not isinstance(part, bytes):
                return
            yield part
            longest = self._max_silence_seconds
        self._give_up()

    def close(self) -> None:
        """Hangs up, unless the stream comes to its end at once: its connection then serves again."""
        end = time.monotonic() + END_SECONDS
        with suppress(httpx2.RequestError):
            while not self._has_ended:
                self._take(max(0.0, end - time.monotonic()))

    def _take(self, seconds: float) -> httpx2.Response | bytes | None:
        try:
            found = self._found.get(timeout=seconds)
        except Empty:
            self._give_up()
        self._has_ended = found is None or isinstance(found, BaseException)
        if isinstance(found, BaseException):
            try:
                raise found
            finally:
                del found  # else it and this frame would keep each other, and all that the callers hold
        return found

    def _give_up(self) -> Never:
        """Leaves the worker to itself. Its connection is closed, or all are where it has no answer yet: else
        answers that trickle would use them up."""
        self._has_ended = True
        if self._socket is None:
            self._inner.close()
        else:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes the worker, which closes it
        raise httpx2.ReadTimeout("no whole answer in time", request=self._request)


class Workers:
    """Threads for exchanges: a socket's timeouts bound neither a name lookup nor a trickling answer.

    A thread is kept for the next exchange, unless it did not come back in time or reads a stream."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[Exchange | None]] = []

    def run(self, exchange: Exchange, seconds: float) -> httpx2.Response:
        try:
            worker = self._idle.pop()
        except IndexError:  # not asked before, because requests may be sent side by side
            worker = _start_worker()
        worker.put(exchange)
        try:
            return exchange.take_response(seconds)
        finally:
            if exchange.is_read:
                self._idle.append(worker)
            else:
                worker.put(None)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().put(None)


def _start_worker() -> "SimpleQueue[Exchange | None]":
    """Starts a thread that carries out what is put into the queue, until a None tells it to end."""
    tasks: SimpleQueue[Exchange | None] = SimpleQueue()

    def work() -> None:
        while exchange := tasks.get():
            exchange.work()
            del exchange  # an idle thread holds no answer

    threading.Thread(target=work, daemon=True).start()
    return tasks


def _is_event_stream(response: httpx2.Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return response.is_success and kind == "text/event-stream"
