"""Following a memoised function that the program replaces by another.

Nobody is told when an attribute of a module is set. So its target is looked at whenever counts are read, and
whenever a memoised function is made: one that stands there for a while is then seen before the next comes.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Follower"]


class Follower:
    """What stands at *target*, a string, from the time when *function* does."""

    why_lost = ""
    """Why what was counted can't be known any more, if so."""

    def __init__(self, target: str, function: Any) -> None:
        self._target = target
        self._current = function
        self._seen = [function]
        # Those that may have been put there are kept, with what they have counted, until the end.
        self._likely: list[Any] = []
        self._others: WeakSet[Any] = WeakSet()
        self._notice: Callable[[], object] = int

    def begin(self, notice: Callable[[], object]) -> None:
        """Have *notice* called, which looks, before each memoised function that the program makes."""
        self._notice = notice
        if self not in _followers:
            _followers.append(self)
        if functools.update_wrapper is not _noticing_update:
            _found[:] = [functools.update_wrapper]
            functools.update_wrapper = _noticing_update

    def end(self) -> None:
        """Look no more; harmless when done before."""
        if self in _followers:
            _followers.remove(self)
        if _followers:
            return
        for wrapper, clear in _clears:
            if vars(wrapper).get("cache_clear") is clear:
                del wrapper.cache_clear
        _clears.clear()
        # Where another tool has wrapped it, it stays, and has nobody to tell.
        if functools.update_wrapper is _noticing_update:
            functools.update_wrapper = _found[0]

    def look(self) -> Any:
        """Return the memoised function that has been put there since the last look; None if there is none."""
        found = self._standing()
        for each in (*self._likely, *self._seen):
            # Those that were seen were cleared as they went.
            if each is not found and each is not self._current and _has_counted(each):
                seen = _is_among(each, self._seen)
                self.why_lost = (
                    f"{each!r} is still called, though {self._target} holds another"
                    if seen
                    else f"{each!r} was made while the test ran, and may have stood at {self._target}"
                )
        if found is self._current:
            return None
        if not all(callable(getattr(found, name, None)) for name in ("cache_info", "cache_clear")):
            self.why_lost = f"{self._target} holds {found!r}, which is not memoised"
            return None
        known = _is_among(found, [*self._likely, *self._seen, *self._others])
        if not known and _has_counted(found):
            self.why_lost = (
                f"{found!r}, which stands at {self._target} now, was made before the test, or not by "
                "functools, and had counts of its own"
            )
        self._current = found
        self._seen.append(found)
        return found

    def _standing(self) -> Any:
        module, _, path = self._target.partition(":")
        # Not imported: another thread may be at that, and make memoised functions.
        found: Any = sys.modules.get(module)
        for name in path.split("."):
            found = getattr(found, name, None)
        return getattr(found, "__func__", found)

    def made(self, wrapper: Any, wrapped: Any) -> None:
        """Know that the memoised *wrapper* of *wrapped* has been made."""
        if _name_of(wrapped) == _name_of(getattr(self._seen[0], "__wrapped__", None)):
            self._likely.append(wrapper)
            _watch_clear(wrapper)
        else:
            self._others.add(wrapper)

    def look_now(self) -> None:
        self._notice()


def _name_of(function: object) -> tuple[object, object]:
    return getattr(function, "__module__", None), getattr(function, "__qualname__", None)


def _has_counted(function: Any) -> bool:
    info = function.cache_info()
    return bool(info.hits or info.misses)


def _is_among(function: Any, others: list[Any]) -> bool:
    # By identity: a memoised function may be anybody's object.
    return any(each is function for each in others)


_followers: list[Follower] = []
_found: list[Any] = []
_clears: list[tuple[Any, Callable[[], None]]] = []


def _watch_clear(wrapper: Any) -> None:
    """Have *wrapper* looked at before it forgets its counts."""
    own = wrapper.cache_clear
    if hasattr(own, "own"):
        return

    def cache_clear() -> None:
        for each in tuple(_followers):
            each.look_now()
        # It is another, once it has been found at the target.
        now = wrapper.cache_clear
        (own if now is cache_clear else now)()

    cache_clear.own = own  # type: ignore[attr-defined]
    wrapper.cache_clear = cache_clear
    _clears.append((wrapper, cache_clear))


def _noticing_update(wrapper: Any, wrapped: Any, *args: Any, **kwargs: Any) -> Any:
    # By this functools.lru_cache makes what it returns look like what it was given.
    followers = tuple(_followers) if type(wrapper) is _MEMO else ()
    for each in followers:
        each.look_now()
    result = _found[0](wrapper, wrapped, *args, **kwargs)
    for each in followers:
        each.made(wrapper, wrapped)
    return result


functools.update_wrapper(_noticing_update, functools.update_wrapper)
_MEMO = type(functools.lru_cache(int))
