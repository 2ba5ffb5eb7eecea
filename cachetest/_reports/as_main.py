"""How a script, or a module, becomes the main module of this process, as Python itself makes it."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["module_program", "script_program"]


def script_program(path: str) -> Callable[[], object]:
    """Make this the process of the script at *path*; return what runs it."""
    absolute = os.path.abspath(path)
    with open(absolute, "rb") as file:
        source = file.read()
    if not _is_path_safe():
        sys.path[0] = os.path.dirname(os.path.realpath(absolute))
    module = _made_main(absolute)

    def program() -> None:
        exec(compile(source, absolute, "exec", dont_inherit=True), vars(module))

    return program


def module_program(name: str) -> Callable[[], object]:
    """Make this the process of ``python -m name``; return what runs it."""
    import runpy

    _made_main(None)
    run: Any = runpy

    def program() -> None:
        run._run_module_as_main(name)

    return program


def _is_path_safe() -> bool:
    """Return whether Python was told to put no folder in front of its path."""
    return bool(getattr(sys.flags, "safe_path", False) or sys.flags.isolated)


def _made_main(path: str | None) -> ModuleType:
    """Return a main module as Python makes it for the script at *path*, or for ``-m``, in place of ours."""
    module = ModuleType("__main__")
    made: dict[str, Any] = {"__builtins__": sys.modules["builtins"]}
    if "__annotations__" in vars(sys.modules["__main__"]):
        made["__annotations__"] = {}
    if path is not None:
        loader = importlib.machinery.SourceFileLoader("__main__", path)
        made.update(__file__=path, __loader__=loader, __cached__=None)
    vars(module).update(made)
    for name in ("__main__", "__mp_main__"):
        if name in sys.modules:
            sys.modules[name] = module
    return module
