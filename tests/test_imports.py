"""Imports run one way: no circles, no arrow against the order of the rooms that the tables below give."""

from pathlib import Path

import pytest

from tests.import_graph import (
    FOR_TYPES,
    IN_A_FUNCTION,
    Arrow,
    Import,
    Room,
    draw_arrows,
    find_arrows_against,
    find_circles,
    find_imported_test_modules,
    find_room,
    find_shared_file_names,
    module_name,
    read_sources,
)

DEPLOYED = (
    "main by_action by_path actions handlers upstream call request answer openapi ground "
    "transport routes operations translate base"
)

# Each room: its modules (a name stands for all that is below it too), and the rooms that it may import.
ROOMS = {
    # The function: the way of a call, top to bottom.
    "main": Room("__main__", "by_action by_path call request answer ground"),
    "by_action": Room("assistant_function.by_action", "actions upstream call request answer ground"),
    "by_path": Room("assistant_function.by_path", "upstream call request answer ground"),
    "actions": Room("assistant_function.actions", "openapi handlers call request answer ground"),
    "openapi": Room("assistant_function.openapi", "call request answer ground"),
    "handlers": Room("assistant_function.handlers", "upstream call request answer ground"),
    "upstream": Room("assistant_function.upstream", "call request ground"),
    "call": Room("assistant_function.call", "request answer ground"),
    "request": Room("assistant_function.request", "ground"),
    "answer": Room("assistant_function.answer", "ground"),
    "ground": Room(
        "assistant_function assistant_function.errors assistant_function.hidden_metadata "
        "assistant_function.json_text"
    ),
    # The transport: it knows nothing of the function.
    "transport": Room(
        "assistants_transport assistants_transport.transport", "routes operations translate base"
    ),
    "routes": Room("assistants_transport.routes", "operations translate base"),
    "operations": Room("assistants_transport.operations", "translate base"),
    "translate": Room("assistants_transport.translate", "base"),
    "base": Room("assistants_transport.*"),
    # What is never deployed.
    "build": Room("trim", "upstream"),
    "devhost": Room("local.devhost"),
    "emulator": Room("local.emulator"),
    "local": Room("local", f"devhost emulator {DEPLOYED}"),
    "benchmarks": Room("benchmarks", f"devhost emulator local {DEPLOYED}"),
    "tests": Room("tests"),
}
ALLOWED = (
    Import("assistant_function.upstream.client", "assistants_transport"),
    Import("assistant_function.by_path.api_request", "assistants_transport.routes", IN_A_FUNCTION),
    Import("assistant_function.by_path", "assistants_transport.event_stream"),
    Import("assistant_function.upstream.run_stream", "assistants_transport.event_stream"),
    Import("assistant_function", "assistants_transport.v2_objects", FOR_TYPES),
)
FORBIDDEN = (
    Import("assistants_transport.translate", "assistants_transport.openai_api"),
    Import("assistants_transport.translate", "httpx2"),
)

ROOT = Path(__file__).parents[1]
FUNCTION = ROOT / "packages" / "v1" / "openai"
SOURCES = (
    read_sources(FUNCTION, FUNCTION)
    | read_sources(ROOT, ROOT / "local")
    | read_sources(ROOT, ROOT / "benchmarks")
)
ARROWS = draw_arrows(SOURCES)


def test_no_modules_import_each_other_in_a_circle() -> None:
    found = find_circles(ARROWS)
    assert not found, "\n".join(found)


def test_every_import_follows_the_order_of_the_rooms() -> None:
    found = find_arrows_against(ROOMS, ARROWS, allowed=ALLOWED, forbidden=FORBIDDEN)
    assert not found, "\n".join(found)


def test_every_module_is_in_a_room_and_every_room_has_modules() -> None:
    found = {module: find_room(module, ROOMS) for module in SOURCES}
    assert [module for module, room in found.items() if room is None] == []
    assert set(found.values()) == ROOMS.keys() - {"tests"}


