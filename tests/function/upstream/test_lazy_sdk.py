"""Each test runs its program in a Python of its own: what a process has imported cannot be undone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FUNCTION = Path(__file__).parents[3] / "packages" / "v1" / "openai"

INSTALL = "from assistant_function.upstream import lazy_sdk; lazy_sdk.install()\n"

USE_THE_CLIENT = """
import httpx2, json, openai, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)

def client(status=200, **answer):
    transport = httpx2.MockTransport(lambda request: httpx2.Response(status, json=answer))
    http = httpx2.Client(transport=transport)
    return openai.OpenAI(api_key="k", base_url="http://upstream/v1", max_retries=0, http_client=http)
"""

TELL_ALL_NAMES = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
import openai
openai.OpenAI(api_key="k").beta.threads.runs
from openai.types.beta import Assistant, Thread
from openai.types.beta.threads import Message, Run

def identity(value):
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return f"{getattr(value, '__module__', '')}.{name}" if name else repr(type(value))

def names(module):
    hidden = lambda name: name.startswith("__") or f"{module}.{name}" in sys.modules
    return [name for name in vars(importlib.import_module(module)) if not hidden(name)]

def told(modules):
    imported = {name: importlib.import_module(name) for name in modules}
    found = {m: {n: identity(getattr(imported[m], n)) for n in modules[m]} for m in modules}
    return {"names": found, "schemas": [t.model_json_schema() for t in (Assistant, Thread, Message, Run)]}
"""


def run(program: str, path: Path = FUNCTION, *, stdin: str = "") -> Any:
    """Runs the program, and returns what it printed, read as JSON."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        input=stdin,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(path), str(FUNCTION)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def fake_sdk(folder: Path, types: str) -> Path:
    """A package named like the SDK; its package `types` has the given code and a module `color`."""
    (folder / "openai" / "types").mkdir(parents=True)
    (folder / "openai" / "__init__.py").touch()
    (folder / "openai" / "types" / "__init__.py").write_text(types)
    color = "class Color:\n    x = '1'\ndef color(): return 'blue'\ndef print(): return 'printed'\n"
    (folder / "openai" / "types" / "color.py").write_text(color)
    return folder


def test_every_name_and_schema_is_the_same_as_with_plain_loading() -> None:
    listing = "modules = {name: names(name) for name in list(sys.modules) if name.startswith('openai')}\n"
    plain = run(TELL_ALL_NAMES + listing + "print(json.dumps(told(modules)))")
    modules = {module: list(names) for module, names in plain["names"].items()}
    lazily = INSTALL + TELL_ALL_NAMES + "print(json.dumps(told(json.load(sys.stdin))))"
    assert len(modules) > 1000
    assert run(lazily, stdin=json.dumps(modules)) == plain


def test_no_module_of_this_sdk_has_to_be_loaded_plainly() -> None:
    every_resource = (
        "import pkgutil, importlib, openai.resources as r\n"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(r.__path__, 'openai.resources.')]\n"
    )
    report = "print(json.dumps([lazy_sdk.LOADED_PLAINLY, len(lazy_sdk.LOADED_LAZILY)]))"
    plainly, lazily = run(INSTALL + "import json\n" + every_resource + report)
    assert plainly == {}
    assert lazily > 100


def test_the_first_call_loads_at_most_a_third_of_the_modules() -> None:
    call = USE_THE_CLIENT + "client(id='asst_1', object='assistant').beta.assistants.retrieve('asst_1')\n"
    count = "print(json.dumps(sum(name.startswith('openai') for name in sys.modules)))"
    lazily, plainly = run(INSTALL + call + count), run(call + count)
    assert lazily < plainly / 3


def test_answers_are_instances_of_the_public_types() -> None:
    program = """
