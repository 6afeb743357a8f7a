"""`make run`, in a copy of the project (so that nobody's .env or threads are touched)."""

import errno
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from local.announcement import Ids, announcement, calls, curl_line
from local.emulator.server import start_emulator
from local.launcher import uses_openai

ROOT = Path(__file__).parents[2]
SECONDS = 20


class Launcher:
    """`python -m local` in a process group of its own."""

    def __init__(self, root: Path, *options: str, **environment: str) -> None:
        self.port = free_port()
        settings = {"PORT": str(self.port), "LOCAL_MODEL": "echo", "PATH": os.environ["PATH"]} | environment
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-m", "local", *options],
            cwd=root,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def until(self, text: str) -> list[str]:
        """The lines up to one that holds text."""
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line.rstrip("\n"))
            if text in line:
                return lines
        raise AssertionError("\n".join(lines))

    def rest(self) -> str:
        """What is printed from here on; returns once no process is left that could print."""
        return self.process.communicate(timeout=SECONDS)[0]

    def kill(self) -> None:
        """For when a test failed half-way."""
        if self.process.poll() is None:
            self.process.terminate()
            self.rest()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy."""
    folder = tmp_path_factory.mktemp("project")
    unwanted = shutil.ignore_patterns("__pycache__", "virtualenv")
    shutil.copytree(ROOT / "local", folder / "local", ignore=unwanted)
    shutil.copytree(ROOT / "packages", folder / "packages", ignore=unwanted)
    shutil.copy(ROOT / "project.yml", folder)
    shutil.copy(ROOT / ".env.example", folder)
    return folder


@pytest.fixture(scope="module")
def launcher(root: Path) -> Iterator[Launcher]:
    """Started with the emulator."""
    running = Launcher(root)
    yield running
    running.kill()


@pytest.fixture(scope="module")
def printed(launcher: Launcher) -> list[str]:
    """The curl lines that it printed."""
    return [line for line in launcher.until("Ctrl-C") if line.startswith("curl ")]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def nobody_listens(port: int) -> bool:
    """Whether a connection to the port is refused."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def url_of(line: str) -> str:
    """The URL in a curl line, read as a shell reads it."""
    curl, option, method, url = shlex.split(line)
    assert (curl, option, method) == ("curl", "-X", "GET")
    return url


def test_ten_lines_in_the_originals_order(printed: list[str]) -> None:
    actions = [dict(parse_qsl(urlsplit(url_of(line)).query))["action"] for line in printed]
    assert actions == [call["action"] for call in calls(Ids())]
    assert len(actions) == 10


def test_first_line_is_the_originals(launcher: Launcher, printed: list[str]) -> None:
    url = f"http://localhost:{launcher.port}/api/v1/web/fn-local/v1/openai"
    query = "action=create-assistant&name=Property+Assistant&instructions=You+are+a+property+expert"
    assert printed[0] == f'curl -X GET "{url}?{query}"'


def test_all_ten_succeed_one_after_the_other(printed: list[str]) -> None:
    for line in printed:
        answer = httpx.get(url_of(line), trust_env=False, timeout=30)
        assert answer.json()["success"] is True, line


def test_a_second_one_beside_it_does_not_touch_its_runs(root: Path, printed: list[str]) -> None:
    url, ids = url_of(printed[0]).split("?")[0], dict(parse_qsl(urlsplit(url_of(printed[2])).query))
    ask = {"action": "chat", "assistantId": ids["assistantId"], "message": "/wait 4\n/say yes", "wait": 0}
    run = httpx.post(url, json=ask, trust_env=False, timeout=30).json()["data"]
    second = Launcher(root)
    second.until("Ctrl-C")
    second.kill()
    there = {"action": "get-run", "threadId": run["threadId"], "runId": run["runId"]}
    assert httpx.post(url, json=there, trust_env=False, timeout=30).json()["response"] == "yes"


def test_interrupt_leaves_no_process_and_no_port(launcher: Launcher, printed: list[str]) -> None:
    assert len(printed) == 10
    os.killpg(launcher.process.pid, signal.SIGINT)
    assert "Traceback" not in launcher.rest()
    assert launcher.process.returncode == 0
    assert nobody_listens(launcher.port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [0.2, 0.6, 1.2])
