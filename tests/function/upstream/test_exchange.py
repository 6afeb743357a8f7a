"""One request and its answer: what is cut at the deadline, what comes in parts, what is kept open."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
import pytest

from assistant_function.request.deadline import Deadline
from assistant_function.upstream.exchange import MAX_STREAM_BYTES
from assistant_function.upstream.retrying import RetryingTransport, open_transport
from local.emulator.server import start_emulator
from tests.fake_upstream import SEND, THREAD_PARAMS
from tests.invoke import Context, Json, make_function

LONGEST_SECONDS = 2.0  # the deadline is after 0.3 s and the machine may be busy; a whole trickle takes 4 s
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT, END = b"event: done\ndata: [DONE]\n\n", b"0\r\n\r\n"


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[socket.socket]]]:
    """Starts a server that lets `answer` deal with each connection; yields its URL and the connections."""
    accepted: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            accepted.append(connection)
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", accepted
        listener.shutdown(socket.SHUT_RDWR)
    for connection in accepted:
        connection.close()


def trickle(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
        )
        for _ in range(200):
            connection.sendall(b" ")
            time.sleep(0.02)


def stay_silent(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(65536)


@pytest.mark.parametrize("answer", [trickle, stay_silent])
@pytest.mark.parametrize("params", [THREAD_PARAMS, SEND], ids=["read", "change"])
def test_an_answer_that_does_not_come_whole_is_cut_at_the_deadline(
    answer: Callable[[socket.socket], None], params: Json
) -> None:
    with server(answer) as (url, _):
        function = make_function({"OPENAI_BASE_URL": url, "ASSISTANTS_BACKEND": "native"})
        begun = time.monotonic()
        failed = function.main(params, Context(1_800))
        assert time.monotonic() - begun < LONGEST_SECONDS
    assert failed["statusCode"] == 504


def test_twenty_calls_share_one_connection() -> None:
    with start_emulator() as emulator:
        function = make_function({"OPENAI_BASE_URL": emulator.url})
        thread = function.data(action="create-thread")["threadId"]
        for _ in range(19):
            function.data(action="get-thread", threadId=thread)
        assert emulator.connections == 1


def test_a_connection_that_was_closed_in_between_costs_no_call() -> None:
    def once(connection: socket.socket) -> None:
        connection.recv(65536)
        body = b'{"object": "thread", "id": "thread_1"}'
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    with server(once) as (url, accepted):
        function = make_function({"OPENAI_BASE_URL": url, "ASSISTANTS_BACKEND": "native"})
        for _ in range(5):
            assert function.data(action="create-thread")["threadId"] == "thread_1"
            time.sleep(0.02)
        assert len(accepted) == 5


# ---------------------------------------------------------------- streams


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@contextmanager
def open_stream(
    url: str, seconds: float, max_silence_seconds: float = 10.0
) -> Iterator[tuple[httpx2.Response, Deadline]]:
    """A stream of the server there, and the deadline that bounds it."""
    deadline = Deadline(seconds)
    with RetryingTransport(open_transport(), deadline, max_silence_seconds) as transport:
        response = transport.handle_request(httpx2.Request("GET", f"{url}/stream"))
        with contextlib.closing(response):
            yield response, deadline


def test_a_stream_is_handed_out_as_it_comes() -> None:
    is_read = threading.Event()

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(STREAM_HEAD + chunk(b"first"))
        assert is_read.wait(5)
        connection.sendall(chunk(b"second") + END)

    with server(answer) as (url, _), open_stream(url, 5) as (response, _):
        parts = response.iter_bytes()
        assert next(parts) == b"first"
        is_read.set()
        assert b"".join(parts) == b"second"


def test_other_answers_are_read_whole() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        head = STREAM_HEAD.replace(b"text/event-stream", b"application/json")
        connection.sendall(head + chunk(b"{") + chunk(b"}") + END)

    with server(answer) as (url, _), open_stream(url, 5) as (response, _):
        assert response.content == b"{}"


def trickle_events(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(65536)
        connection.sendall(STREAM_HEAD)
        for _ in range(200):
            connection.sendall(chunk(b":"))
            time.sleep(0.02)


def flood_events(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(65536)
        connection.sendall(STREAM_HEAD)
        while True:
            connection.sendall(chunk(EVENT))


def stall(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(65536)
        connection.sendall(STREAM_HEAD + chunk(EVENT))
        connection.recv(65536)


@pytest.mark.parametrize("answer", [trickle_events, flood_events, stall])
def test_reading_a_stream_never_outlasts_the_deadline(answer: Callable[[socket.socket], None]) -> None:
    begun = time.monotonic()
    with server(answer) as (url, _), open_stream(url, 5) as (response, deadline):
        with deadline.narrowed(Deadline(0.1)), pytest.raises(httpx2.ReadTimeout):
            for _ in response.iter_bytes():
                pass
        assert deadline.left() > 1
    assert time.monotonic() - begun < LONGEST_SECONDS


def test_a_stream_that_falls_silent_is_given_up_before_the_deadline() -> None:
    with server(stall) as (url, _), open_stream(url, 60, max_silence_seconds=0.05) as (response, deadline):
        with pytest.raises(httpx2.ReadTimeout):
            list(response.iter_bytes())
        assert deadline.left() > 50


def test_the_first_part_of_a_stream_may_take_as_long_as_any_answer() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(STREAM_HEAD)
        time.sleep(0.1)
        connection.sendall(chunk(EVENT) + END)

    with server(answer) as (url, _), open_stream(url, 5, max_silence_seconds=0.01) as (response, _):
        assert list(response.iter_bytes()) == [EVENT]


def test_hanging_up_closes_the_connection_at_once() -> None:
    was_closed = threading.Event()

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(STREAM_HEAD + chunk(EVENT))
        if not connection.recv(65536):
            was_closed.set()

    with server(answer) as (url, _), open_stream(url, 60) as (response, _):
        assert next(response.iter_bytes()) == EVENT
        response.close()
        assert was_closed.wait(LONGEST_SECONDS)


@pytest.mark.parametrize("reads_to_the_end", [True, False])
def test_a_connection_whose_stream_came_to_its_end_serves_again(reads_to_the_end: bool) -> None:
    def answer(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(STREAM_HEAD + chunk(EVENT))
            connection.sendall(END)

    with server(answer) as (url, accepted), RetryingTransport(open_transport(), Deadline(5)) as transport:
        for _ in range(5):
            response = transport.handle_request(httpx2.Request("GET", f"{url}/stream"))
            parts = response.iter_bytes()
            assert next(parts) == EVENT
            assert not reads_to_the_end or list(parts) == []
            response.close()
        assert len(accepted) == 1


def test_a_stream_that_has_begun_is_not_asked_for_again() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(STREAM_HEAD + chunk(EVENT))
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    with server(answer) as (url, accepted), open_stream(url, 5) as (response, _):
        with pytest.raises(httpx2.RemoteProtocolError):
            list(response.iter_bytes())
        assert len(accepted) == 1


def test_a_stream_has_an_end() -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        parts = (b":" * 1024 * 1024 for _ in range(1000))
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=parts)

    transport = RetryingTransport(httpx2.MockTransport(answer), Deadline(60))
    response = transport.handle_request(httpx2.Request("GET", "http://upstream.test"))
    parts: list[int] = []
    with pytest.raises(httpx2.DecodingError, match="a stream of more than"):
        parts.extend(map(len, response.iter_bytes()))
    assert sum(parts) == MAX_STREAM_BYTES


def test_a_refusal_that_calls_itself_a_stream_is_read_whole() -> None:
    refusal = httpx2.Response(429, headers={"Content-Type": "text/event-stream"}, text="insufficient_quota")
    transport = RetryingTransport(httpx2.MockTransport(lambda _: refusal), Deadline(5))
    assert transport.handle_request(httpx2.Request("POST", "http://upstream.test")).content
