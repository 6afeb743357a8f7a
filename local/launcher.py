"""Starts the emulator of OpenAI and the devhost, and waits until both are to end."""

import errno
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from . import devhost
from .announcement import ASSISTANT, Ids, announcement, is_set, token_name, warn_of_network
from .devhost.guard import EVERY_PAGE, Guard, is_local, parse_origins
from .devhost.host import find_address
from .devhost.project import local_variables

ROOT = Path(__file__).parents[1]
START_SECONDS = 120.0
TICK_SECONDS = 0.05
STOP_SECONDS = 5.0
LOCAL = "127.0.0.1"


class StartError(Exception):
    """Why nothing runs, in one line that says what to do."""


def run(stop: threading.Event, host: str | None = None) -> int:
    """Start both, print the calls to try, and wait for stop. Returns the exit status; raises StartError.

    Without host it listens where .env says, else to this computer alone."""
    try:
        variables = local_variables(ROOT)
    except devhost.ProjectError as problem:
        raise StartError(str(problem)) from None
    at_openai = uses_openai(variables)
    emulator_port = 0 if at_openai else _free_port()
    if not at_openai:
        variables |= emulator_settings(emulator_port)
    host = host or variables.get("HOST") or LOCAL
    with ExitStack() as stack:
        served = _start_devhost(stack, variables, host)
        emulator = None if at_openai else stack.enter_context(_run_emulator(emulator_port, variables))
        url = served.url.replace(LOCAL, "localhost")
        ready = start_in_background(lambda: _prepare(served.url, emulator_port, variables))
        warning = None if is_local(host) else warn_of_network(host, at_openai)
        return _watch(
            stop, emulator, ready, lambda ids: print(announcement(url, ids, variables, warning), flush=True)
        )


def uses_openai(variables: Mapping[str, str]) -> bool:
    """Whether .env holds a key, so that calls go to OpenAI instead of the emulator."""
    return is_set("OPENAI_API_KEY", variables)


def emulator_settings(port: int) -> dict[str, str]:
    """The settings that send the function to the emulator."""
    return {
        "OPENAI_API_KEY": "local-key",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
        "ASSISTANTS_BACKEND": "responses",
    }


def _start_devhost(stack: ExitStack, variables: Mapping[str, str], host: str) -> devhost.Host:
    port = os.environ.get("PORT") or variables.get("PORT") or "8080"
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) <= 65535:
        raise StartError(f"PORT is {port}, which is no port: use a number from 1 to 65535.")
    pages = parse_origins(variables.get("ALLOWED_ORIGINS", ""))
    guard = Guard(pages, host, log=lambda line: print(line, flush=True))
    try:
        function = devhost.read_project(ROOT, {**variables, **_admit_own_page(pages, host, port)})
        return stack.enter_context(devhost.serve(function, host=host, port=int(port), check=guard.check))
    except devhost.ProjectError as problem:
        raise StartError(str(problem)) from None
    except (OSError, UnicodeError) as problem:
        raise StartError(_cannot_listen(host, port, problem)) from None


def _admit_own_page(pages: frozenset[str], host: str, port: str) -> dict[str, str]:
    """ALLOWED_ORIGINS with the page that is served here: where only others are named, it could not call."""
    if not pages or EVERY_PAGE in pages:
        return {}
    own = [f"http://{name}:{port}" for name in ("localhost", find_address(host))]
    return {"ALLOWED_ORIGINS": " ".join([*sorted(pages), *own])}


def _cannot_listen(host: str, port: str, problem: OSError | UnicodeError) -> str:
    code = problem.errno if isinstance(problem, OSError) else None
    if code == errno.EADDRINUSE:
        return f"Port {port} is in use: end what listens there, or choose another one: make run PORT=8081"
    if code == errno.EACCES:
        return f"Port {port} may not be listened on: choose another one: make run PORT=8081"
    return f"HOST is {host}, which is no address of this computer ({problem}): leave HOST out."


