"""Something that is done with a module as soon as it has been imported."""

from __future__ import annotations

import sys
from _thread import get_ident

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["finder", "forget_waiting", "is_loaded", "listening", "waiting", "when_imported"]
__all__ += ["when_main_is_made"]

# What is to be done, by the name of the module.
waiting: dict[str, list[Callable[[Any], object]]] = {}
# Who is told of several while `finder` is among those of `sys`, with their names.
listening: dict[Callable[[Any], object], frozenset[str]] = {}


def is_loaded(name: str) -> bool:
    """Return whether the module *name* has been imported, to its end."""
    module = sys.modules.get(name)
    return module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False)


def when_imported(name: str, do: Callable[[Any], object]) -> None:
    """Call *do* with the module *name* when it has been imported: now, where it was."""
    if is_loaded(name):
        do(sys.modules[name])
        return
    waiting.setdefault(name, []).append(do)
    _look()


def when_main_is_made(do: Callable[[Any], object]) -> None:
    """Call *do* with the main module that multiprocessing makes, in a spawned child, of its parent's."""
    spawn = sys.modules.get("multiprocessing.spawn")
    if spawn is None:
        return
    prepare = spawn.prepare

    def prepare_and_do(data: Any) -> None:
        prepare(data)
        do(sys.modules["__main__"])

    setattr(spawn, "prepare", prepare_and_do)  # noqa: B010 (for mypy, a module has no such attribute)


def forget_waiting(do: Callable[[Any], object]) -> None:
    """Do not call *do* any more."""
    for name, each in list(waiting.items()):
        if do in each:
            each.remove(do)
        if not each:
            waiting.pop(name, None)
    _look_no_more()


def _look() -> None:
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


def _look_no_more() -> None:
    if not waiting and not listening and finder in sys.meta_path:
        sys.meta_path.remove(finder)


# Which modules are being found, and by which thread.
_finding: set[tuple[str, int]] = set()


class _Finder:
    """Finds the modules that are waited for as the import system does."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name not in waiting and not any(name in names for names in listening.values()):
            return None
        at = name, get_ident()
        if at in _finding:
            # Another that does the same has asked for what this one wants of it.
            return None
        _finding.add(at)
        try:
            others = [each for each in sys.meta_path if each is not self and hasattr(each, "find_spec")]
            found = (finder.find_spec(name, path, target) for finder in others)
            spec = next((each for each in found if each is not None), None)
        finally:
            _finding.discard(at)
        if spec is not None and spec.loader is not None:
            loader: Any = _Loader(spec.loader)
            spec.loader = loader
        return spec


finder = _Finder()


class _Loader:
    """Loads one module by its own loader, which the module has for good."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        name = module.__name__
        for do in [*waiting.get(name, ()), *(do for do, names in list(listening.items()) if name in names)]:
            do(module)
