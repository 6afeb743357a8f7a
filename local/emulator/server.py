"""The emulator on a real socket: in the foreground for `make run`, in a thread for tests."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType

import uvicorn

from local.emulator.app import DEFAULT_CONTEXT_TOKENS, Seen, make_app
from local.emulator.database import Database
from local.emulator.echo import EchoModel
from local.emulator.event_log import BrokenOffError, EventLog
from local.emulator.models import Model
from local.emulator.stream_faults import StreamFaults

HOST = "127.0.0.1"
BACKLOG = 512
START_TIMEOUT_SECONDS = 10.0
SHUTDOWN_TIMEOUT_SECONDS = 1
CHECK_SECONDS = 0.005
IDLE_SECONDS = 75


class Server(uvicorn.Server):
    """Breaks the streams off when it is told to end, instead of waiting for their end."""

    def __init__(self, log: EventLog, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.log = log
        logging.getLogger("uvicorn.error").addFilter(is_news)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End."""
        self.log.close()
        await super().shutdown(sockets)


def is_news(record: logging.LogRecord) -> bool:
    """Whether to log it: a stream that breaks off was told to."""
    return not (record.exc_info and isinstance(record.exc_info[1], BrokenOffError))


class Emulator:
    """A running emulator: `url` (ends in /v1), `requests` seen, `connections` seen, `stop()`.

    A context manager that stops it. `database` is a path; without one nothing outlives it. `key` is the only
    accepted key; without one any key but `wrong` is. `port` 0 takes a free one. `clock` gives the Unix time
    of all that is made. `refuses` are fields of POST /responses that it answers with 400, such as
    `prompt_cache_key`: so a test sees how a client gets on with a server that does not know them.
    `stream_faults` are switches that a test may turn while it runs.
    """

    def __init__(
        self,
        database: str = ":memory:",
        *,
        model: Model | None = None,
        key: str | None = None,
        context_tokens: int = DEFAULT_CONTEXT_TOKENS,
        refuses: frozenset[str] = frozenset(),
        port: int = 0,
        clock: Callable[[], float] = time.time,
        stream_faults: StreamFaults | None = None,
    ) -> None:
        self.seen = Seen()
        self.stream_faults = stream_faults or StreamFaults()
        self.socket = listen(port)
        self.port: int = self.socket.getsockname()[1]
        self.database = Database(database)
        self.log = EventLog(self.database)
        app = make_app(
            self.database,
            model or EchoModel(),
            key=key,
            context_tokens=context_tokens,
            refuses=refuses,
            seen=self.seen,
            clock=clock,
            log=self.log,
            stream_faults=self.stream_faults,
        )
        self.server = Server(
            self.log,
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                ws="none",
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
            ),
        )
        self.thread = threading.Thread(target=self.serve, name="emulator", daemon=True)

    @property
    def url(self) -> str:
        """Base URL for clients."""
        return f"http://{HOST}:{self.port}/v1"

    @property
    def requests(self) -> list[tuple[str, str]]:
        """(method, path) of every request so far."""
        return self.seen.requests

    @property
    def connections(self) -> int:
        """How many connections clients have made requests on so far."""
        return len(self.seen.connections)

    def serve(self) -> None:
        """Serve until stopped; in the main thread SIGINT and SIGTERM stop it."""
        try:
            self.server.run(sockets=[self.socket])
        finally:
            self.socket.close()
            self.database.close()

    def start(self) -> "Emulator":
        """Serve in a thread; back when it answers."""
        self.thread.start()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self.server.started:
            if time.monotonic() > deadline or not self.thread.is_alive():
                raise RuntimeError("the emulator did not start")
            time.sleep(CHECK_SECONDS)
        return self

    def stop(self) -> None:
        """End it; back when it has ended."""
        self.server.should_exit = True
        if self.thread.is_alive():
            self.thread.join()

    def __enter__(self) -> "Emulator":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback interface."""
    # asyncio sets TCP_NODELAY only where the protocol is named: without it every answer waits 40 ms
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(BACKLOG)
    return listener


def start_emulator(
    database: str = ":memory:",
    *,
    model: Model | None = None,
    key: str | None = None,
    context_tokens: int = DEFAULT_CONTEXT_TOKENS,
    refuses: frozenset[str] = frozenset(),
    port: int = 0,
    clock: Callable[[], float] = time.time,
    stream_faults: StreamFaults | None = None,
) -> Emulator:
    """A running emulator in a thread of its own, on a free port: `with start_emulator() as emulator:`."""
    return Emulator(
        database,
        model=model,
        key=key,
        context_tokens=context_tokens,
        refuses=refuses,
        port=port,
        clock=clock,
        stream_faults=stream_faults,
    ).start()