def test_interrupt_during_start_up_leaves_nothing_either(
    root: Path, number: signal.Signals, seconds: float
) -> None:
    launcher = Launcher(root)
    time.sleep(seconds)  # the moment is the point: importing, starting, creating
    launcher.process.send_signal(number)
    launcher.rest()
    assert launcher.process.returncode in (0, -number)
    assert nobody_listens(launcher.port)


def test_kill_leaves_no_emulator_behind(root: Path) -> None:
    launcher = Launcher(root)
    first = launcher.until("OpenAI emulator: ")[-1].split()
    emulator = urlsplit(next(word for word in first if word.startswith("http")))
    assert emulator.port is not None
    launcher.process.kill()
    launcher.rest()  # ends when the last process that could print has ended
    assert nobody_listens(emulator.port)


def test_port_in_use_is_one_line_that_says_what_to_do(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        launcher = Launcher(root, PORT=str(port))
        expected = f"Port {port} is in use: end what listens there, or choose another one: make run PORT=8081"
        assert launcher.rest().splitlines() == [expected]
        assert launcher.process.returncode == 1


def test_every_start_finds_the_assistant_that_the_first_one_made(root: Path) -> None:
    ids = []
    for _ in range(2):
        launcher = Launcher(root)
        line = next(line for line in launcher.until("Ctrl-C") if "get-assistant" in line)
        launcher.kill()
        ids.append(dict(parse_qsl(urlsplit(url_of(line)).query))["assistantId"])
    assert ids[0] == ids[1]


def test_port_that_is_none_is_told(root: Path) -> None:
    launcher = Launcher(root, PORT="eighty")
    assert launcher.rest().startswith("PORT is eighty")
    assert launcher.process.returncode == 1


@pytest.fixture
def env(root: Path) -> Iterator[Path]:
    """.env, which is gone afterwards."""
    path = root / ".env"
    yield path
    path.unlink()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'ACCESS_TOKEN=a"b', ".env, line 1: choose a value of ACCESS_TOKEN without quotes, backslashes"),
        ("ACCESS_TOKEN=ü".encode("utf-16"), ".env, line 1 is not UTF-8: save the file as UTF-8 text"),
    ],
)
def test_rubbish_in_env_is_one_line_that_says_what_to_do(
    root: Path, env: Path, content: bytes, told: str
) -> None:
    env.write_bytes(content)
    launcher = Launcher(root)
    (line,) = launcher.rest().splitlines()
    assert line.startswith(told)
    assert launcher.process.returncode == 1


def test_setting_that_the_function_refuses_is_told(root: Path, env: Path) -> None:
    env.write_text("ACCESS_TOKEN=schlüssel\n", encoding="utf-8")
    launcher = Launcher(root)
    assert launcher.rest().splitlines()[-1] == (
        "list-assistants answered 500: ACCESS_TOKEN must be at most 4096 printable ASCII characters"
    )


