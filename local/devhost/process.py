"""A process of its own with the function loaded: one call at a time."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .events import Dialect, refuse_constant
from .project import Function

WORKER_FILE = Path(__file__).with_name("worker.py")
NOT_SOURCE = frozenset({"virtualenv", "__pycache__"})

Log = Callable[[str], None]


class WorkerDiedError(Exception):
    """The process ended before it answered."""


class NotJsonError(Exception):
    """The process answered something that is no JSON."""


class Worker:
    """One process with the function loaded."""

    def __init__(
        self, function: Function, python: str, dialect: Dialect, virtualenv: Path | None, log: Log
    ) -> None:
        self.version = source_version(function.folder)
        self.channel, theirs = socket.socketpair()
        with theirs:
            options = [str(theirs.fileno()), dialect, str(virtualenv or "")]
            self.process = subprocess.Popen(
                [python, "-B", str(WORKER_FILE), str(function.folder), *options],
                cwd=function.folder,
                env=_make_environment(function, python),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in the terminal is devhost's to handle
            )
        self.received = b""
        self.logger = threading.Thread(target=self._copy_output, args=(log,), daemon=True)
        self.logger.start()

    def call(self, message: Mapping[str, Any], deadline: float) -> Any:
        """main's result. deadline is in time.monotonic() seconds: raises TimeoutError when it passes."""
        # Lone surrogates turn into "?" on the way in, as they do in the platform's JVM.
        line = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        try:
            self.channel.settimeout(_seconds_until(deadline))
            self.channel.sendall(line)
            return _parse(self._read_line(deadline))
        except ConnectionError:
            raise WorkerDiedError("the function's process ended") from None

    def kill(self) -> None:
        """End the process and whatever it started; a call under way raises WorkerDiedError."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill, and free what belongs to the process; not while a call is under way."""
        self.kill()
        self.process.wait()
        self.channel.close()
        self.logger.join(timeout=1)

    def _read_line(self, deadline: float) -> bytes:
        while b"\n" not in self.received:
            self.channel.settimeout(_seconds_until(deadline))
            piece = self.channel.recv(1 << 20)
            if not piece:
                raise WorkerDiedError("the function's process ended")
            self.received += piece
        line, _, self.received = self.received.partition(b"\n")
        return line

    def _copy_output(self, log: Log) -> None:
        assert self.process.stdout is not None  # noqa: S101
        with self.process.stdout as output:
            for line in output:
                log(line.decode("utf-8", "replace").rstrip("\n"))


def source_version(folder: Path) -> int:
    """A number that changes when a file of the function is edited, added or removed."""
    stamps = []
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_SOURCE]
        for name in files:
            with suppress(FileNotFoundError):  # an editor's temporary file
                stamps.append((here, name, os.stat(os.path.join(here, name)).st_mtime_ns))
    return hash(tuple(sorted(stamps)))


def _make_environment(function: Function, python: str) -> dict[str, str]:
    """What the platform gives a process: no HOME, no LANG, a PATH that is the virtualenv's."""
    given = {
        "PATH": str(Path(python).parent),
        "PYTHONIOENCODING": "UTF-8",
        "__OW_API_HOST": "http://127.0.0.1",
        "__OW_NAMESPACE": "fn-local",
        "__OW_ACTION_NAME": "/fn-local/v1/openai",
        "__OW_ACTION_VERSION": "0.0.1",
    }
    return given | dict(function.environment)


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line, parse_constant=refuse_constant)
    except ValueError:
        raise NotJsonError("The action did not return a dictionary or array.") from None


def _seconds_until(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
