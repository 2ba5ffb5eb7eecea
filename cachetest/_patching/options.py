"""The options of a test: how each is checked, and the decorator that sets them."""

from __future__ import annotations

import functools
import inspect
import sys
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypedDict, TypeVar, cast, overload

from ..adapters.registry import validate_adapters
from ..errors import closest_first
from .validation import (
    validate_flag,
    validate_length,
    validate_names,
    validate_packages,
    validate_patience,
    validate_places,
    validate_sequence,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Unpack

    from ..adapters.base import Adapter

__all__ = [
    "OPTIONS",
    "CacheOptions",
    "Checked",
    "cache_options",
    "checked_options",
    "options_of",
    "take_options",
]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound="type[Any]")


def _validate_patch_caches(given: Any) -> Sequence[str | Adapter] | None:
    """Return *given* as a sequence, or None; raise an error for what is neither, or has no adapter in it."""
    return None if given is None else validate_adapters(validate_sequence(given, "patch_caches"))


class CacheOptions(TypedDict, total=False):
    """The arguments of `cache_options`, for type checkers. `OPTIONS` has the check of each."""

    patch_caches: Sequence[str | Adapter] | None
    enable_caches: Sequence[str]
    explain_misses: bool
    log_length: int
    patience: float
    log_outside: Sequence[str]
    explain_keys: Sequence[str]


OPTIONS: Mapping[str, Callable[[Any], Any]] = {
    "patch_caches": _validate_patch_caches,
    "enable_caches": functools.partial(validate_names, what="enable_caches"),
    "explain_misses": functools.partial(validate_flag, what="explain_misses"),
    "log_length": validate_length,
    "patience": validate_patience,
    "log_outside": functools.partial(validate_packages, what="log_outside"),
    "explain_keys": validate_places,
}
"""Each option of a test by its name, which is that of a class attribute, with the function that checks it."""


class Checked(NamedTuple):
    """The options of a test, checked; ``of_session`` are those that its session is given as they are."""

    patch_caches: Sequence[str | Adapter] | None
    enable_caches: Sequence[str]
    explain_keys: tuple[str, ...]
    of_session: Mapping[str, Any]


_get_all = attrgetter(*OPTIONS)
# What a test had, and what that is, checked: nearly always the next test has the same.
_latest: tuple[tuple[object, ...], Checked] | None = None


def checked_options(case: object) -> Checked:
    """Return the options of *case*, a test or a class of tests; raise an error for one that is wrong."""
    global _latest
    given = _get_all(case)
    latest = _latest
    # By identity: 1 equals True, and is no flag.
    if latest is not None and all(map(is_, given, latest[0])):
        return latest[1]
    left = {name: check(value) for (name, check), value in zip(OPTIONS.items(), given, strict=True)}
    taken = left.pop("patch_caches"), left.pop("enable_caches"), left.pop("explain_keys")
    checked = Checked(*taken, left)
    if all(map(_never_changes, given)):
        _latest = given, checked
    return checked


def _never_changes(value: object) -> bool:
    # An adapter would be kept for longer than its test.
    return type(value) in _FIXED or (type(value) is tuple and all(type(each) is str for each in value))


_FIXED = (bool, int, float, type(None))
_GIVEN = "_cachetest_options"
# The mixin is in a higher level than this, and is told by what it alone has.
_MARK_OF_A_TEST = "assertCacheStats"
_Given = dict[str, Any]


