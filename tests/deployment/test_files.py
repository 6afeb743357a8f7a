"""What is deployed: project.yml, .env.example, requirements.txt, build.sh and the folder itself."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.devhost import ProjectError, read_project
from local.devhost.project import local_variables, read_env_file, variables_in

ROOT = Path(__file__).parents[2]
FUNCTION = ROOT / "packages" / "v1" / "openai"

# What @nimbella/nimbella-deployer, the library inside doctl, knows; anything else fails the deployment.
FUNCTION_KEYS = {
    *(
        "name",
        "file",
        "runtime",
        "main",
        "docker",
        "binary",
        "clean",
        "remoteBuild",
        "localBuild",
        "sequence",
    ),
    *("web", "webSecure", "environment", "annotations", "parameters", "limits", "triggers"),
}
PACKAGE_KEYS = {"name", "functions", "shared", "clean", "environment", "parameters", "annotations", "web"}
PROJECT_KEYS = {"packages", "environment", "parameters", "targetNamespace", "cleanNamespace"}
SETTINGS = [
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ASSISTANTS_BACKEND",
    "OPENAI_MODEL",
    "ACCESS_TOKEN",
    "ADMIN_TOKEN",
]


@pytest.fixture
def project_text() -> str:
    """project.yml as it stands."""
    return (ROOT / "project.yml").read_text(encoding="utf-8")


@pytest.fixture
def function(project_text: str) -> dict[str, Any]:
    """The function's entry in project.yml."""
    found: dict[str, Any] = yaml.safe_load(project_text)["packages"][0]["functions"][0]
    return found


def test_project_yml_has_no_tab(project_text: str) -> None:
    assert "\t" not in project_text


def test_project_yml_has_only_known_keys(project_text: str, function: dict[str, Any]) -> None:
    project = yaml.safe_load(project_text)
    assert project.keys() <= PROJECT_KEYS
    assert project["packages"][0].keys() <= PACKAGE_KEYS
    assert function.keys() <= FUNCTION_KEYS
    assert function["limits"].keys() <= {"timeout", "memory", "logs"}


def test_function_is_a_web_function_on_a_pinned_python(function: dict[str, Any]) -> None:
    assert (function["name"], function["runtime"], function["web"]) == ("openai", "python:3.11", True)


def test_platform_waits_longer_than_a_web_caller(function: dict[str, Any]) -> None:
    assert 30_000 < function["limits"]["timeout"] <= 900_000


def test_every_setting_is_passed_on_under_its_own_name(function: dict[str, Any]) -> None:
    assert function["environment"].keys() >= set(SETTINGS)
    assert all(value == f"${{{name}}}" for name, value in function["environment"].items())


def test_every_name_has_a_value_in_the_example(project_text: str) -> None:
    example = read_env_file(ROOT / ".env.example")
    assert variables_in(project_text) == list(example)
    assert all(example.values())


def test_example_names_no_key_and_no_token() -> None:
    example = read_env_file(ROOT / ".env.example")
    assert {example[name] for name in ("OPENAI_API_KEY", "ACCESS_TOKEN", "ADMIN_TOKEN")} == {"none"}


def test_packages_are_pinned_with_hashes() -> None:
    lines = (FUNCTION / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    pins = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    assert any(line.startswith("openai==3.54.0 ") for line in pins)
    for line in pins:
        assert re.match(r"[a-z0-9-]+==[0-9][\w.]* ", line), line
        assert "--hash=sha256:" in line, line


def test_build_has_its_run_bit_here_and_in_git() -> None:
    assert os.access(FUNCTION / "build.sh", os.X_OK)
    listed = subprocess.run(
        ["git", "ls-files", "-s", FUNCTION / "build.sh"], capture_output=True, text=True, cwd=ROOT
    )
    assert listed.stdout.startswith("100755 ")


def test_build_stops_at_the_first_error() -> None:
    assert re.search(r"^set -e", (FUNCTION / "build.sh").read_text(encoding="utf-8"), re.MULTILINE)


def test_package_holds_the_function_alone() -> None:
    assert [entry.name for entry in FUNCTION.parent.iterdir()] == ["openai"]


def test_functions_folder_is_no_package() -> None:
    assert not (FUNCTION / "__init__.py").exists(), "it would shadow the openai SDK"


def test_local_variables_prefer_env_and_fill_in_from_the_example(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text("A=example\nB=example\nC=example\n")
    (tmp_path / ".env").write_text("A=mine\nB=\nD='$A ${A}'\n")
    assert local_variables(tmp_path) == {"A": "mine", "B": "example", "C": "example", "D": "$A ${A}"}


def test_project_is_read_with_values_for_its_names(project_text: str, tmp_path: Path) -> None:
    (tmp_path / "project.yml").write_text(project_text)
    function = read_project(
        tmp_path, dict.fromkeys(variables_in(project_text), "x") | {"ACCESS_TOKEN": "007"}
    )
    assert function.environment == dict.fromkeys(variables_in(project_text), "x") | {"ACCESS_TOKEN": "007"}
    assert function.timeout_seconds == 60
    assert function.custom_options


def test_project_without_a_value_for_a_name_is_refused(project_text: str, tmp_path: Path) -> None:
    (tmp_path / "project.yml").write_text(project_text)
    with pytest.raises(ProjectError, match="ADMIN_TOKEN"):
        read_project(tmp_path, dict.fromkeys(variables_in(project_text), "x") | {"ADMIN_TOKEN": ""})
