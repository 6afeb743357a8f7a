"""The folder as it is uploaded: built by build.sh, run in a Python that has nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from openai import NotFoundError, OpenAI

from local import devhost
from local.emulator.server import Emulator, start_emulator
from tests.backends import BACKENDS, open_backend

pytestmark = pytest.mark.filterwarnings("ignore:(deprecated$|The Assistants API):DeprecationWarning")
ROOT = Path(__file__).parents[2]
FUNCTION = ROOT / "packages" / "v1" / "openai"
BARE_PYTHON = [sys._base_executable, "-S"]  # type: ignore[attr-defined]
NOT_UPLOADED = shutil.ignore_patterns("virtualenv", "__pycache__")

MOST_BYTES = 7_000_000
MOST_ENTRIES = 1_250


@pytest.fixture(scope="module")
def uploaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the platform unpacks: built, without what is ignored, __main__.py renamed."""
    folder = tmp_path_factory.mktemp("archive") / "openai"
    shutil.copytree(FUNCTION, folder, ignore=NOT_UPLOADED)
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["./build.sh"], cwd=folder, env={**os.environ, "PATH": tools}, check=True)
    ignored = (folder / ".ignore").read_text().splitlines()
    for name in ["build.sh", ".ignore", *(line for line in ignored if not line.startswith("#"))]:
        remove(folder / name)
    (folder / "__main__.py").rename(folder / "main__.py")
    return folder


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


@pytest.fixture(scope="module")
def report(uploaded: Path) -> Any:
    """What exercise_all_actions.py saw there."""
    return exercise_all_actions(uploaded, BARE_PYTHON)


@pytest.fixture(scope="module")
def report_of_all_packages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What exercise_all_actions.py saw with the packages as they were installed here."""
    folder = tmp_path_factory.mktemp("whole") / "openai"
    shutil.copytree(FUNCTION, folder, ignore=NOT_UPLOADED)
    (folder / "__main__.py").rename(folder / "main__.py")
    return exercise_all_actions(folder, [sys.executable])


def exercise_all_actions(folder: Path, python: list[str]) -> Any:
    with start_emulator() as emulator:
        program = [*python, str(Path(__file__).with_name("exercise_all_actions.py")), emulator.url]
        finished = subprocess.run(program, cwd=folder, env={}, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_archive_is_small(uploaded: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "archive"), "zip", uploaded))
    assert archive.stat().st_size <= MOST_BYTES
    assert len(list(uploaded.rglob("*"))) <= MOST_ENTRIES


def test_no_module_that_was_left_out_is_ever_looked_for(report: Any) -> None:
    requirements = (FUNCTION / "requirements.txt").read_text()
    deployed = {name.replace("-", "_") for name in re.findall(r"^([\w-]+)==", requirements, re.MULTILINE)}
    missed = {name for name in report["unfound"] if name.partition(".")[0] in deployed and find_spec(name)}
    assert missed == set()


def test_every_call_ends_as_with_all_packages(report: Any, report_of_all_packages: Any) -> None:
    assert len(report["calls"]) == 19 + (19 + 7) * (4 + 2 * 14)
    assert report["calls"] == report_of_all_packages["calls"]


def test_every_action_works_on_todays_openai(report: Any) -> None:
    answered = {call["action"]: call["error"] for call in report["calls"] if call["failure"] is None}
    assert answered.pop("cancel-run")  # it had ended before
    assert len(answered) == 18
    assert not any(answered.values()), answered


def test_every_action_works_on_an_assistants_server(report: Any) -> None:
    answered = {c["action"]: c["error"] for c in report["calls"] if c["failure"] == "run completed"}
    assert answered.pop("GET /nothing")
    assert len(answered) == 19 + 6
    assert not any(answered.values()), answered


def test_every_failure_is_told_as_one(report: Any) -> None:
    broken = [c for c in report["calls"] if c["failure"] and not str(c["failure"]).startswith("run ")]
    untold = {call["action"] for call in broken if not call["error"]}
    assert untold == {"describe"}  # it needs no OpenAI


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("streaming", ["on", "off"])
def test_the_sdk_works_by_path(
    uploaded: Path, tmp_path: Path, openai_at_home: Emulator, backend: str, streaming: str
) -> None:
    folder = tmp_path / "openai"
    shutil.copytree(uploaded, folder)
    (folder / "main__.py").rename(folder / "__main__.py")
    with open_backend(backend, openai_at_home) as upstream:
        settings = upstream.settings | {"OPENAI_API_KEY": "k", "RUN_STREAMING": streaming}
        python, virtualenv = BARE_PYTHON[0], folder / "virtualenv"
        with (
            devhost.serve(folder, settings, python=python, virtualenv=virtualenv, log=lambda _: None) as host,
            OpenAI(base_url=host.url, api_key="any", max_retries=0) as client,
        ):
            assistant = client.beta.assistants.create(model="gpt-6-luna").id
            thread = client.beta.threads.create(messages=[{"role": "user", "content": "/say Hello"}]).id
            run = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=assistant)
            assert run.status == "completed"
            with client.beta.threads.runs.stream(thread_id=thread, assistant_id=assistant) as stream:
                assert "".join(stream.text_deltas) == "Hello"
            with pytest.raises(NotFoundError):
                client.beta.threads.retrieve("thread_none")


def test_what_was_left_out_fails_to_import_loudly(uploaded: Path) -> None:
    program = (
        "script = 'virtualenv/bin/activate_this.py'\n"
        "exec(open(script).read(), {'__file__': script})\n"
        "from assistant_function.upstream import lazy_sdk\n"
        "lazy_sdk.install()\n"
        "import openai\n"
        "openai.OpenAI(api_key='k').responses.create\n"
    )
    finished = subprocess.run(
        [*BARE_PYTHON, "-c", program], cwd=uploaded, env={}, capture_output=True, text=True, check=False
    )
    assert "ModuleNotFoundError: No module named 'openai.resources.responses" in finished.stderr


def test_no_package_is_compiled_at_the_start(uploaded: Path) -> None:
    sources = [path for path in (uploaded / "virtualenv").rglob("*.py") if path.name != "activate_this.py"]
    assert sources == []
