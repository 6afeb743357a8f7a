"""What devhost needs to know of a function: project.yml and .env, read the way the deployer reads them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

VARIABLE = re.compile(r"\$\{\s*([^}\s]*)\s*\}")
DEFAULT_TIMEOUT_MS = 3000  # the platform's own, where project.yml names none
# The lines of an .env that have one meaning. The deployer reads the file with dotenv for JavaScript, which
# takes more: values of several lines, escapes, `NAME: value`, a # within a value. Those are refused here.
COMMENT = r"#[^\u2028\u2029]*"  # JavaScript takes these two for line breaks
BLANK_LINE = re.compile(rf"\s*({COMMENT})?")
NAMED_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*")
SETTING_LINE = re.compile(
    NAMED_LINE.pattern
    + r"""(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<plain>[^\s'"`#][^#]*?)?)"""
    + rf"(?:[ \t]*|[ \t]+{COMMENT})"
)


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
    files = [read_env_file(root / name) for name in (".env.example", ".env")]
    return {name: value for values in files for name, value in values.items() if value}


def read_env_file(path: Path) -> dict[str, str]:
    """The settings of an .env file, none where there is no file.

    Raises ProjectError for a line that has no meaning, or more than one; no value stands in its words."""
    found = {}
    for number, line in enumerate(re.split(r"\r\n?|\n", _read_text(path)), start=1):
        if BLANK_LINE.fullmatch(line):
            continue
        setting = SETTING_LINE.fullmatch(line)
        value = (
            next((text for text in setting.group("single", "double", "plain") if text), "") if setting else ""
        )
        if setting is None or not fits_project(value):
            raise ProjectError(f"{path.name}, line {number}{_explain(line)}")
        found[setting["name"]] = value
    return found


def fits_project(value: str) -> bool:
    """Whether a value is still itself between the quotes of project.yml, where it is put as text."""
    return value.isprintable() and not {'"', "\\"} & set(value)


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise ProjectError(f"{path.name}, line {line} is not UTF-8: save the file as UTF-8 text") from None
    except OSError as problem:
        raise ProjectError(
            f"{path.name} cannot be read ({problem.strerror}): make it a file that you may read"
        ) from None


def _explain(line: str) -> str:
    if "\0" in line:
        return " holds a NUL: save the file as UTF-8 text"
    named = NAMED_LINE.match(line)
    if named is None:
        return " is no setting: write NAME=value, or a comment with # before it"
    return (
        f": choose a value of {named[1]} without quotes, backslashes and what cannot be seen; "
        f"one with # needs quotes around it: {named[1]}='…'"
    )


def read_project(root: Path, variables: Mapping[str, str]) -> Function:
    """The function v1/openai of root/project.yml. Raises ProjectError for a name without a value."""
    text = (root / "project.yml").read_text(encoding="utf-8")
    missing = [name for name in variables_in(text) if not variables.get(name)]
    if missing:
        raise ProjectError(f"project.yml needs a value for {', '.join(missing)}: set it in .env")
    if broken := [name for name in variables_in(text) if not fits_project(variables[name])]:
        raise ProjectError(
            f"{', '.join(broken)} holds a quote, a backslash or what cannot be seen: choose a value without"
        )
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