def test_only_the_ground_stands_outside_the_functions_rooms() -> None:
    """A new file beside the rooms needs a line in the table."""
    in_the_open = {name for name in SOURCES if find_room(name, ROOMS) == "ground"}
    assert in_the_open <= set(ROOMS["ground"].modules.split())


def test_no_two_rooms_have_a_file_of_the_same_name() -> None:
    found = find_shared_file_names(name for name in SOURCES if is_file_of_its_own(name))
    assert not found, "\n".join(found)


def is_file_of_its_own(module: str) -> bool:
    """A package is a folder: its __init__.py has the name of every other."""
    return not any(other.startswith(f"{module}.") for other in SOURCES)


def test_nothing_imports_a_test_module() -> None:
    found = find_imported_test_modules(draw_arrows(read_sources(ROOT, ROOT / "tests")))
    assert not found, "\n".join(found)


# ---------------------------------------------------------------- the checker can fail


@pytest.mark.parametrize(
    ("source", "imported", "when"),
    [
        ("import b", "b", ""),
        ("import b.c as d", "b.c", ""),
        ("import b.c.e", "b.c", ""),
        ("from b import c", "b.c", ""),
        ("from b import name", "b", ""),
        ("from b.c import name", "b.c", ""),
        ("import elsewhere.deep", "elsewhere.deep", ""),
        ("from elsewhere import name", "elsewhere", ""),
        ("try:\n    import b\nexcept ImportError:\n    pass", "b", ""),
        ("def f():\n    from b import c", "b.c", IN_A_FUNCTION),
        ("async def f():\n    if True:\n        import b", "b", IN_A_FUNCTION),
        ("import_module('b.c')", "b.c", ""),
        ("def f():\n    x = importlib.import_module('b.c').x", "b.c", IN_A_FUNCTION),
        ("class A:\n    def f(self):\n        import b", "b", IN_A_FUNCTION),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b", "b", FOR_TYPES),
        ("import typing\nif typing.TYPE_CHECKING:\n    pass\nelse:\n    import b", "b", ""),
    ],
)
def test_the_checker_sees_every_form_of_an_import(source: str, imported: str, when: str) -> None:
    arrows = draw_arrows({"a": source, "b": "", "b.c": ""})
    assert [(arrow.imported, arrow.when) for arrow in arrows if arrow.imported != "typing"] == [
        (imported, when)
    ]


@pytest.mark.parametrize(
    ("importer", "source", "imported"),
    [
        ("a.b", "from . import c", "a.c"),
        ("a.b", "from .c import name", "a.c"),
        ("a", "from .c import name", "a.c"),
        ("a.d.e", "from ..c import name", "a.c"),
        ("a.d", "from . import e", "a.d.e"),
    ],
)
def test_the_checker_resolves_the_dots_of_an_import(importer: str, source: str, imported: str) -> None:
    sources = {"a": "", "a.b": "", "a.c": "", "a.d": "", "a.d.e": ""} | {importer: source}
    assert [arrow.imported for arrow in draw_arrows(sources)] == [imported]