class _Decorator:
    """What `cache_options` returns."""

    def __init__(self, given: _Given) -> None:
        self._given = given

    @overload
    def __call__(self, target: C) -> C: ...
    @overload
    def __call__(self, target: Callable[P, R]) -> Callable[P, R]: ...
    def __call__(self, target: Any) -> Any:
        if isinstance(target, type):
            return self._on_class(target)
        if target is None and self._on_expanded(sys._getframe(1).f_locals):
            return None
        if not callable(target) or isinstance(target, (staticmethod, classmethod)):
            raise TypeError(f"cache_options decorates test methods and test case classes, not {target!r}")
        return self._on_method(target)

    def _on_class(self, cls: type) -> type:
        if not hasattr(cls, _MARK_OF_A_TEST):
            raise TypeError(
                f"cache_options: the class {cls.__name__} is no CacheTestCase; subclass that, or put "
                "CacheTestMixin in front of its bases"
            )
        for name, value in self._given.items():
            # What the class says itself, or a decorator nearer to it, wins.
            if name not in vars(cls):
                setattr(cls, name, value)
        return cls

    def _on_expanded(self, names: dict[str, Any]) -> bool:
        """Decorate what `parameterized.expand` has put among *names*, those of a class body, just before.

        It leaves nothing in the place of the method that it was given. False where there is nothing.
        """
        latest: Any = next(reversed(names.values()), None)
        if not hasattr(latest, "place_as"):
            return False
        for name, each in list(names.items()):
            if hasattr(each, "place_as") and each.__qualname__ == latest.__qualname__:
                names[name] = self._on_method(each)
        return True

    def _on_method(self, method: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method):
            raise TypeError(f"cache_options: {_name_of(method)} is a generator function, which is no test")
        given = self._given
        call: Callable[..., Any]
        if inspect.iscoroutinefunction(method):

            @functools.wraps(method)
            async def call_async(*args: Any, **kwargs: Any) -> Any:
                _check_applied(given, method, args)
                return await method(*args, **kwargs)

            call = call_async
        else:

            @functools.wraps(method)
            def call_sync(*args: Any, **kwargs: Any) -> Any:
                _check_applied(given, method, args)
                return method(*args, **kwargs)

            call = call_sync
        # Decorators in between copy it, if they are made with functools.wraps.
        setattr(call, _GIVEN, (*getattr(method, _GIVEN, ()), given))
        return call


def cache_options(**options: Unpack[CacheOptions]) -> _Decorator:
    """Return a decorator that sets options of a test method, or of a test case class.

    They are those of `CacheTestMixin`, by the names of its class attributes. What stands nearest to the test
    wins: a decorator wins over one above it, and one on the method over its class. Raises ``TypeError`` for a
    name that is no option, and for what it decorates that is no test; and, when the test runs, if a decorator
    above hides this one.
    """
    if not options:
        raise TypeError(f"cache_options has to be told what to set: {', '.join(OPTIONS)}")
    given = cast("_Given", options)
    for name in given:
        if name not in OPTIONS:
            raise TypeError(
                f"cache_options has no option {name!r}; there are, the closest first: "
                f"{', '.join(closest_first(name, OPTIONS))}"
            )
    return _Decorator({name: OPTIONS[name](value) for name, value in given.items()})


def options_of(method: object) -> tuple[_Given, ...]:
    """Return what decorators have given for *method*, the nearest to it first."""
    found: tuple[_Given, ...] = getattr(method, _GIVEN, ())
    return found


def take_options(case: Any) -> None:
    """Give *case* what decorators have given for its test method, as attributes of its own."""
    for given in reversed(options_of(getattr(case, case._testMethodName, None))):
        # The nearest to the method is the last, and wins.
        for name, value in given.items():
            setattr(case, name, value)


def _check_applied(given: _Given, method: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Raise ``TypeError`` where the test that calls *method* was not run with the options *given*."""
    case: Any = args[0] if args else None
    if not hasattr(case, _MARK_OF_A_TEST):
        raise TypeError(
            f"cache_options on {_name_of(method)}, which is no method of a CacheTestCase: subclass that, or "
            "put CacheTestMixin in front of the bases of the class"
        )
    running = getattr(case, case._testMethodName, None)
    if not any(each is given for each in options_of(running)):
        raise TypeError(
            f"cache_options on {_name_of(method)} did not reach {case.id()}, the test that runs: put it on "
            "that test's method, above decorators that are made without functools.wraps"
        )


def _name_of(method: Callable[..., Any]) -> str:
    return str(getattr(method, "__qualname__", repr(method)))
