"""A finder that tells when a module has been imported."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["ImportHook"]


class ImportHook:
    """Calls *loaded* right after each module of *names* was imported, before anybody has it."""

    names: Collection[str] = ()

    def __init__(self, loaded: Callable[[], object]) -> None:
        self._loaded = loaded
        self._here = threading.local()

    def wait_for(self, names: Collection[str]) -> None:
        """Tell of *names* from now on, and of no others."""
        self.names = names
        # Another hook may be before it, which then asks this one.
        if names and self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        elif not names and self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        # One that is asked below may ask all finders in turn.
        if name not in self.names or getattr(self._here, "finding", None) == name:
            return None
        self._here.finding = name
        try:
            spec = self._find_elsewhere(name, path, target)
        finally:
            self._here.finding = None
        if spec is not None and spec.loader is not None:
            loader: Any = _Loader(spec.loader, self._loaded)
            spec.loader = loader
        return spec

    def _find_elsewhere(self, name: str, path: Any, target: Any) -> Any:
        finders = list(sys.meta_path)
        after = finders[finders.index(self) + 1 :] if self in finders else finders
        found = (finder.find_spec(name, path, target) for finder in after if hasattr(finder, "find_spec"))
        return next((spec for spec in found if spec is not None), None)


class _Loader:
    """Loads one module by its own loader, which the module has for good."""

    def __init__(self, loader: Any, loaded: Callable[[], object]) -> None:
        self._loader = loader
        self._loaded = loaded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._loaded()