@pytest.mark.parametrize(
    "back",
    ["import a", "def f():\n    import a", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import a"],
)
def test_the_checker_names_a_circle_however_it_is_closed(back: str) -> None:
    (circle,) = find_circles(draw_arrows({"a": "import b", "b": "import c", "c": back, "d": "import a"}))
    assert circle.startswith("a -> b (line 1); b -> c (line 1); c -> a (line ")


def test_the_checker_names_each_of_two_circles_once() -> None:
    circles = find_circles(
        draw_arrows({"a": "import b, c", "b": "import a", "c": "import a", "d": "import b"})
    )
    assert len(circles) == 2


def test_the_checker_lets_imports_that_run_one_way_pass() -> None:
    assert find_circles(draw_arrows({"a": "import b, c", "b": "import c", "c": ""})) == []


SMALL = {"top": Room("top", "bottom"), "bottom": Room("low low.*"), "odd": Room("low.odd")}


@pytest.mark.parametrize(
    ("importer", "imported", "is_wrong"),
    [
        ("top.a", "low.b", False),
        ("top.a", "top.b", False),
        ("top.a", "json", False),
        ("low.b", "top.a", True),
        ("low", "top", True),
        ("top.a", "low.odd.c", True),
        ("low.b", "low.odd", True),
    ],
)
def test_the_checker_refuses_an_arrow_against_the_order(importer: str, imported: str, is_wrong: bool) -> None:
    arrow = Arrow(importer, imported, 7)
    assert find_arrows_against(SMALL, [arrow]) == ([f"{importer} -> {imported} (line 7)"] if is_wrong else [])


def test_the_checker_knows_what_is_allowed_or_forbidden_by_itself() -> None:
    upwards, typed = Arrow("low.b", "top.a", 1), Arrow("low.c", "top.a", 2, FOR_TYPES)
    allowed = [Import("low.b", "top"), Import("low", "top.a", FOR_TYPES)]
    assert find_arrows_against(SMALL, [upwards, typed], allowed=allowed) == []
    assert find_arrows_against(SMALL, [upwards, typed], allowed=allowed[1:]) == [str(upwards)]
    outwards = Arrow("top.a", "httpx2", 3)
    assert find_arrows_against(SMALL, [outwards], forbidden=[Import("top", "httpx2")]) == [str(outwards)]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("assistant_function.request.event", "assistant_function.upstream.client"),
        ("assistant_function.answer.presenters", "assistant_function.upstream.objects"),
        ("assistant_function.handlers.runs", "assistant_function.openapi.describe"),
        ("assistant_function.openapi.describe", "assistant_function.actions"),
        ("assistant_function.handlers.runs", "assistants_transport"),
        ("assistant_function.errors", "local.emulator.server"),
        ("assistants_transport.ids", "assistant_function.errors"),
        ("assistants_transport.translate.run", "assistants_transport.operations.runs"),
        ("assistants_transport.translate.run", "assistants_transport.openai_api"),
        ("assistants_transport.translate.run", "httpx2"),
        ("assistants_transport.ids", "assistants_transport.transport"),
        ("local.devhost.host", "local.emulator.server"),
        ("local.emulator.server", "local.devhost.host"),
        ("__main__", "benchmarks.report"),
        ("local.launcher", "tests.invoke"),
    ],
)
def test_the_tables_refuse_what_the_design_refuses(importer: str, imported: str) -> None:
    arrow = Arrow(importer, imported, 1)
    assert find_arrows_against(ROOMS, [arrow], allowed=ALLOWED, forbidden=FORBIDDEN) == [str(arrow)]


def test_the_transports_objects_are_for_the_functions_types_alone() -> None:
    typed = Arrow("assistant_function.handlers.runs", "assistants_transport.v2_objects", 1, FOR_TYPES)
    used = typed._replace(when="")
    assert find_arrows_against(ROOMS, [typed, used], allowed=ALLOWED) == [str(used)]


def test_the_checker_names_files_that_share_a_name() -> None:
    modules = ["a.runs", "b.runs", "a.__main__", "b.__main__", "a.other"]
    assert find_shared_file_names(modules) == ["a.runs, b.runs"]


def test_the_checker_names_an_import_of_a_test_module() -> None:
    arrows = draw_arrows({"tests.test_a": "from tests.test_b import x", "tests.test_b": "import tests.plain"})
    assert find_imported_test_modules(arrows) == ["tests.test_a -> tests.test_b (line 1)"]


def test_a_package_is_named_by_its_folder(tmp_path: Path) -> None:
    assert module_name(Path("a/b/__init__.py")) == "a.b"
    (tmp_path / "a" / "virtualenv").mkdir(parents=True)
    for path in ("a/__init__.py", "a/b.py", "a/virtualenv/c.py"):
        (tmp_path / path).write_text("import json")
    assert read_sources(tmp_path, tmp_path / "a") == {"a": "import json", "a.b": "import json"}
