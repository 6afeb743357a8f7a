"""Runs programs of other SDKs and frameworks against the function by path, each with its own packages."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from local import devhost
from local.emulator.server import start_emulator
from tests.conformance.suite import INSTALLED

HERE = Path(__file__).parent
FUNCTION = HERE.parents[1] / "packages" / "v1" / "openai"
SECONDS = 120
CALL = 'What is it like?\n/call weather {"city": "Rome"}'
SUNNY = "output: sunny in Rome"


class Client(NamedTuple):
    """A program, the folder of the packages that it runs with, the words behind its name, and words that it
    has to print."""

    title: str
    packages: str
    program: str
    words: tuple[str, ...]
    printed: str


CLIENTS = (
    Client(
        "openai (Python) 1.109.1, polling",
        "openai_1",
        "programs/quickstart.py",
        ("Hello\n/say Hi.",),
        "assistant: Hi.",
    ),
    Client(
        "openai (Python) 1.109.1, streaming",
        "openai_1",
        "programs/stream_with_tools.py",
        (CALL, "sunny\n/say It is sunny."),
        "says It is sunny.",
    ),
    Client(
        "LangChain 1.0 (classic), OpenAIAssistantRunnable",
        "langchain",
        "frameworks/langchain_assistant.py",
        (CALL,),
        SUNNY,
    ),
    Client(
        "AutoGen (ag2) 0.9.10, GPTAssistantAgent",
        "autogen",
        "frameworks/autogen_assistant.py",
        (CALL,),
        SUNNY,
    ),
)


@contextmanager
def serve_function() -> Iterator[str]:
    """The function in front of the emulator; its URL is the clients' base URL."""
    with start_emulator() as emulator:
        settings = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": emulator.url}
        with devhost.serve(FUNCTION, settings, log=lambda _: None) as host:
            yield host.url


def run_client(client: Client, url: str) -> str | None:
    """None if the program does what it should, else what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / client.program), *client.words],
        env=os.environ
        | {
            "PYTHONPATH": str(INSTALLED / client.packages),
            "OPENAI_BASE_URL": url,
            "OPENAI_API_KEY": "any",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    fits = done.returncode == 0 and client.printed in done.stdout
    return None if fits else done.stdout + done.stderr
