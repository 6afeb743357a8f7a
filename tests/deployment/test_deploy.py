"""`make deploy`: what is checked before doctl is called, with a doctl of our own on PATH."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCTL = """#!/bin/sh
echo "doctl $*" >> "$DOCTL_CALLS"
[ "$2" = status ] && exit "${DOCTL_STATUS:-0}"
exit 7
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
        command = [sys.executable, "-B", "-m", "local.deploy"]
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True)
        return done.returncode, done.stderr.splitlines()

    def problem(self) -> str:
        """The one thing that stands in the way."""
        status, (line,) = self.deploy()
        assert status == 1
        assert "deploy" not in self.called(), "nothing was deployed"
        return line

    def called(self) -> str:
        """The calls of doctl, a line each."""
        return self.calls.read_text() if self.calls.exists() else ""

    def set(self, name: str, value: str) -> None:
        """Set a value in .env."""
        with (self.root / ".env").open("a") as file:
            file.write(f"{name}={value}\n")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Ready: doctl connected, .env filled in."""
    for folder in ("packages/v1/openai", "local", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "project.yml", tmp_path)
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    shutil.copy(ROOT / "packages/v1/openai/build.sh", tmp_path / "packages/v1/openai")
    shutil.copy(ROOT / "local/deploy.py", tmp_path / "local")
    shutil.copytree(ROOT / "local/devhost", tmp_path / "local/devhost")
    doctl = tmp_path / "bin" / "doctl"
    doctl.write_text(DOCTL)
    doctl.chmod(0o755)
    ready = Checkout(tmp_path)
    ready.set("OPENAI_API_KEY", "sk-test")
    return ready


def test_ready_project_is_handed_to_doctl_and_its_status_passed_on(checkout: Checkout) -> None:
    assert checkout.deploy() == (7, [])
    assert checkout.called().splitlines()[-1] == "doctl serverless deploy . --remote-build"


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
    assert "ADMIN_TOKEN has no value" in checkout.problem()


def test_value_from_the_environment_serves_too(checkout: Checkout) -> None:
    checkout.set("ADMIN_TOKEN", "")
    checkout.environment["ADMIN_TOKEN"] = "from outside"
    assert checkout.deploy() == (7, [])


def test_placeholder_key_is_told(checkout: Checkout) -> None:
    checkout.set("OPENAI_API_KEY", "none")
    assert "OPENAI_API_KEY is still the placeholder" in checkout.problem()


def test_value_that_would_break_project_yml_is_told_but_not_shown(checkout: Checkout) -> None:
    checkout.environment["ACCESS_TOKEN"] = 'se"cret'
    problem = checkout.problem()
    assert "ACCESS_TOKEN holds a quote" in problem
    assert "cret" not in problem


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
