"""What was acknowledged outlives the process, however it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Semaphore
from typing import Any

import httpx
import pytest

from local.emulator.server import start_emulator
from tests.emulator.conftest import PATIENCE_SECONDS, make_client

ROOT = Path(__file__).parents[2]
HEADERS = {"Authorization": "Bearer key", "OpenAI-Beta": "agents=v1"}
WRITES_BEFORE_THE_KILL = 30


@contextmanager
def started(database: Path, *options: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    command = [sys.executable, "-m", "local.emulator", "--port", "0", "--database", str(database), *options]
    environment = {**os.environ, "LOCAL_MODEL": "echo", "LOCAL_MODEL_URL": ""}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+/v1", said)
            assert found, f"{said}{process.stderr and process.stderr.read()}"
            wait_until_it_answers(found.group())
            yield process, found.group()
        finally:
            process.kill()


def wait_until_it_answers(url: str) -> None:
    # The socket listens before the address is printed: the request waits until the server is up.
    httpx.get(f"{url}/models", headers=HEADERS, timeout=10).raise_for_status()


def write_until_it_dies(url: str, writer: int, written: Semaphore) -> dict[str, list[str]]:
    """Conversation -> texts that were acknowledged."""
    acknowledged: dict[str, list[str]] = {}
    with httpx.Client(base_url=url, headers=HEADERS) as client:
        try:
            for number in range(100_000):
                conversation_id = client.post("/conversations").json()["id"]
                acknowledged[conversation_id] = []
                for turn in range(3):
                    text = f"{writer}.{number}.{turn}"
                    item = {"role": "user", "content": text}
                    path = f"/conversations/{conversation_id}/items"
                    client.post(path, json={"items": [item]}).raise_for_status()
                    acknowledged[conversation_id].append(text)
                    written.release()
        except httpx.TransportError:
            return acknowledged
    return acknowledged


def test_kill_9_during_writes_loses_nothing_acknowledged(tmp_path: Path) -> None:
    with started(tmp_path / "db") as (process, url), ThreadPoolExecutor(3) as pool:
        written = Semaphore(0)
        writers = [pool.submit(write_until_it_dies, url, writer, written) for writer in range(3)]
        for _ in range(WRITES_BEFORE_THE_KILL):
            assert written.acquire(timeout=PATIENCE_SECONDS)
        process.send_signal(signal.SIGKILL)
        acknowledged = {key: texts for writer in writers for key, texts in writer.result().items()}
    assert sum(len(texts) for texts in acknowledged.values()) >= WRITES_BEFORE_THE_KILL
    with start_emulator(str(tmp_path / "db")) as again, httpx.Client(headers=HEADERS) as client:
        for conversation_id, texts in acknowledged.items():
            path = f"{again.url}/conversations/{conversation_id}/items?order=asc"
            found = [item["content"][0]["text"] for item in client.get(path).json()["data"]]
            assert found[: len(texts)] == texts


def test_a_run_cut_off_by_kill_9_has_failed_and_its_conversation_is_free(tmp_path: Path) -> None:
    with started(tmp_path / "db") as (process, url), make_client(url) as client:
        conversation = client.conversations.create()
        asked: Any = {"model": "m", "input": "/wait 60", "conversation": conversation.id}
        response = client.responses.create(**asked, background=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with start_emulator(str(tmp_path / "db")) as again, make_client(again.url) as client:
        failed = client.responses.retrieve(response.id)
        assert failed.status == "failed"
        assert failed.error is not None
        assert failed.error.code == "server_error"
        asked["input"] = "go on"
        assert client.responses.create(**asked).status == "completed"


def test_a_restart_keeps_agents_and_threads(tmp_path: Path) -> None:
    database = str(tmp_path / "db")
    with start_emulator(database) as first, make_client(first.url) as client:
        agent = client.beta.agents.create(model="m", name="Anna")
        conversation = client.conversations.create()
        asked: Any = {"model": "m", "conversation": conversation.id}
        response = client.responses.create(**asked, input="/say B")
    with start_emulator(database) as second, make_client(second.url) as client:
        assert client.beta.agents.retrieve(agent.id) == agent
        assert client.responses.retrieve(response.id) == response
        text = client.responses.create(**asked, input="C").output_text
    assert text.endswith("user: /say B / assistant: B / user: C")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_even_with_work_left(tmp_path: Path, ending: signal.Signals) -> None:
    with started(tmp_path / "db") as (process, url):
        body = {"model": "m", "input": "/wait 60", "background": True}
        httpx.post(f"{url}/responses", json=body, headers=HEADERS).raise_for_status()
        process.send_signal(ending)
        _, complaints = process.communicate(timeout=5)
    assert (process.returncode, complaints) == (0, "")


def test_the_key_of_the_command_line_is_the_only_one(tmp_path: Path) -> None:
    with started(tmp_path / "db", "--key", "key") as (_, url):
        other = {"Authorization": "Bearer other"}
        assert httpx.get(f"{url}/models", headers=other).status_code == 401
