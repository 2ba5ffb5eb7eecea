"""The hooks around the methods and functions by which a class, or a module, is set up and torn down."""

from __future__ import annotations

import functools
import sys
import unittest
import warnings
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet, ref

from .._recording.call_sites import calling_location
from ..errors import CacheTestWarning
from .pytest_items import has_class_fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["hook_class", "hook_module", "is_checked", "tell_unseen"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

_METHODS = ("setUpClass", "tearDownClass")
# pytest calls those of the second line as well.
_FUNCTIONS = ("setUpModule", "tearDownModule", "setup_module", "teardown_module")
_MARK = "_cachetest_set_up"

# The classes that derive from the mixin, by the name of the module that they are in.
_classes: dict[str, WeakSet[Any]] = {}


class Entered(Protocol):
    """A scope that was entered."""

    def leave(self) -> None: ...


class Enter(Protocol):
    """The functions that enter the scope of a class, and that of a module, whose classes they are given."""

    def enter_class(self, cls: Any) -> Entered: ...
    def enter_module(self, name: str, classes: Iterable[Any]) -> Entered: ...


def hook_class(cls: Any, enter: Enter) -> None:
    """Have what sets up and tears down *cls* run in the scope of the class."""
    for name in _METHODS:
        owner = _unseen_owner(cls, name)
        if owner is None and name not in vars(cls) and has_class_fixture(cls):
            # By this pytest opens the scope that the fixture is to run in.
            owner = unittest.TestCase
        if owner is not None:
            setattr(cls, name, _around_method(cls, name, owner, enter))
    _classes.setdefault(cls.__module__, WeakSet()).add(cls)
    hook_module(cls.__module__, enter)


def _unseen_owner(cls: type, name: str) -> type | None:
    """Return the class that *cls* has the method *name* from; None where that does nothing, or is hooked."""
    owner = next((each for each in cls.__mro__ if name in vars(each)), None)
    if owner is None or owner is unittest.TestCase:
        return None
    return None if _is_hooked(owner, name) else owner


def _is_hooked(owner: type, name: str) -> bool:
    return _MARK in vars(getattr(vars(owner).get(name), "__func__", object))


def _around_method(cls: Any, name: str, owner: type, enter: Enter) -> Any:
    found = vars(cls).get(name)
    inherited = vars(owner)[name]

    def around(inner: Any, *args: Any, **kwargs: Any) -> Any:
        call = getattr(super(cls, inner), name) if found is None else found.__get__(None, inner)
        entered = enter.enter_class(inner)
        try:
            return call(*args, **kwargs)
        finally:
            entered.leave()

    functools.update_wrapper(around, getattr(inherited, "__func__", inherited))
    setattr(around, _MARK, True)
    return classmethod(around)


def hook_module(name: str, enter: Enter) -> None:
    """Have what sets up and tears down the module *name* run in its scope, as far as it is defined yet."""
    names: Any = vars(sys.modules.get(name) or object)
    for each in _FUNCTIONS:
        if each in names and _is_unseen(names[each]):
            names[each] = _around_function(name, names[each], enter)


def _is_unseen(function: Any) -> bool:
    return callable(function) and _MARK not in vars(function)


def _around_function(name: str, found: Callable[..., Any], enter: Enter) -> Any:
    def run(*args: Any) -> Any:
        entered = enter.enter_module(name, tuple(_classes.get(name, ())))
        try:
            return found(*args)
        finally:
            entered.leave()

    # pytest gives it the module if it takes an argument, and looks at its code to see that.
    def run_with(module: Any) -> Any:
        return run(module)

    def run_without() -> Any:
        return run()

    code = getattr(found, "__code__", None)
    around = functools.wraps(found)(run_with if code is not None and code.co_argcount else run_without)
    setattr(around, _MARK, True)
    return around


def tell_unseen(cls: Any, was_entered: bool) -> None:
    """Warn, once for each class, of what sets it up, or tears it down, outside its scope.

    Where its scope *was_entered*, what was put in place of a ``setUpClass`` has called that.
    """
    _checked.add(ref(cls, _checked.discard))
    owners = [(f"{cls.__qualname__}.{name}", _unseen_owner(cls, name)) for name in _METHODS]
    unseen = [name for name, owner in owners if owner is not None]
    names = vars(sys.modules.get(cls.__module__) or object)
    unseen += [f"{cls.__module__}.{each}" for each in _FUNCTIONS if each in names and _is_unseen(names[each])]
    if was_entered:
        unseen = [name for name in unseen if not name.endswith(_METHODS)]
    if unseen:
        where = calling_location()
        were = "was" if len(unseen) == 1 else "were"
        warnings.warn_explicit(
            f"{' and '.join(unseen)} {were} put there after the class statement, so cachetest does not see "
            "what is done there: it is done to the real caches, and no test finds it. Define it in the class "
            "statement, or above the classes of the module",
            CacheTestWarning,
            where.filename,
            where.lineno,
        )


def is_checked(cls: Any) -> bool:
    """Return whether `tell_unseen` has looked at *cls*."""
    return ref(cls) in _checked


# Not a WeakSet, whose methods are of Python: each test asks.
_checked: set[ref[Any]] = set()
