"""Django's caches on the back ends that they have: nothing is swapped, and their calls are counted."""

from __future__ import annotations

import functools
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from django.core.cache import caches

from ..._caches.attribution import cache_in_scope
from ..._patching.undo import Undo
from ...errors import CacheTestError
from ..outer_call import call_around
from ..watching import set_up
from .adapter import Django
from .calling import call_async, call_sync
from .kinds import Kind
from .objects import Objects
from .rules import COMPOSED, RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches

__all__ = ["WatchedDjango"]


class WatchedKind(Kind):
    """A back end that runs as it is, on its own entries."""

    is_quick = False

    def function_for(self, name: str, function: Any) -> Any:
        """Return *function*, so that all that it puts counts by its own result."""
        return functools.partial(function)


class WatchedDjango(Django):
    """The caches of ``settings.CACHES``, on the back ends that they have."""

    def install(self) -> Undo:
        """Wrap the calls of the classes of the back ends."""
        return Undo(_watch)

    def patched_attributes(self) -> Mapping[str, object]:
        return {}

    def is_shared(self, cache: MockCache) -> bool:
        """Return True: it is the real store, and nobody asks the parent of a child for an entry."""
        return True

    def scope_context(self, caches: MockCaches) -> None:
        set_up(caches, self.caches)


def _watch(undo: Undo) -> None:
    from django.conf import settings

    watch = _Watch(settings.CACHES)
    create = caches.create_connection

    def connect(alias: str) -> Any:
        made = create(alias)
        watch.know(made, alias)
        return made

    undo.set_attribute(caches, "create_connection", connect)
    undo.set_attributes([value for cls in watch.classes() for value in watch.wrapped(cls)])


class _Watch:
    """The caches as they are *configured*, and which object is of which alias."""

    def __init__(self, configured: Mapping[str, Any]) -> None:
        self._objects = Objects(configured)
        self._kinds = {
            alias: WatchedKind(alias, kind.cls, kind.parameters, alias)
            for alias, kind in self._objects.kinds.items()
        }

    def classes(self) -> list[type]:
        return list(dict.fromkeys(kind.cls for kind in self._kinds.values()))

    def know(self, held: Any, alias: str) -> None:
        self._objects[held] = self._kinds.get(alias)

    def kind_of(self, held: Any) -> Kind | None:
        """Return the kind of *held*, None for an object that is like none of the aliases, or several."""
        try:
            found = self._objects.kind_of(held)
        except CacheTestError:
            return None
        return None if found is None else self._kinds[found.alias]

    def wrapped(self, cls: Any) -> list[tuple[object, str, object]]:
        names = [*RULES, *COMPOSED]
        found = [(each, getattr(cls, each, None)) for name in names for each in (name, f"a{name}")]
        return [(cls, name, self._wrap(name, function)) for name, function in found if callable(function)]

    def _wrap(self, name: str, function: Any) -> Callable[..., Any]:
        if iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_it(held: Any, *args: Any, **kwargs: Any) -> Any:
                kind, mock = self._decide(held)
                if mock is None:
                    return await function(held, *args, **kwargs)
                return await call_async(kind, mock, held, name, function, args, kwargs)
        else:

            @functools.wraps(function)
            def call_it(held: Any, *args: Any, **kwargs: Any) -> Any:
                kind, mock = self._decide(held)
                if mock is None:
                    return function(held, *args, **kwargs)
                return call_sync(kind, mock, held, name, function, args, kwargs)

        return call_it

    def _decide(self, held: Any) -> tuple[Any, Any]:
        """Return the kind of *held* and its cache, for a call that counts by itself; else None."""
        around = call_around()
        if around is not None and around.held is held and not getattr(around, "composed", False):
            return None, None
        kind = self.kind_of(held)
        return kind, None if kind is None else cache_in_scope(kind.alias)
