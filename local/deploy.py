"""`make deploy`: check what can be checked here, then hand over to doctl."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv import dotenv_values

from .devhost.project import variables_in

ROOT = Path(__file__).parents[1]
COMMAND = ["doctl", "serverless", "deploy", ".", "--remote-build"]
PLACEHOLDER_KEY = "none"


def main() -> int:
    """Deploy, or say in one line each what stands in the way. Returns the exit status."""
    problems = list(find_problems(ROOT, os.environ))
    for problem in problems:
        print(f"make deploy: {problem}", file=sys.stderr)
    return 1 if problems else subprocess.run(COMMAND, cwd=ROOT, check=False).returncode


def find_problems(root: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """What would make the deployment fail or deploy something useless, each with what to do."""
    yield from doctl_problems(environment)
    yield from setting_problems(root, environment)
    yield from folder_problems(root)


def doctl_problems(environment: Mapping[str, str]) -> Iterator[str]:
    """Whether doctl is there and connected to a namespace."""
    doctl = shutil.which("doctl", path=environment.get("PATH"))
    if doctl is None:
        yield "doctl is missing: see https://docs.digitalocean.com/reference/doctl/how-to/install/"
        return
    status = subprocess.run(
        [doctl, "serverless", "status"], env=environment, capture_output=True, check=False
    )
    if status.returncode != 0:
        yield "doctl has no functions namespace: run doctl serverless install, then doctl serverless connect"


def setting_problems(root: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Whether every ${NAME} of project.yml has a value that can be deployed."""
    if not (root / ".env").exists():
        yield ".env is missing: cp .env.example .env, then fill it in"
        return
    from_file = dotenv_values(root / ".env", interpolate=False)
    for name in variables_in((root / "project.yml").read_text(encoding="utf-8")):
        value = environment.get(name) or from_file.get(name)  # in this order, as the deployer has it
        if not value:
            yield f"{name} has no value: set it in .env (.env.example shows one)"
        elif any(character in value for character in '"\\\n'):  # the value becomes text of project.yml
            yield f"{name} holds a quote, a backslash or a line break: choose a value without"
        elif name == "OPENAI_API_KEY" and value.strip().lower() == PLACEHOLDER_KEY:
            yield "OPENAI_API_KEY is still the placeholder: put your key in .env"


def folder_problems(root: Path) -> Iterator[str]:
    """Whether the folder that is uploaded holds the function and nothing else."""
    package = root / "packages" / "v1"
    if not os.access(package / "openai" / "build.sh", os.X_OK):
        yield "build.sh cannot be run by the builder: chmod +x packages/v1/openai/build.sh"
    for entry in sorted(package.iterdir()):
        if entry.name != "openai":
            yield f"packages/v1/{entry.name} would become a function of its own: move it away"
    caches = package.glob("openai/**/__pycache__")
    if any("virtualenv" not in cache.parts for cache in caches):
        yield "packages/v1/openai holds __pycache__: run make clean"


if __name__ == "__main__":
    sys.exit(main())
