"""The timer of a scope's cache: what moves the time of a program, or its clock, moves that of its caches too.

`TTLCache` and `TLRUCache` read ``time.monotonic``, which they have as a default argument. Whoever replaces it
by its name, as freezegun and ``mock.patch`` do, does not reach that. time-machine does not move it at all.
"""

from __future__ import annotations

import copy
import datetime
import operator
import pkgutil
import sys
import time
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

import cachetools

from ..._behaving.clock import clock_offset, moved

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

__all__ = ["movable"]

_STEADY = ("monotonic", "perf_counter")
_NAMES = (*_STEADY, "time", *(f"{name}_ns" for name in (*_STEADY, "time")))


def movable(timer: Any) -> Any:
    """Return a timer that tells the time of *timer*, and is moved with it and with the clock of the scope."""
    innermost = timer
    # The library keeps a timer in an object of its own, and that again for a cache that is made with it.
    while isinstance(innermost, cachetools._TimedCache._Timer):
        innermost = innermost._Timer__timer
    owner = getattr(innermost, "__self__", None)
    if isinstance(innermost, _NamedTimer):
        # A copy of the cache of a scope is patched.
        return innermost
    if type(innermost) is not BuiltinFunctionType:
        return _OwnTimer(innermost)
    if innermost.__module__ == "time" and innermost.__name__ in _NAMES:
        steady = innermost.__name__.removesuffix("_ns") in _STEADY
        return _SteadyTimer(innermost) if steady else _NamedTimer("time", innermost.__name__)
    if isinstance(owner, type) and owner.__module__ == "datetime" and owner.__name__ == "datetime":
        return _NamedTimer("datetime", f"datetime.{innermost.__name__}")
    return _OwnTimer(innermost)


def _moved_on(found: Any, counts_ns: bool) -> Any:
    """Return the time that *found* is by the clock of the scope, in seconds but for dates."""
    ahead = clock_offset()
    if not ahead:
        return found
    if isinstance(found, datetime.datetime):
        return found + datetime.timedelta(seconds=ahead)
    return found + (round(ahead * 1e9) if counts_ns else ahead)


class _NamedTimer:
    """A timer that is looked up at each call, by the name of its *module* and that which it has in there."""

    _counts_ns = False

    def __init__(self, module: str, name: str) -> None:
        self._where = module, name
        self.__name__ = name.rpartition(".")[2]
        self._counts_ns = name.endswith("_ns")

    def __call__(self) -> Any:
        here = self._now()
        return _moved_on(here, self._counts_ns) if moved else here

    def _now(self) -> Any:
        return self._found()()

    def _found(self) -> Callable[[], Any]:
        module, name = self._where
        found: Any = time if module == "time" else datetime
        for part in name.split("."):
            found = getattr(found, part)
        return found  # type: ignore[no-any-return]

    # A copy is moved too. What is pickled may be read where there is no cachetest.

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Any:
        # The object that has it may hand this on, as all that it lacks itself: then it is what is copied.
        return cachetools._TimedCache._Timer(self)

    def __reduce__(self) -> tuple[object, ...]:
        return pkgutil.resolve_name, (":".join(self._where),)


class _SteadyTimer(_NamedTimer):
    """One that no clock sets: moved by as much as the time of day is."""

    def __init__(self, real: Any) -> None:
        super().__init__("time", real.__name__)
        self._name = real.__name__
        self._real = real
        self._day = "time_ns" if self._name.endswith("_ns") else "time"
        # How far it is from the time of day, in steps that a float has in full: an entry that expires after
        # just as long as was travelled is expired.
        since = real() - _real_time(self._day)
        self._since = since if self._day == "time_ns" else round(since * 1024) / 1024

    def __call__(self) -> Any:
        # Nearly always: nobody moves anything.
        if not moved and getattr(time, self._name) is self._real and "time_machine" not in sys.modules:
            return self._real()
        return super().__call__()

    def _now(self) -> Any:
        current = getattr(time, self._name)
        if current is not self._real:
            # That of freezegun is the time of day, as of when it has been frozen: entries from before would
            # all have expired.
            if getattr(current, "__module__", "") == "freezegun.api":
                return getattr(time, self._day)() + self._since
            return current()
        if "time_machine" in sys.modules and _travelling():
            return getattr(time, self._day)() + self._since
        return self._real()


class _OwnTimer(_NamedTimer):
    """A timer of the program's own; ``latest`` is what it told last."""

    latest: Any = None

    def __init__(self, timer: Any) -> None:
        self._timer = timer

    def __call__(self) -> Any:
        found = self.latest = _moved_on(self._timer(), False) if moved else self._timer()
        return found

    def __getattr__(self, name: str) -> Any:
        if name == "_timer":
            raise AttributeError(name)
        return getattr(self._timer, name)

    def __deepcopy__(self, memo: Any) -> Any:
        # As in the library, the copy of a cache has a timer of its own.
        return cachetools._TimedCache._Timer(_OwnTimer(copy.deepcopy(self._timer, memo)))

    def __reduce__(self) -> tuple[object, ...]:
        return operator.getitem, ((self._timer,), 0)


def _travelling() -> bool:
    hatch = sys.modules["time_machine"].escape_hatch
    return hatch.is_travelling()  # type: ignore[no-any-return]


def _real_time(name: str) -> Any:
    if "time_machine" in sys.modules and _travelling():
        return getattr(sys.modules["time_machine"].escape_hatch.time, name)()
    frozen = sys.modules.get("freezegun.api")
    return getattr(time if frozen is None else frozen, name if frozen is None else f"real_{name}")()
