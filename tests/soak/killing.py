"""kill -9 of the function and of the OpenAI at home at random moments during writes."""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.devhost.pool import Pool
from local.devhost.project import Function
from local.emulator.server import HOST, start_emulator
from tests.backends import read_stored_texts
from tests.invoke import KEY, Json
from tests.soak.comparing import describe_difference

ROOT = Path(__file__).parents[2]
FUNCTION = ROOT / "packages" / "v1" / "openai"
START_SECONDS = 20.0
MAX_ATTEMPTS = 500
PAUSES_SECONDS = (0.3, 1.5)  # between two kills


@dataclass(frozen=True)
class Survived:
    """How many calls were answered, how often each process was killed, and what is wrong."""

    calls: int
    kills: dict[str, int]
    wrong: list[str]


class EmulatorProcess:
    """The emulator as a process that can be killed and started again, with the same database and port."""

    def __init__(self, database: Path) -> None:
        self.database = database
        with socket.create_server((HOST, 0)) as free:
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        given = ["--port", str(self.port), "--database", str(self.database)]
        environment = {**os.environ, "LOCAL_MODEL": "echo", "LOCAL_MODEL_URL": ""}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local.emulator", *given],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        give_up = time.monotonic() + START_SECONDS
        while not self._listens():
            if time.monotonic() > give_up:
                raise RuntimeError("the emulator did not start")
            time.sleep(0.01)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def kill_at_random(kills: int, seed: int) -> Survived:
    """Sends messages until so many kills have struck; each has to be there once, in order."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "openai.sqlite"
        with run_processes(database) as (emulator, pool):
            thread = call_until_answered(pool, action="create-thread")["threadId"]
            killer = Killer(emulator, pool, kills, seed)
            killer.start()
            sent = list(send_messages_until(killer, pool, thread))
            killer.join()
        with start_emulator(str(database)) as again:
            there = [text for _, text in read_stored_texts(again, thread)]
        return Survived(len(sent), killer.struck, describe_difference(there, sent))


class Killer(threading.Thread):
    """Kills function and emulator in turn, at random moments, and starts the emulator again."""

    def __init__(self, emulator: EmulatorProcess, pool: Pool, kills: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.emulator, self.pool, self.kills = emulator, pool, kills
        self.dice = random.Random(seed)  # noqa: S311
        self.struck = {"function": 0, "emulator": 0}

    def run(self) -> None:
        for number in range(self.kills):
            time.sleep(self.dice.uniform(*PAUSES_SECONDS))
            if number % 2:
                self.emulator.kill()
                self.struck["emulator"] += 1
                self.emulator.start()
            else:
                for process in self.pool.processes():
                    os.kill(process, signal.SIGKILL)
                self.struck["function"] += 1


@contextmanager
def run_processes(database: Path) -> Iterator[tuple[EmulatorProcess, Pool]]:
    emulator = EmulatorProcess(database)
    settings = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"http://{HOST}:{emulator.port}/v1"}
    pool = Pool(Function(FUNCTION, settings), log=lambda _: None, most_processes=1)
    try:
        yield emulator, pool
    finally:
        pool.close()
        emulator.kill()


def send_messages_until(killer: Killer, pool: Pool, thread: str) -> Iterator[str]:
    number = 0
    while killer.is_alive():
        message = f"message {number // 2}"
        call_until_answered(
            pool, action="send-message", threadId=thread, message=message, requestId=f"request-{number}"
        )
        yield message
        number += 1


def call_until_answered(pool: Pool, **params: Any) -> Json:
    """Repeats the call until it has an answer, and returns its data."""
    for _ in range(MAX_ATTEMPTS):
        activation = pool.submit(params)
        activation.done.wait()
        if activation.outcome == "success" and activation.result["statusCode"] == 200:
            data: Json = activation.result["body"]["data"]
            return data
        if activation.outcome == "success" and activation.result["statusCode"] not in (502, 504):
            raise AssertionError(f"{params}: {activation.result}")
    raise AssertionError(f"no answer in {MAX_ATTEMPTS} attempts: {params}")
