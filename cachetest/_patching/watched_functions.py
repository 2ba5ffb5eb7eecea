"""The functions that guards watch, replaced for as long as one of them does, whatever order they end in."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any

from .._recording.locks import make_lock
from .import_hook import ImportHook
from .undo import AttributePatch, own_attribute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..adapters.guarding import GuardPoint

__all__ = ["Watcher", "begin_watching", "end_watching", "watchers"]


class Watcher:
    """One who watches *points*, each with the name of its adapter, until `end_watching`."""

    def __init__(self, points: Iterable[tuple[str, GuardPoint]]) -> None:
        self._points = tuple(points)
        self.rules: dict[tuple[object, str], list[tuple[str, GuardPoint]]] = {}
        """The points, with their adapters, by the class or module that has the function, and its name."""
        self.modules = {
            point.owner.partition(":")[0] for _, point in self._points if isinstance(point.owner, str)
        }
        """The modules that are named, those too that are not imported yet."""

    def look_up(self) -> None:
        """Find the functions of what is imported now; raise ``AttributeError`` for one that is not there."""
        rules: dict[tuple[object, str], list[tuple[str, GuardPoint]]] = {}
        for adapter, point in self._points:
            owner = point.owner
            if isinstance(owner, str):
                module, _, name = owner.partition(":")
                found: Any = sys.modules.get(module)
                if found is None:
                    continue
                owner = getattr(found, name, None) if name else found
            if callable(getattr(owner, point.name, None)):
                rules.setdefault((owner, point.name), []).append((adapter, point))
            elif not point.optional:
                raise AttributeError(
                    f"{adapter}: {point.owner!r} has no function {point.name!r} to be guarded"
                )
        self.rules = rules


class _Watched:
    """One function that is watched, and what stands in its place meanwhile."""

    is_in = False

    def __init__(self, key: tuple[object, str]) -> None:
        owner, name = key
        found = inspect.getattr_static(owner, name)
        kind = type(found) if isinstance(found, (staticmethod, classmethod)) else None
        function = found if kind is None else found.__func__
        if _is_ours(function):
            # Another tool has wrapped it while it was in, and put it back when the guard had ended.
            while _is_ours(function):
                function = function.__wrapped__
            setattr(owner, name, function if kind is None else kind(function))
        made = self._wrap(key, function)
        made._cachetest_watched = made
        self.value = made if kind is None else kind(made)
        self._owner, self._name = key
        self._patch = AttributePatch([(owner, name, self.value)])

    def _wrap(self, key: tuple[object, str], function: Any) -> Any:
        def check(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if self.is_in:
                _check(key, function, args, kwargs)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def watched_async(*args: Any, **kwargs: Any) -> Any:
                check(args, kwargs)
                return await function(*args, **kwargs)

            return watched_async

        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            check(args, kwargs)
            return function(*args, **kwargs)

        return watched

    def put_in(self) -> None:
        if not self.is_in:
            self._patch.set()
            self.is_in = True

    def take_out(self) -> None:
        self.is_in = False
        # Where another tool has wrapped it, it stays, and has only gone quiet.
        if own_attribute(self._owner, self._name) is self.value:
            self._patch.put_back()


def _is_ours(function: Any) -> bool:
    # functools.wraps gives the wrapper of another tool all the attributes of ours inside it.
    return getattr(function, "_cachetest_watched", None) is function


# Held while guards begin and end, never while a call is checked: that reads `_watchers`, which is replaced.
_lock = make_lock()
_watchers: tuple[Watcher, ...] = ()
_watched: dict[tuple[object, str], _Watched] = {}


def _nothing(key: object, function: object, args: object, kwargs: object) -> None: ...


_check: Any = _nothing


def watchers() -> tuple[Watcher, ...]:
    """Return those who watch now, the newest last."""
    return _watchers


def begin_watching(watcher: Watcher, check: Any) -> None:
    """Have *check* called with each call to the functions of *watcher*, before it is done.

    It gets the class or module with the name of the function, the function, and the arguments. When this
    fails, `end_watching` undoes what was done.
    """
    global _check, _watchers
    with _lock:
        _check = check
        _watchers = (*_watchers, watcher)
        _update()


def end_watching(watcher: Watcher) -> None:
    """Put back what nobody else watches; harmless when it was done before."""
    global _watchers
    with _lock:
        left = list(_watchers)
        if watcher in left:
            left.remove(watcher)
        _watchers = tuple(left)
        _update()


def _loaded() -> None:
    with _lock:
        _update()


def _update() -> None:
    """Make what is replaced be what those who watch now want. It may be repeated, whatever interrupts."""
    modules: set[str] = set()
    wanted: dict[tuple[object, str], None] = {}
    for watcher in _watchers:
        watcher.look_up()
        modules |= watcher.modules
        wanted.update(dict.fromkeys(watcher.rules))
    for key in [*_watched]:
        if key not in wanted:
            _watched[key].take_out()
            del _watched[key]
    for key in wanted:
        if key not in _watched:
            _watched[key] = _Watched(key)
        _watched[key].put_in()
    _hook.wait_for(frozenset(modules))


_hook = ImportHook(_loaded)
