"""Draws the import graph of modules from their source, and finds what breaks the rules of the rooms."""

import ast
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple, TypeGuard

NOT_SOURCE = ("virtualenv", "node_modules", "__pycache__")
ImportNode = ast.Import | ast.ImportFrom | ast.Call
IN_A_FUNCTION, FOR_TYPES = "in a function", "for types"


class Arrow(NamedTuple):
    """One module imports another; `when` tells an import in a function or under TYPE_CHECKING from others."""

    importer: str
    imported: str
    line: int
    when: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}, {self.when}" if self.when else f"line {self.line}"
        return f"{self.importer} -> {self.imported} ({place})"


class Room(NamedTuple):
    """Modules, as patterns that also stand for everything below them, and the rooms that they may import."""

    modules: str
    may_import: str = ""


class Import(NamedTuple):
    """An import between two rooms, or of a package from elsewhere, that is a rule of its own."""

    importer: str
    imported: str
    when: str | None = None  # at any time


def read_sources(base: Path, folder: Path) -> dict[str, str]:
    """The source of every module in the folder, by the name that it is imported by from `base`."""
    paths = [path.relative_to(base) for path in folder.rglob("*.py")]
    return {
        module_name(path): (base / path).read_text(encoding="utf-8")
        for path in paths
        if not set(NOT_SOURCE) & set(path.parts)
    }


def module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def draw_arrows(sources: Mapping[str, str]) -> list[Arrow]:
    """Every import: of each other by the module's name, of other packages as it is written."""
    return [arrow for name in sources for arrow in _read_imports(name, sources)]


def _read_imports(name: str, sources: Mapping[str, str]) -> Iterator[Arrow]:
    for node, when in _find_imports(ast.parse(sources[name]), ""):
        for imported in _names_imported(node, name, sources):
            yield Arrow(name, imported, node.lineno, when)


def _find_imports(node: ast.AST, when: str) -> Iterator[tuple[ImportNode, str]]:
    if isinstance(node, ast.Import | ast.ImportFrom) or _is_import_by_name(node):
        yield node, when
    elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        for statement in node.body:
            yield from _find_imports(statement, FOR_TYPES)
        for statement in node.orelse:
            yield from _find_imports(statement, when)
    else:
        within = IN_A_FUNCTION if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else when
        for child in ast.iter_child_nodes(node):
            yield from _find_imports(child, within)


def _is_import_by_name(node: ast.AST) -> TypeGuard[ast.Call]:
    """`importlib.import_module("a.b")`: the name has to stand there."""
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("import_module")
        and isinstance(node.args[0], ast.Constant)
    )


def _names_imported(node: ImportNode, importer: str, sources: Mapping[str, str]) -> list[str]:
    if isinstance(node, ast.Call):
        return [_nearest_module(ast.literal_eval(node.args[0]), sources)]
    if isinstance(node, ast.Import):
        return [_nearest_module(alias.name, sources) for alias in node.names]
    package = _absolute_package(node, importer, sources)
    found = [f"{package}.{alias.name}" for alias in node.names]
    return list(dict.fromkeys(name if name in sources else package for name in found))


def _absolute_package(node: ast.ImportFrom, importer: str, sources: Mapping[str, str]) -> str:
    """What stands between `from` and `import`, its dots resolved."""
    if not node.level:
        return node.module or ""
    is_package = any(name.startswith(f"{importer}.") for name in sources)
    parts = importer.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, *filter(None, [node.module])])


def _nearest_module(name: str, sources: Mapping[str, str]) -> str:
    """`import a.b.c` imports the module a.b where c is no module of ours."""
    shorter = name
    while shorter not in sources and "." in shorter:
        shorter = shorter.rpartition(".")[0]
    return shorter if shorter in sources else name


def find_circles(arrows: Iterable[Arrow]) -> list[str]:
    """The shortest circle through each arrow, every circle once."""
    leaving: dict[str, list[Arrow]] = {}
    for arrow in arrows:
        leaving.setdefault(arrow.importer, []).append(arrow)
    circles: dict[frozenset[str], str] = {}
    for arrow in [arrow for found in leaving.values() for arrow in found]:
        path = _find_shortest_path(arrow, leaving)
        if path:
            circles.setdefault(frozenset(one.importer for one in path), "; ".join(map(str, path)))
    return list(circles.values())


def _find_shortest_path(first: Arrow, leaving: Mapping[str, list[Arrow]]) -> list[Arrow]:
    """The arrows that lead back to where the first begins; none where no way leads back."""
    paths, seen = deque([[first]]), {first.imported}
    while paths:
        path = paths.popleft()
        if path[-1].imported == first.importer:
            return path
        for arrow in leaving.get(path[-1].imported, []):
            if arrow.imported not in seen:
                seen.add(arrow.imported)
                paths.append([*path, arrow])
    return []


def find_arrows_against(
    rooms: Mapping[str, Room],
    arrows: Iterable[Arrow],
    *,
    allowed: Iterable[Import] = (),
    forbidden: Iterable[Import] = (),
) -> list[str]:
    """The arrows that the rooms' order does not allow, but for what is allowed or forbidden by itself."""
    return [
        str(arrow)
        for arrow in arrows
        if any(_fits(arrow, rule) for rule in forbidden)
        or not (_keeps_the_order(arrow, rooms) or any(_fits(arrow, rule) for rule in allowed))
    ]


def _keeps_the_order(arrow: Arrow, rooms: Mapping[str, Room]) -> bool:
    here, there = find_room(arrow.importer, rooms), find_room(arrow.imported, rooms)
    return here is None or there is None or here == there or there in rooms[here].may_import.split()


def _fits(arrow: Arrow, rule: Import) -> bool:
    ends = matches(arrow.importer, rule.importer) and matches(arrow.imported, rule.imported)
    return ends and rule.when in (None, arrow.when)


def find_room(module: str, rooms: Mapping[str, Room]) -> str | None:
    """The room whose pattern says most about this module; None for a module of elsewhere."""
    fitting = [
        (len(pattern), name)
        for name, room in rooms.items()
        for pattern in room.modules.split()
        if matches(module, pattern)
    ]
    return max(fitting)[1] if fitting else None


def matches(module: str, pattern: str) -> bool:
    return module == pattern or module.startswith(f"{pattern}.") or fnmatchcase(module, pattern)


def find_shared_file_names(modules: Iterable[str]) -> list[str]:
    """Modules of different packages whose files have the same name; __main__ may be in each."""
    by_name: dict[str, list[str]] = {}
    for module in modules:
        by_name.setdefault(module.rpartition(".")[2], []).append(module)
    return [
        ", ".join(sorted(found)) for name, found in by_name.items() if len(found) > 1 and name != "__main__"
    ]


def find_imported_test_modules(arrows: Iterable[Arrow]) -> list[str]:
    return [str(arrow) for arrow in arrows if arrow.imported.rpartition(".")[2].startswith("test_")]