def is_open_to_others(port: int) -> bool:
    """Whether more than 127.0.0.1 is listened on."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.2", port)) == 0


def test_only_this_computer_and_its_pages_may_call(root: Path, env: Path) -> None:
    env.write_text("ALLOWED_ORIGINS=https://mine.example\n")
    launcher = Launcher(root, HOST="0.0.0.0")
    lines = launcher.until("Ctrl-C")
    url = next(url_of(line) for line in lines if line.startswith("curl ") and "list-assistants" in line)

    def call(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(url, headers=named, trust_env=False, timeout=30).status_code

    try:
        assert (
            lines[0] == "HOST=0.0.0.0 of the environment does not count; if it should: make run HOST=0.0.0.0"
        )
        assert not is_open_to_others(launcher.port)
        assert [call(), call(Origin=f"http://localhost:{launcher.port}")] == [200, 200]
        assert call(Origin="https://mine.example", Sec_Fetch_Site="cross-site") == 200
        for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}):
            assert call(**headers) == 403
            assert launcher.until("refused: ")
    finally:
        launcher.kill()


def test_port_and_host_in_env_are_where_it_listens_and_told_loudly(root: Path, env: Path) -> None:
    port = free_port()
    env.write_text(f"PORT={port}\nHOST=0.0.0.0\n")
    launcher = Launcher(root, PORT="")
    try:
        lines = launcher.until("Ctrl-C")
        assert any(f"http://localhost:{port}/" in line for line in lines)
        assert (
            "*** OPEN TO YOUR NETWORK: HOST is 0.0.0.0. Whoever reaches this computer can call it. ***"
            in lines
        )
        assert is_open_to_others(port)
    finally:
        launcher.kill()


def test_host_that_is_none_of_this_computers_is_told(root: Path) -> None:
    launcher = Launcher(root, "--host", "192.0.2.1")  # for documentation, RFC 5737
    assert launcher.rest().startswith("HOST is 192.0.2.1, which is no address of this computer")
    assert launcher.process.returncode == 1


@pytest.mark.parametrize(("typed", "given"), [(["HOST=0.0.0.0"], True), ([], False)])
def test_only_a_host_that_was_typed_reaches_make_run(typed: list[str], given: bool) -> None:
    command = ["make", "--dry-run", "--no-print-directory", "run", *typed]
    shown = subprocess.run(
        command,
        cwd=ROOT,
        env=dict(os.environ) | {"HOST": "0.0.0.0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ('--host "0.0.0.0"' in shown.stdout.splitlines()[-1]) is given


def test_death_of_the_emulator_is_told_and_ends_all(root: Path) -> None:
    database = root / ".local" / "openai.sqlite"
    shutil.rmtree(database.parent, ignore_errors=True)
    database.mkdir(parents=True)  # a folder is no database
    try:
        launcher = Launcher(root)
        assert "The OpenAI emulator ended by itself (exit status 1)." in launcher.rest()
        assert launcher.process.returncode == 1
        assert nobody_listens(launcher.port)
    finally:
        database.rmdir()


def test_key_in_env_means_openai_and_creates_nothing(root: Path) -> None:
    env = root / ".env"
    with start_emulator(key="sk-mine") as openai:
        env.write_text(f"OPENAI_API_KEY=sk-mine\nOPENAI_BASE_URL={openai.url}\n")
        try:
            launcher = Launcher(root)
            lines = launcher.until("Ctrl-C")
            launcher.process.send_signal(signal.SIGINT)
            launcher.rest()
        finally:
            env.unlink()
        assert "and talks to 127.0.0.1 (OPENAI_BASE_URL), with the key from .env." in lines
        assert any("threadId=YOUR_THREAD_ID" in line for line in lines)
        assert {method for method, _ in openai.requests} == {"GET"}
        assert not any("sk-mine" in line for line in lines)


@pytest.mark.parametrize(("key", "is_one"), [("none", False), ("NONE", False), ("", False), ("sk-1", True)])
def test_only_a_real_key_means_openai(key: str, is_one: bool) -> None:
    assert uses_openai({"OPENAI_API_KEY": key}) is is_one


@pytest.mark.parametrize("base_url", [None, "none", "https://api.openai.com/v1"])
def test_what_costs_money_is_told(base_url: str | None) -> None:
    variables = {"OPENAI_API_KEY": "sk-1"} | ({"OPENAI_BASE_URL": base_url} if base_url else {})
    told = announcement("http://localhost:1/f", None, variables)
    assert "and talks to OpenAI itself, with the key from .env: calls cost money." in told


def test_tokens_are_named_in_the_lines_but_never_shown() -> None:
    variables = {"ACCESS_TOKEN": "for-all", "ADMIN_TOKEN": "for-few"}
    text = announcement("http://localhost:1/f", Ids(), variables)
    assert "for-all" not in text
    assert "for-few" not in text
    assert 'list-assistants" -H "Authorization: Bearer $ADMIN_TOKEN"' in text
    assert 'create-thread" -H "Authorization: Bearer $ACCESS_TOKEN"' in text


def test_curl_line_survives_what_a_shell_would_take_for_its_own() -> None:
    call = {"message": 'say "hi" & pay $5 `now`'}
    assert dict(parse_qsl(urlsplit(url_of(curl_line("http://h/f", call))).query)) == call