@contextmanager
def _run_emulator(port: int, variables: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The emulator in a process group of its own, which is ended with everything in it.

    Its standard input closes with this process, so that a kill -9 leaves no emulator behind either."""
    model = {name: value for name, value in variables.items() if name.startswith("LOCAL_MODEL")}
    with _take_database() as database:
        where = ["--port", str(port), "--database", str(database)]
        process = subprocess.Popen(
            [sys.executable, "-m", "local.emulator", *where, "--until-input-ends"],
            cwd=ROOT,
            env=model | dict(os.environ),
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _end_group(process)


@contextmanager
def _take_database() -> Iterator[Path]:
    """The path of the database, which outlives a restart.

    A second `make run` beside the first gets one of its own, because an emulator that starts calls every
    run that it finds active failed."""
    folder = ROOT / ".local"
    folder.mkdir(exist_ok=True)
    with (folder / "openai.lock").open("w") as lock, TemporaryDirectory() as own:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            place = folder
        except BlockingIOError:
            place = Path(own)
        yield place / "openai.sqlite"


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)


def _prepare(url: str, emulator_port: int, variables: Mapping[str, str]) -> Ids | None:
    """Wait until everything answers, then create what the printed calls name (nothing at OpenAI)."""
    if emulator_port:
        _wait_for(f"http://127.0.0.1:{emulator_port}/v1/agents")
    with httpx.Client(timeout=60, trust_env=False) as client:
        call = _Caller(client, url, variables)
        if not emulator_port:
            call("list-assistants", limit="1")
            return None
        assistant = _find_assistant(call) or call("create-assistant", **ASSISTANT)["assistantId"]
        thread = call("create-thread")["threadId"]
        call("send-message", threadId=thread, message="How do I find a good flat?")
        return Ids(assistant, thread, call("create-thread")["threadId"])


def _find_assistant(call: "_Caller") -> str | None:
    """The id of the assistant that an earlier start created; None when it is missing or was changed."""
    for shown in call("list-assistants", limit="100", order="asc")["assistants"]:
        if ASSISTANT.items() <= shown.items():
            return str(shown["assistantId"])
    return None


class _Caller:
    """Calls the function, with the tokens that its settings ask for."""

    def __init__(self, client: httpx.Client, url: str, variables: Mapping[str, str]) -> None:
        self._client, self._url, self._variables = client, url, variables

    def __call__(self, action: str, **parameters: str) -> dict[str, Any]:
        token = token_name(action, self._variables)
        # As bytes: of a token that no header can carry, the function itself says so.
        headers = {b"Authorization": f"Bearer {self._variables[token].strip()}".encode()} if token else {}
        try:
            answer = self._client.post(self._url, json={"action": action, **parameters}, headers=headers)
        except httpx.TransportError as problem:
            raise StartError(f"{action} got no answer: {problem}") from None
        if not answer.is_success:
            raise StartError(f"{action} answered {answer.status_code}: {_read_error(answer)}")
        data: dict[str, Any] = answer.json()["data"]
        return data


def _read_error(answer: httpx.Response) -> str:
    with suppress(ValueError, KeyError, TypeError):
        return str(answer.json()["error"])
    return answer.text[:200]


def _wait_for(url: str) -> None:
    """Wait until something answers there, whatever it answers."""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        with suppress(httpx.TransportError):
            httpx.get(url, timeout=START_SECONDS, trust_env=False)
            return
        time.sleep(TICK_SECONDS)
    raise StartError(f"The OpenAI emulator did not answer within {START_SECONDS:g} s.")


def start_in_background(work: Callable[[], Ids | None]) -> "Future[Ids | None]":
    """Start work in a daemon thread; its result or exception is in the future."""
    future: Future[Ids | None] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except Exception as problem:
            future.set_exception(problem)

    threading.Thread(target=run, daemon=True).start()
    return future


def _watch(
    stop: threading.Event,
    emulator: "subprocess.Popen[bytes] | None",
    ready: "Future[Ids | None]",
    announce: Callable[[Ids | None], None],
) -> int:
    """Wait for stop, and announce once when ready. Raises StartError when the emulator dies."""
    announced = False
    while not stop.wait(TICK_SECONDS):
        if emulator is not None and emulator.poll() is not None:
            raise StartError(f"The OpenAI emulator ended by itself (exit status {emulator.returncode}).")
        if ready.done() and not announced:
            announce(ready.result())
            announced = True
    return 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