answer = client(id="asst_1", object="assistant", tools=[{"type": "code_interpreter"}])
assistant = answer.beta.assistants.retrieve("asst_1")
import pickle
print(json.dumps([
    isinstance(assistant, openai.types.beta.Assistant),
    isinstance(assistant.tools[0], openai.types.beta.CodeInterpreterTool),
    pickle.loads(pickle.dumps(assistant)) == assistant,
]))
"""
    assert run(INSTALL + USE_THE_CLIENT + program) == [True, True, True]


def test_error_answers_raise_the_public_exceptions() -> None:
    exceptions = {
        400: "BadRequestError",
        401: "AuthenticationError",
        403: "PermissionDeniedError",
        404: "NotFoundError",
        409: "ConflictError",
        422: "UnprocessableEntityError",
        429: "RateLimitError",
        500: "InternalServerError",
    }
    program = f"""
found = {{}}
for status, exception in {exceptions}.items():
    try:
        client(status, error={{"message": "no"}}).beta.threads.retrieve("thread_1")
    except getattr(openai, exception) as error:
        found[status] = [isinstance(error, openai.APIStatusError), error.status_code, type(error).__module__]
print(json.dumps(found))
"""
    assert run(INSTALL + USE_THE_CLIENT + program) == {
        str(status): [True, status, "openai"] for status in exceptions
    }


def test_a_module_that_cannot_run_lazily_is_loaded_plainly_and_told(tmp_path: Path) -> None:
    fake_sdk(tmp_path, "from .color import Color\nPALETTE = [globals()['Color']]")
    report = "print(json.dumps([types.PALETTE[0] is types.Color, list(lazy_sdk.LOADED_PLAINLY)]))"
    program = INSTALL + "import json\nfrom openai import types\n" + report
    assert run(program, tmp_path) == [True, ["openai.types"]]


@pytest.mark.parametrize(
    ("code", "expression"),
    [
        ("from .color import Color", "package.Color is package.color.Color"),
        ("from .color import Color as Paint", "package.Paint is package.color.Color"),
        ("from .color import Color\nclass Red(Color): pass", "package.Red.__mro__[1] is package.Color"),
        ("from .color import Color\ndef make(kind=Color): return kind", "package.make() is package.Color"),
        ("from .color import Color\ndef make(): return Color", "package.make() is package.Color"),
        ("from .color import Color\nPALETTE = [Color]", "package.PALETTE[0] is package.Color"),
        ("from .color import *", "package.Color.__name__ == 'Color'"),
        ("from . import color", "package.color.Color.__name__ == 'Color'"),
        ("from .color import color", "package.color() == 'blue'"),
        (
            "from .color import print\ndef say(): return print()",
            "package.say() == package.print() == 'printed'",
        ),
        (
            "def make():\n    from .color import Color\n    return Color",
            "package.make() is package.color.Color",
        ),
        (
            "from .color import Color\ndef __getattr__(name): return name",
            "package.red + package.Color.x == 'red1'",
        ),
        ("from .color import Color\nColor = 5", "package.Color == 5"),
    ],
)
def test_a_package_behaves_as_with_plain_loading(code: str, expression: str, tmp_path: Path) -> None:
    fake_sdk(tmp_path, code)
    program = (
        f"import json\nfrom openai import types as package\nimport openai.types.color\nok = {expression}\n"
    )
    assert run(program + "print(json.dumps(ok))", tmp_path) is True
    assert run(INSTALL + program + "print(json.dumps(ok))", tmp_path) is True


def test_a_missing_name_is_an_attribute_error(tmp_path: Path) -> None:
    fake_sdk(tmp_path, "from .color import Color")
    program = "import json\nfrom openai import types\nprint(json.dumps([hasattr(types, 'Colour')]))"
    assert run(INSTALL + program, tmp_path) == [False]


@pytest.mark.parametrize("zipped", [False, True])
def test_byte_code_alone_serves_in_a_folder_or_a_zip_file(zipped: bool, tmp_path: Path) -> None:
    site = fake_sdk(tmp_path / "site", "from .color import Color")
    subprocess.run([sys.executable, "-m", "compileall", "-q", "-b", str(site)], check=True)
    for source in site.rglob("*.py"):
        source.unlink()
    if zipped:
        site = Path(shutil.make_archive(str(tmp_path / "packages"), "zip", site))
    program = "import json\nfrom openai import types\n"
    report = "print(json.dumps([types.Color.__name__, lazy_sdk.LOADED_LAZILY]))"
    assert run(INSTALL + program + report, site) == ["Color", ["openai", "openai.types"]]
