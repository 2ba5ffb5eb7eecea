"""cachetools: a swap of the class of each cache object, which reaches everybody who holds one.

While it is patched, the object has a class of ours. That sends every operation to the running scope's own
cache: an empty one of the same class, made with the same arguments. So sizes, order, eviction and time to
live are the library's. The entries from before the test are not touched, and are there again after it.

For cachetools 5 and later.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import cachetools

from ..._behaving.gate import MISSING
from ..._patching.undo import Undo
from ..class_swap import class_attribute, hidden, named_after, patch_object, swap_of
from ..targets import Targets
from .scoped import LIBRARIES, CacheSwap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._caches.caches import MockCaches

__all__ = ["Cachetools"]

_Base = cachetools.Cache

# The calls by the names that a program calls them by.
_GETITEM, _SETITEM, _DELITEM, _CONTAINS, _POP, _SETDEFAULT, _POPITEM, _CLEAR = (
    {"asked": name}
    for name in (
        "__getitem__",
        "__setitem__",
        "__delitem__",
        "__contains__",
        "pop",
        "setdefault",
        "popitem",
        "clear",
    )
)


def _uncounted(_: object) -> tuple[()]:
    return ()


class Cachetools(Targets):
    """Caches of cachetools: ``Cachetools(sessions=app.sessions)``.

    A target is a cache object, of any class that derives from ``cachetools.Cache``, or a function that
    ``@cached`` has decorated with one.
    """

    name = "cachetools"

    def install(self) -> Undo:
        return Undo(self._patch)

    def _patch(self, undo: Undo) -> None:
        for name, cache in self.resolve().items():
            patch_object(undo, type(self).__name__, name, cache, _Swap)

    def resolve(self) -> dict[str, Any]:
        return {name: _cache_in(name, target) for name, target in super().resolve().items()}

    def patched_attributes(self) -> Mapping[str, object]:
        return {f"the class of the cache {name!r}": type(cache) for name, cache in self.resolve().items()}

    def scope_context(self, caches: MockCaches) -> None:
        # Before the first operation, so that a test may put entries in by hand.
        for name, cache in self.resolve().items():
            swap = swap_of(cache)
            if swap is not None:
                swap.entries_in(caches[name])


def _cache_in(name: str, target: object) -> Any:
    """Return the cache that *target* is, or that the function *target* was decorated with."""
    found = target if isinstance(target, _Base) else getattr(target, "cache", None)
    if isinstance(found, _Base):
        return found
    raise TypeError(
        f"Cachetools({name}=...): expected a cachetools.Cache, such as LRUCache(100), or a function that "
        f"@cached has given such a cache, not {target!r}"
    )


class _Swap(CacheSwap):
    """One cache object that is patched."""

    def __init__(self, name: str, cache: Any) -> None:
        super().__init__(name, cache)
        self.front = _make_front(self)


def _make_front(swap: _Swap) -> Any:
    """Return the class that the object has while it is patched, whose calls go through the gate."""
    original = swap.original

    def look_up(method: Any, key: Any, args: Any, kwargs: Any) -> Any:
        """Return what *method* of the library, which looks *key* up, returns."""
        entries = swap.entries()
        real = entries.real

        def find() -> Any:
            return method(real, key, *args, **kwargs) if key in real else MISSING

        with swap.frozen(real):
            value = entries.lookup(key, find)
            if value is not MISSING:
                return value
            return swap.answer_of_absent(method, real, key, args, kwargs)

    class Front(original):  # type: ignore[misc, valid-type]
        def __getitem__(self, key: Any) -> Any:
            entries = swap.entries()
            real = entries.real
            raised: list[KeyError] = []

            def find() -> Any:
                if makes_missing and key not in real:
                    return MISSING
                try:
                    return original.__getitem__(real, key)
                except KeyError as error:
                    # The library's word for a miss.
                    raised.append(error)
                    return MISSING

            value = entries.lookup(key, find, _GETITEM)
            if raised:
                raise raised.pop()
            if value is MISSING:
                # A `__missing__` is the program's own code, so it is called when the lookup is over.
                return swap.answer_of_absent(original.__getitem__, real, key, (), {})
            return value

        def __setitem__(self, key: Any, value: Any) -> None:
            entries = swap.entries()
            entries.write(key, partial(original.__setitem__, entries.real, key, value), _SETITEM)

        def __delitem__(self, key: Any) -> None:
            entries = swap.entries()
            raised: list[KeyError] = []

            def delete() -> tuple[Any]:
                try:
                    original.__delitem__(entries.real, key)
                except KeyError as error:
                    raised.append(error)
                return (key,)

            entries.delete((key,), delete, _DELITEM)
            if raised:
                raise raised.pop()

        def __contains__(self, key: object) -> Any:
            entries = swap.entries()
            find = partial(original.__contains__, entries.real, key)
            return entries.counts.perform(None, (key,), find, _uncounted, LIBRARIES, _CONTAINS)

        def get(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            return look_up(original.get, key, args, kwargs)

        def pop(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            entries = swap.entries()
            real = entries.real

            def find() -> Any:
                return original.pop(real, key, *args, **kwargs) if key in real else MISSING

            with swap.frozen(real):
                value = entries.take(key, find, _POP)
                if value is not MISSING:
                    return value
                return swap.answer_of_absent(original.pop, real, key, args, kwargs)

        def setdefault(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            entries = swap.entries()
            real = entries.real
            method = partial(original.setdefault, real, key, *args, **kwargs)

            def find() -> Any:
                return method() if key in real else MISSING

            # A decorator with a lock puts like this, and has looked up already before it made the value.
            caller = str(sys._getframe(1).f_globals.get("__name__"))
            again = caller.partition(".")[0] in LIBRARIES
            with swap.frozen(real):
                value = find() if again else entries.lookup(key, find, _SETDEFAULT)
                # A lookup, and a put of what was not there: two calls, as they are in the library.
                return entries.write(key, method, _SETDEFAULT) if value is MISSING else value

        def popitem(self) -> Any:
            entries = swap.entries()
            found: list[Any] = []
            raised: list[KeyError] = []

            def delete() -> list[Any]:
                try:
                    found.append(original.popitem(entries.real))
                except KeyError as error:
                    raised.append(error)
                return [key for key, _ in found]

            entries.delete((), delete, _POPITEM)
            if raised:
                raise raised.pop()
            return found[0]

        def clear(self) -> None:
            entries = swap.entries()
            keys = list(_Base.__iter__(entries.real))

            def clear() -> list[Any]:
                entries.clear()
                return keys

            entries.delete(keys, clear, _CLEAR)

        # The library's own would call the methods above, and count lookups that nobody asked for.

        def items(self) -> Any:
            return original.items(swap.entries().real)

        def values(self) -> Any:
            return original.values(swap.entries().real)

        def __eq__(self, other: object) -> Any:
            return original.__eq__(swap.entries().real, other)

        __hash__ = original.__hash__

        if swap.timed:

            def expire(self, *args: Any, **kwargs: Any) -> Any:
                return swap.entries().real.expire(*args, **kwargs)

        # A copy is a cache of its own, and not patched.

        if hasattr(original, "__copy__"):

            def __copy__(self) -> Any:
                with swap.unlogged(swap.entries().real) as real:
                    return original.__copy__(real)

        def __reduce_ex__(self, protocol: Any) -> Any:
            with swap.unlogged(swap.entries().real) as real:
                return original.__reduce_ex__(real, protocol)

        # All other methods of the class find the attributes of the scope's cache.

        def __getattribute__(self, name: str) -> Any:
            if name == "__class__":
                return original
            own = vars(swap.entries().real)
            if name == "__dict__":
                return own
            if name in own:
                return own[name]
            if hidden(self, own, name):
                return class_attribute(self, name)
            return super().__getattribute__(name)

        def __setattr__(self, name: str, value: object) -> None:
            setattr(swap.entries().real, name, value)

        def __delattr__(self, name: str) -> None:
            delattr(swap.entries().real, name)

    makes_missing = original.__missing__ is not _Base.__missing__
    return named_after(original, Front)
