"""Cold start: from the archive to the first answered call, in a fresh folder and process each time."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from benchmarks.report import Part, Row

PLAIN = Path(__file__).parent / "plain" / "packages" / "v1" / "openai"
OURS = Path(__file__).parents[1] / "packages" / "v1" / "openai"
DEPLOYERS_COMPRESSION_LEVEL = 1  # of the zip library in DigitalOcean's deployer
PLATFORM = Path(__file__).with_name("platform_process.py")
BARE_PYTHON = [sys._base_executable, "-S"]  # type: ignore[attr-defined]

TITLE = "Cold start"
HOW = (
    "From the archive to the first answered call: unpack it, start Python, import the function, answer "
    "`get-assistant` with an upstream on this machine that answers at once. Byte code is what the archive "
    "brings. Plain and ours take turns."
)


class Start(NamedTuple):
    """One cold start, in seconds; the memory at its peak, in megabytes."""

    unpack: float
    start: float
    first_call: float
    peak_megabytes: float


def measure(runs: int) -> Part:
    """As many cold starts of each, in turns."""
    with tempfile.TemporaryDirectory() as scratch:
        plain, ours = build(PLAIN, Path(scratch, "plain")), build(OURS, Path(scratch, "ours"))
        upstream = Upstream()
        pairs = [(cold_start(plain, upstream.url), cold_start(ours, upstream.url)) for _ in range(runs)]
        upstream.server.shutdown()
        return Part(TITLE, HOW, [*rows(pairs), *sizes(plain, ours)])


def rows(pairs: list[tuple[Start, Start]]) -> list[Row]:
    """What was measured, part by part."""

    def row(quantity: str, unit: str, *fields: str) -> Row:
        values = [
            [sum(getattr(start, field) for field in fields) for start in side]
            for side in zip(*pairs, strict=True)
        ]
        return Row(quantity, unit, *values)

    return [
        row("unpack", "s", "unpack"),
        row("start and import", "s", "start"),
        row("first call", "s", "first_call"),
        row("import and first call", "s", "start", "first_call"),
        row("whole cold start", "s", "unpack", "start", "first_call"),
        row("peak memory", "MB", "peak_megabytes"),
    ]


def sizes(plain: Path, ours: Path) -> list[Row]:
    """Megabytes and entries of the two archives."""
    archives = [plain, ours]
    megabytes = [[archive.stat().st_size / 1e6] for archive in archives]
    entries = [[float(len(zipfile.ZipFile(archive).namelist()))] for archive in archives]
    return [Row("archive", "MB", *megabytes), Row("entries in it", "", *entries)]


def build(function: Path, folder: Path) -> Path:
    """Run the function's build.sh and pack what would be uploaded."""
    shutil.copytree(function, folder, ignore=shutil.ignore_patterns("virtualenv", "__pycache__"))
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["./build.sh"], cwd=folder, env={**os.environ, "PATH": tools}, check=True, capture_output=True
    )
    ignored = folder / ".ignore"
    patterns = ignored.read_text().splitlines() if ignored.exists() else []
    left_behind = [folder / name for name in (".ignore", "build.sh", *patterns)]
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(
        archive, "w", zipfile.ZIP_DEFLATED, compresslevel=DEPLOYERS_COMPRESSION_LEVEL
    ) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not any(path.is_relative_to(one) for one in left_behind):
                file.write(path, path.relative_to(folder))
    return archive


def cold_start(archive: Path, upstream: str) -> Start:
    """One cold start of an archive."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        begun = time.perf_counter()
        unpack(archive, folder)
        unpacked = time.perf_counter()
        reading, writing = os.pipe()
        with subprocess.Popen(
            [*BARE_PYTHON, str(PLATFORM), str(writing)],
            cwd=folder,
            env={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": upstream},
            pass_fds=[writing],
            stdout=subprocess.DEVNULL,
        ):
            os.close(writing)
            with os.fdopen(reading) as told:
                told.readline()
                imported = time.perf_counter()
                answered = json.loads(told.readline())
                ended = time.perf_counter()
        assert answered["statusCode"] == 200, answered
        return Start(
            unpacked - begun, imported - unpacked, ended - imported, answered["peak_kilobytes"] * 1024 / 1e6
        )


def unpack(archive: Path, folder: str) -> None:
    """As the platform does: file times are those of now, __main__.py becomes main__.py."""
    zipfile.ZipFile(archive).extractall(folder)
    os.rename(Path(folder, "__main__.py"), Path(folder, "main__.py"))


class Upstream:
    """OpenAI, as far as `get-assistant` asks: an agent, or an assistant of version 2."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        Thread(target=self.server.serve_forever, daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    """The same answer to everyone, at once."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """An agent or an assistant with the id that was asked for."""
        _, kind, name = self.path.rsplit("/", 2)
        common = {"id": name, "object": kind.removesuffix("s"), "created_at": 1, "updated_at": 1, "name": "A"}
        answer = {
            **common,
            "model": "m",
            "instructions": "i",
            "description": None,
            "metadata": {},
            "tools": [],
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a benchmark's output is its table."""
