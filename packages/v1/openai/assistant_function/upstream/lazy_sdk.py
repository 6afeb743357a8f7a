"""Cold start: the openai SDK, loaded name by name as it is used.

`import openai` and one call on the Assistants client load some 1,600 modules, nearly all of them because
the SDK's packages re-export names and its resources import every type they might ever answer. `install()`
makes these packages and resources note such imports instead: `from .run import Run` only records where
`Run` comes from, and the first use of the name, from inside the module or from outside, imports it. What is
used is always the SDK's own object, so isinstance, except and pickle know no difference. Only `dir()` and
`import *` do: they see what has been used so far.

A module whose shape does not allow this is loaded the plain way and recorded in `LOADED_PLAINLY`.
"""

import builtins
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from importlib import import_module
from importlib.abc import InspectLoader, Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import resolve_name
from types import CodeType, ModuleType
from typing import Any, cast

SDK = "openai"
RESOURCES = "openai.resources"
REEXPORTING = ("openai.types", "openai.lib", RESOURCES)

LOADED_LAZILY: list[str] = []
LOADED_PLAINLY: dict[str, str] = {}
"""The modules that could not be loaded lazily, with the reason."""


def install() -> None:
    """Load the SDK lazily from now on. To be called before the first `import openai`; twice is harmless."""
    if _SdkFinder not in sys.meta_path:
        sys.meta_path.insert(0, _SdkFinder)


class _SdkFinder(MetaPathFinder):
    """Finds the SDK's re-exporting packages and its resources; the other modules are left to Python.

    The modules that define types are among those: pydantic looks their annotations' names up in them.
    """

    @classmethod
    def find_spec(cls, name: str, path: Sequence[str] | None, _target: object = None) -> ModuleSpec | None:
        if name != SDK and not any(_is_within(package, name) for package in REEXPORTING):
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None or not hasattr(spec.loader, "get_code"):
            return None
        is_package = spec.submodule_search_locations is not None
        if not is_package and not _is_within(RESOURCES, name):
            return None
        spec.loader = _LazyLoader(cast("InspectLoader", spec.loader))
        return spec


def _is_within(package: str, module: str) -> bool:
    return module == package or module.startswith(package + ".")


class _LazyLoader(Loader):
    """Loads like the plain loader that it wraps, but runs the module's code lazily."""

    def __init__(self, plain: InspectLoader) -> None:
        self.plain = plain

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.plain.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        untouched = dict(vars(module))
        try:
            _run_lazily(self.plain.get_code(module.__name__), module)
            LOADED_LAZILY.append(module.__name__)
        except Exception as reason:
            LOADED_PLAINLY[module.__name__] = repr(reason)
            vars(module).clear()
            vars(module).update(untouched)
            self.plain.exec_module(module)


def _run_lazily(code: CodeType | None, module: ModuleType) -> None:
    if code is None:
        raise ImportError(f"{module.__name__} has no byte code")
    late = _LateNames(module)
    vars(module).update(__builtins__=late, __getattr__=late.attribute)
    exec(code, vars(module), _TopLevel(module, late))  # noqa: S102 (as every import does)


class _LateNames(dict[str, Any]):
    """The builtins of a lazy module: where Python looks up a name that the module does not have (yet).

    `sources` maps a name to the module it comes from and its name there (None: the module itself).
    """

    def __init__(self, module: ModuleType) -> None:
        super().__init__(vars(builtins), __import__=self.note_import)
        self.module = module
        self.sources: dict[str, tuple[str, str | None]] = {}
        self.own_getattr: Callable[[str], Any] | None = None

    def note_import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """`__import__` of a lazy module: notes what its top level takes from the SDK, imports the rest."""
        source = resolve_name("." * level + name, self.module.__package__ or "")
        at_top_level = isinstance(locals, _TopLevel)
        if not at_top_level or not fromlist or "*" in fromlist or not _is_within(SDK, source):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        package, _, submodule = source.rpartition(".")
        if package == self.module.__name__:  # importing a submodule makes it an attribute of its package
            self.sources.setdefault(submodule, (source, None))
        return _LateSource(source)

    def __missing__(self, name: str) -> Any:
        source, name_there = self.sources[name]
        value = import_module(source)
        if name_there is not None:
            value = getattr(__import__(source, fromlist=[name_there]), name_there)
        vars(self.module)[name] = value
        return value

    def attribute(self, name: str) -> Any:
        """`__getattr__` of a lazy module."""
        if name in self.sources:
            return self.__missing__(name)
        if self.own_getattr is not None:
            return self.own_getattr(name)
        raise AttributeError(f"module {self.module.__name__!r} has no attribute {name!r}")


class _LateSource:
    """Stands in for the module in `from module import name`: hands out a note for each name."""

    def __init__(self, module: str) -> None:
        self.module = module

    def __getattr__(self, name: str) -> "_LateName":
        return _LateName(self.module, name)


class _LateName:
    def __init__(self, source: str, name: str) -> None:
        self.source, self.name = source, name


class _TopLevel(MutableMapping[str, Any]):
    """A lazy module's namespace while its code runs: keeps the notes apart from what the module defines."""

    def __init__(self, module: ModuleType, late: _LateNames) -> None:
        self.package, self.defined, self.late = module.__name__, vars(module), late

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(value, _LateName):
            self._note(name, value)
        elif name == "__getattr__":
            self.late.own_getattr = value
        else:
            self.defined[name] = value

    def _note(self, name: str, value: _LateName) -> None:
        self.late.sources[name] = (value.source, value.name)
        is_also_a_submodule = value.source == f"{self.package}.{name}"
        if is_also_a_submodule or hasattr(
            builtins, name
        ):  # something else would be found before it is missed
            self.late.attribute(name)

    def __getitem__(self, name: str) -> Any:
        return self.defined[name] if name in self.defined else self.late[name]

    def __delitem__(self, name: str) -> None:
        del self.defined[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.defined)

    def __len__(self) -> int:
        return len(self.defined)
