"""`make deploy`: checks what can be checked here, hands over to doctl, and prints the function's URL."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from .devhost.project import ProjectError, fits_project, read_env_file, variables_in

ROOT = Path(__file__).parents[1]
# The function's own reading of its settings. No byte code may be left in the folder that is uploaded.
sys.path.append(str(ROOT / "packages" / "v1" / "openai"))
sys.dont_write_bytecode = True

from assistant_function.errors import NotConfigured  # noqa: E402
from assistant_function.request import settings  # noqa: E402

DEPLOY = ["doctl", "serverless", "deploy", ".", "--remote-build"]
GET_URL = ["doctl", "serverless", "functions", "get", "v1/openai", "--url"]
PLACEHOLDER_KEY = "none"


def main() -> int:
    """Deploy, or say in one line each what stands in the way. Returns the exit status."""
    problems = list(find_problems(ROOT, os.environ))
    for problem in problems:
        print(f"make deploy: {problem}", file=sys.stderr)
    if problems:
        return 1
    for warning in find_warnings(read_values(ROOT, os.environ)):
        print(f"make deploy: warning: {warning}", file=sys.stderr)
    return subprocess.run(DEPLOY, cwd=ROOT, check=False).returncode or print_url()


def print_url() -> int:
    """Print where the function answers, as doctl tells it. Returns doctl's exit status."""
    asked = subprocess.run(GET_URL, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if asked.returncode == 0:
        print(f"The function answers at {asked.stdout.strip()}")
    else:
        print(f"make deploy: deployed, but its URL is not told by {' '.join(GET_URL)}", file=sys.stderr)
    return asked.returncode


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
    """Whether every ${NAME} of project.yml has a value that can be deployed and that the function takes."""
    if not (root / ".env").exists():
        yield ".env is missing: cp .env.example .env, then fill it in"
        return
    try:
        defaults, values = read_env_file(root / ".env.example"), read_values(root, environment)
    except ProjectError as problem:
        yield str(problem)
        return
    for name, value in values.items():
        if not value:
            yield f"{name} has no value in .env: add the line {name}={defaults.get(name) or 'none'}"
        elif not fits_project(value):
            yield f"{name} holds a quote, a backslash or what cannot be seen: choose a value without"
        elif name == "OPENAI_API_KEY" and value.strip().lower() == PLACEHOLDER_KEY:
            yield "OPENAI_API_KEY is still the placeholder: put your key in .env"
        else:
            yield from function_problems(name, value)


def read_values(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The value of each ${NAME} in project.yml: as for the deployer, the environment goes before .env."""
    from_file = read_env_file(root / ".env")
    names = variables_in((root / "project.yml").read_text(encoding="utf-8"))
    return {name: environment.get(name) or from_file.get(name) or "" for name in names}


def function_problems(name: str, value: str) -> Iterator[str]:
    """What the function itself would say of this setting, in an answer 500 to every call."""
    try:
        settings.parse_settings({name: value})
    except NotConfigured as problem:
        yield str(problem)


def find_warnings(values: Mapping[str, str]) -> Iterator[str]:
    """What strangers may do with a function that is deployed like this."""
    wanted = settings.parse_settings(values)
    if wanted.access_token is None:
        yield "without ACCESS_TOKEN everyone who knows the URL can talk to the assistants at your cost"
    if wanted.admin_token is None:
        yield "without ADMIN_TOKEN everyone who may call can also create, change and delete assistants"


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
