"""Build step: ship what the function can ever load, as byte code in one zip file, its own packages included.

    python trim.py virtualenv

A cold start unpacks the archive file by file and compiles whatever has no byte code that survives that. So
all Python code goes into one zip file on `sys.path`, compiled; packages with machine code cannot be imported
from there and stay folders. Of the openai SDK it takes the modules that the Assistants client can reach:
their imports are followed, those within functions too, but not into the resources of other APIs. This relies
on lazy_sdk, which lets the SDK's re-exporting packages import name by name. Fails if the result does not
import.
"""

import ast
import os
import py_compile
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

from assistant_function.upstream.lazy_sdk import REEXPORTING, RESOURCES

ASSISTANTS = [
    "openai.resources.beta.beta",
    "openai.resources.beta.assistants",
    "openai.resources.beta.threads.messages",
    "openai.resources.beta.threads.runs.runs",
    "openai.resources.beta.threads.runs.steps",
    "openai.resources.beta.threads.threads",
]
OWN_PACKAGES = ("assistant_function", "assistants_transport")
LEFT_OUT = (
    "assistants_transport.v2_objects",  # types, which only the type checker reads
    "anyio.pytest_plugin",
    "anyio._backends._trio",  # the package trio is not installed
    "httpx2._main",  # the command line
    "jiter",  # partial JSON of streamed chat completions
    "pydantic.mypy",
    "pydantic.v1",  # models written for the old pydantic
)
READS_ITS_SOURCE = ("anyio",)  # to import lazily
READS_ITS_VERSION = ("httpx2", "httpcore2")

ZIP = "packages.pyz"  # not .zip: what packs the archive might take it for compressed already


def main(virtualenv: Path) -> None:
    [site] = virtualenv.glob("lib/python3*/site-packages")
    packed = site.with_name("packed")
    pack(site, packed)
    shutil.rmtree(site)
    packed.rename(site)
    check(virtualenv)
    remove_all_but(virtualenv / "bin", "activate_this.py")
    remove_all_but(virtualenv, "bin", "lib")


def pack(site: Path, packed: Path) -> None:
    """Write what the function needs of the folder `site` to the new folder `packed`."""
    packed.mkdir()
    files = {name: file for name, file in modules(site) if not is_within(LEFT_OUT, name)}
    sdk = reachable(files)
    taken = {name: file for name, file in files.items() if name in sdk or not is_within(("openai",), name)}
    machine_code = [file for file in site.rglob("*.so") if file.relative_to(site).parts[0] not in LEFT_OUT]
    folders = {file.relative_to(site).parts[0] for file in machine_code}
    with zipfile.ZipFile(packed / ZIP, "w") as archive:  # stored: the archive it gets into is compressed
        for name, file in taken.items():
            path = file.relative_to(site)
            if path.parts[0] in folders:
                compile_to(packed / path.with_suffix(".pyc"), file, shown_as=path)
                continue
            archive.write(compile_to(file.with_suffix(".pyc"), file, shown_as=path), path.with_suffix(".pyc"))
            if is_within(READS_ITS_SOURCE, name) and path.name == "__init__.py":
                archive.write(file, path)
        pack_own(archive, packed)
    (packed / "packages.pth").write_text(f"{ZIP}\n")
    versions = [file for name in READS_ITS_VERSION for file in site.glob(f"{name}-*.dist-info/METADATA")]
    for file in [*machine_code, *versions]:
        (packed / file.relative_to(site)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, packed / file.relative_to(site))


def pack_own(archive: zipfile.ZipFile, scratch: Path) -> None:
    """The function's own packages: a hundred files fewer to unpack at every cold start."""
    own = Path(__file__).parent
    for name, file in modules(own):
        if not is_within(OWN_PACKAGES, name) or is_within(LEFT_OUT, name):
            continue
        path = file.relative_to(own)
        compiled = compile_to(scratch / "own.pyc", file, shown_as=path)
        archive.write(compiled, path.with_suffix(".pyc"))
        compiled.unlink()


def compile_to(target: Path, source: Path, *, shown_as: Path) -> Path:
    py_compile.compile(
        str(source),
        cfile=str(target),
        dfile=str(shown_as),
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    return target


def remove_all_but(folder: Path, *kept: str) -> None:
    for entry in folder.iterdir():
        if entry.name in kept:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def modules(site: Path) -> Iterator[tuple[str, Path]]:
    """Name and source file of every module in `site`."""
    for file in sorted(site.rglob("*.py")):
        parts = file.relative_to(site).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


def is_within(packages: tuple[str, ...], module: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def reachable(files: dict[str, Path]) -> set[str]:
    """The SDK's modules that can ever be loaded from the Assistants client, by their names."""
    reached: set[str] = set()
    waiting = ["openai", *ASSISTANTS]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in files or is_another_resource(name):
            continue
        reached.add(name)
        waiting.append(name.rpartition(".")[0])
        if not is_reexporting(files, name):
            for source, wanted in imports(files, name, at_run_time=True):
                waiting += [origin for there in wanted for origin in origins(files, source, there)]
    return reached


def is_another_resource(name: str) -> bool:
    leads_to_assistants = any(is_within((name,), module) for module in ASSISTANTS)
    return is_within((RESOURCES,), name) and not leads_to_assistants


def is_reexporting(files: dict[str, Path], name: str) -> bool:
    return is_within(REEXPORTING, name) and files[name].name == "__init__.py"


def origins(files: dict[str, Path], source: str, name: str) -> list[str]:
    """The modules that `from source import name` loads."""
    if f"{source}.{name}" in files:
        return [f"{source}.{name}"]
    if source not in files or not is_reexporting(files, source):
        return [source]
    found = [origin for origin, names in imports(files, source, at_run_time=False) if name in names]
    return [source, *(module for origin in found for module in origins(files, origin, name))]


def imports(files: dict[str, Path], name: str, *, at_run_time: bool) -> Iterator[tuple[str, list[str]]]:
    """Every import in a module: from where, and which names (none for a plain `import`)."""
    package = name if files[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in walk(ast.parse(files[name].read_bytes()), at_run_time):
        if isinstance(node, ast.Import):
            yield from ((alias.name, [""]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            yield source, [alias.name for alias in node.names]


def walk(node: ast.AST, at_run_time: bool) -> Iterator[ast.AST]:
    """All nodes; at run time without those that only type checkers see."""
    yield node
    hidden = (
        node.body
        if at_run_time and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        else []
    )
    for child in ast.iter_child_nodes(node):
        if child not in hidden:
            yield from walk(child, at_run_time)


CHECK = """
import sys, zipfile
exec(open(sys.argv[1]).read(), {"__file__": sys.argv[1]})
from assistant_function.upstream import lazy_sdk
lazy_sdk.install()
import importlib, httpx2, openai
for path in zipfile.ZipFile(openai.__file__.partition(".pyz")[0] + ".pyz").namelist():
    name = path.removesuffix(".pyc").removesuffix("/__init__").replace("/", ".")
    if name.startswith("openai."):
        try:
            importlib.import_module(name)
        except ImportError as error:
            if (error.name or "openai").startswith("openai"):
                raise
"""


def check(virtualenv: Path) -> None:
    """Import every module of the SDK that was taken, as the platform would."""
    activate = str(virtualenv.absolute() / "bin" / "activate_this.py")
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    subprocess.run([sys.executable, "-S", "-c", CHECK, activate], env=here, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
