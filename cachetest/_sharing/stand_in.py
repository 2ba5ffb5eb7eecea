"""A stand-in for a memoised function in a child process, whose own calls, in C, nobody is told of."""

from __future__ import annotations

import functools
import sys
from types import MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MemoStandIn", "put_in_place"]


def _nothing() -> None: ...


class MemoStandIn:
    """Calls *function*, after *check*, which may raise, and then *after*."""

    def __init__(
        self, function: Any, check: Callable[[], object] = _nothing, after: Callable[[], object] = _nothing
    ) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._check = check
        self._after = after

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        try:
            return self._function(*args, **kwargs)
        finally:
            self._after()

    def __get__(self, owner: object, cls: type | None = None) -> Any:
        return self if owner is None else MethodType(self, owner)

    def __getattr__(self, name: str) -> Any:
        # cache_info, cache_clear and cache_parameters; not by way of copy or pickle, before __init__ has run.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._function, name)


def put_in_place(function: Any, stand_in: Any) -> None:
    """Put *stand_in* wherever a module or class that was imported has *function*."""
    owners: list[Any] = [module for module in list(sys.modules.values()) if hasattr(module, "__dict__")]
    path = getattr(function, "__qualname__", "").split(".")[:-1]
    owner: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for each in path:
        owner = getattr(owner, each, None)
    if path and owner is not None:
        owners.append(owner)
    for each in owners:
        for name, value in list(vars(each).items()):
            # Nothing is asked of what anybody has put there.
            if value is function:
                setattr(each, name, stand_in)
                _put_in_globals(each, name, function, stand_in)
            elif type(value) in (classmethod, staticmethod) and value.__func__ is function:
                setattr(each, name, type(value)(stand_in))


def _put_in_globals(module: Any, name: str, function: Any, stand_in: Any) -> None:
    """Do so for the functions of *module* that look names up in a dict of their own.

    Those of a main module that multiprocessing has made do.
    """
    for each in list(vars(module).values()):
        names = each.__globals__ if type(each) is type(put_in_place) else None
        if names is not None and names.get(name) is function:
            names[name] = stand_in
