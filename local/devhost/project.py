"""What devhost needs to know of a function, read from project.yml the way the deployer reads it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

VARIABLE = re.compile(r"\$\{\s*([^}\s]*)\s*\}")
DEFAULT_TIMEOUT_MS = 3000  # the platform's own, where project.yml names none


class ProjectError(Exception):
    """project.yml cannot be deployed as it stands."""


@dataclass(frozen=True)
class Function:
    """A function's folder and how it is deployed."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 60.0
    custom_options: bool = False


def variables_in(text: str) -> list[str]:
    """The names in ${...}, each once, wherever they stand: the deployer substitutes in comments too."""
    return list(dict.fromkeys(VARIABLE.findall(text)))


def local_variables(root: Path) -> dict[str, str]:
    """The values of root/.env, and those of root/.env.example for what .env leaves out or empty."""
    files = [dotenv_values(root / name, interpolate=False) for name in (".env.example", ".env")]
    return {name: value for values in files for name, value in values.items() if value}


def read_project(root: Path, variables: Mapping[str, str]) -> Function:
    """The function v1/openai of root/project.yml. Raises ProjectError for a name without a value."""
    text = (root / "project.yml").read_text(encoding="utf-8")
    missing = [name for name in variables_in(text) if not variables.get(name)]
    if missing:
        raise ProjectError(f"project.yml needs a value for {', '.join(missing)}: set it in .env")
    project = yaml.safe_load(VARIABLE.sub(lambda match: variables[match[1]], text))
    package = _find_named(project["packages"], "v1")
    function = _find_named(package["functions"], "openai")
    layers = [layer.get("environment") or {} for layer in (project, package, function)]
    return Function(
        folder=root / "packages" / "v1" / "openai",
        environment={key: value for layer in layers for key, value in layer.items()},
        timeout_seconds=(function.get("limits") or {}).get("timeout", DEFAULT_TIMEOUT_MS) / 1000,
        custom_options=(function.get("annotations") or {}).get("web-custom-options") is True,
    )


def _find_named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found = next((entry for entry in entries if entry["name"] == name), None)
    if found is None:
        raise ProjectError(f"project.yml names no {name}")
    return found
