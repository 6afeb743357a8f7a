"""`make deploy`: what is checked before doctl is called, and what is said, with a fake doctl on PATH."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCTL = """#!/bin/sh
echo "doctl $*" >> "$DOCTL_CALLS"
case "$2" in
  status) exit "${DOCTL_STATUS:-0}" ;;
  deploy) exit "${DOCTL_DEPLOY_STATUS:-0}" ;;
  functions) echo "https://faas.example/api/v1/web/fn-1/v1/openai"; exit "${DOCTL_URL_STATUS:-0}" ;;
esac
"""


class Checkout:
    """A copy of what `make deploy` looks at, ready to be deployed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.package = root / "packages" / "v1"
        self.calls = root / "doctl-calls"
        self.environment = {"PATH": f"{root / 'bin'}:/usr/bin:/bin", "DOCTL_CALLS": str(self.calls)}

    def deploy(self) -> tuple[int, list[str]]:
        """The exit status, and what was said on stderr."""
        done = self.run()
        return done.returncode, done.stderr.splitlines()

    def run(self) -> "subprocess.CompletedProcess[str]":
        """What `make deploy` runs."""
        command = [sys.executable, "-m", "local.deploy"]
        return subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True)

    def problems(self) -> list[str]:
        """All that stands in the way."""
        status, lines = self.deploy()
        assert status == 1
        assert "deploy" not in self.called(), "nothing was deployed"
        return lines

    def problem(self) -> str:
        """The one thing that stands in the way."""
        (line,) = self.problems()
        return line

    def called(self) -> str:
        """The calls of doctl, a line each."""
        return self.calls.read_text() if self.calls.exists() else ""

    def set(self, name: str, value: str) -> None:
        """Set a value in .env."""
        with (self.root / ".env").open("a") as file:
            file.write(f"{name}={value}\n")

    def remove(self, name: str) -> None:
        """Remove a setting from .env."""
        lines = (self.root / ".env").read_text().splitlines(keepends=True)
        (self.root / ".env").write_text("".join(line for line in lines if not line.startswith(f"{name}=")))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Ready: doctl connected, .env filled in, both tokens set."""
    for folder in ("packages/v1/openai", "local", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "project.yml", tmp_path)
    shutil.copy(ROOT / ".env.example", tmp_path)
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    shutil.copy(ROOT / "packages/v1/openai/build.sh", tmp_path / "packages/v1/openai")
    shutil.copy(ROOT / "local/deploy.py", tmp_path / "local")
    for source in ("local/devhost", "packages/v1/openai/assistant_function"):
        shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
    doctl = tmp_path / "bin" / "doctl"
    doctl.write_text(DOCTL)
    doctl.chmod(0o755)
    ready = Checkout(tmp_path)
    for name, value in {"OPENAI_API_KEY": "sk-test", "ACCESS_TOKEN": "t-all", "ADMIN_TOKEN": "t-few"}.items():
        ready.set(name, value)
    return ready


def test_ready_project_is_handed_to_doctl_and_its_url_printed(checkout: Checkout) -> None:
    done = checkout.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "The function answers at https://faas.example/api/v1/web/fn-1/v1/openai\n"
    assert checkout.called().splitlines()[1:] == [
        "doctl serverless deploy . --remote-build",
        "doctl serverless functions get v1/openai --url",
    ]


def test_a_second_deployment_finds_the_folder_as_clean_as_the_first(checkout: Checkout) -> None:
    assert [checkout.deploy(), checkout.deploy()] == [(0, []), (0, [])]


def test_failed_deployment_ends_with_doctls_status_and_without_a_url(checkout: Checkout) -> None:
    checkout.environment["DOCTL_DEPLOY_STATUS"] = "7"
    done = checkout.run()
    assert (done.returncode, done.stdout) == (7, "")
    assert checkout.called().splitlines()[-1] == "doctl serverless deploy . --remote-build"


def test_url_that_cannot_be_fetched_is_told_with_the_command(checkout: Checkout) -> None:
    checkout.environment["DOCTL_URL_STATUS"] = "3"
    status, (line,) = checkout.deploy()
    assert status == 3
    assert "doctl serverless functions get v1/openai --url" in line


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ACCESS_TOKEN", "everyone who knows the URL can talk"),
        ("ADMIN_TOKEN", "everyone who may call can also create, change and delete assistants"),
    ],
)
def test_function_that_is_open_is_deployed_with_a_warning(checkout: Checkout, name: str, told: str) -> None:
    checkout.set(name, "none")
    status, (line,) = checkout.deploy()
    assert status == 0
    assert line.startswith(f"make deploy: warning: without {name} {told}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ASSISTANTS_BACKEND", "respones"),
        ("ALLOWED_ORIGINS", "example.org"),
        ("OPENAI_BASE_URL", "api.openai.com"),
        ("OPENAI_API_KEY", "sk with blanks"),
        ("MAX_MESSAGE_CHARS", "many"),
    ],
)
def test_setting_that_the_function_would_refuse_is_told(checkout: Checkout, name: str, value: str) -> None:
    checkout.set(name, value)
    assert f"make deploy: {name} must be" in checkout.problem()


def test_every_wrong_setting_is_told(checkout: Checkout) -> None:
    checkout.set("ASSISTANTS_BACKEND", "respones")
    checkout.set("MAX_MESSAGE_CHARS", "0")
    told = [line.split()[2] for line in checkout.problems()]
    assert told == ["ASSISTANTS_BACKEND", "MAX_MESSAGE_CHARS"]


@pytest.mark.parametrize("line", ["MAX_MESSAGE_CHARS=32000", "MAX_MESSAGES_PER_CALL=100"])
def test_line_that_an_older_env_lacks_is_told_with_its_default(checkout: Checkout, line: str) -> None:
    checkout.remove(line.partition("=")[0])
    assert f"add the line {line}" in checkout.problem()


def test_missing_doctl_is_told(checkout: Checkout) -> None:
    (checkout.root / "bin" / "doctl").unlink()
    assert "doctl is missing: see https://" in checkout.problem()


def test_unconnected_doctl_is_told(checkout: Checkout) -> None:
    checkout.environment["DOCTL_STATUS"] = "1"
    assert "run doctl serverless install, then doctl serverless connect" in checkout.problem()


def test_missing_env_file_is_told(checkout: Checkout) -> None:
    (checkout.root / ".env").unlink()
    assert "cp .env.example .env" in checkout.problem()


def test_name_without_a_value_is_told(checkout: Checkout) -> None:
    checkout.set("ADMIN_TOKEN", "")
    assert "ADMIN_TOKEN has no value in .env: add the line ADMIN_TOKEN=none" in checkout.problem()


def test_value_from_the_environment_serves_too(checkout: Checkout) -> None:
    checkout.set("ADMIN_TOKEN", "")
    checkout.environment["ADMIN_TOKEN"] = "from outside"
    assert checkout.deploy() == (0, [])


def test_placeholder_key_is_told(checkout: Checkout) -> None:
    checkout.set("OPENAI_API_KEY", "none")
    assert "OPENAI_API_KEY is still the placeholder" in checkout.problem()


def test_value_that_would_break_project_yml_is_told_but_not_shown(checkout: Checkout) -> None:
    checkout.environment["ACCESS_TOKEN"] = 'se"cret'
    problem = checkout.problem()
    assert "ACCESS_TOKEN holds a quote" in problem
    assert "cret" not in problem


def test_line_of_env_that_the_deployer_reads_differently_is_told(checkout: Checkout) -> None:
    line = len((checkout.root / ".env").read_text().splitlines()) + 1
    checkout.set("ACCESS_TOKEN", "two#words")
    told = f"make deploy: .env, line {line}: choose a value of ACCESS_TOKEN without"
    assert checkout.problem().startswith(told)


def test_build_without_its_run_bit_is_told(checkout: Checkout) -> None:
    (checkout.package / "openai" / "build.sh").chmod(0o644)
    assert "chmod +x packages/v1/openai/build.sh" in checkout.problem()


def test_stray_file_beside_the_function_is_told(checkout: Checkout) -> None:
    (checkout.package / "notes.py").touch()
    assert "packages/v1/notes.py would become a function" in checkout.problem()


def test_caches_in_the_function_are_told(checkout: Checkout) -> None:
    (checkout.package / "openai" / "part" / "__pycache__").mkdir(parents=True)
    assert "make clean" in checkout.problem()


def test_all_problems_are_told_at_once(checkout: Checkout) -> None:
    (checkout.root / ".env").unlink()
    (checkout.root / "bin" / "doctl").unlink()
    status, lines = checkout.deploy()
    assert (status, len(lines)) == (1, 2)
    assert all(line.startswith("make deploy: ") for line in lines)
