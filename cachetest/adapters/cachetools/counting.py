"""The calls of a cache of cachetools, one by one: each goes through the gate of the scope that it is for."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import cachetools

from ..._behaving.gate import MISSING
from .scoped import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from .scoped import CacheSwap, Entries

__all__ = ["make_counting"]

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


def make_counting(swap: CacheSwap, entries_of: Callable[[Any], Entries | None]) -> Any:
    """Return a subclass of the object's class whose calls go through the gate.

    *entries_of* returns the entries that a call of an object of it is for; None where it is the object's
    own, as it is without us.
    """
    original = swap.original
    own = swap.own_call

    class Counting(original):  # type: ignore[misc, valid-type]
        def __getitem__(self, key: Any) -> Any:
            entries = entries_of(self)
            if entries is None:
                return own(original.__getitem__, self, key)
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
                return entries.answer_of_absent(original.__getitem__, key, (), {})
            return value

        def __setitem__(self, key: Any, value: Any) -> None:
            entries = entries_of(self)
            if entries is None:
                own(original.__setitem__, self, key, value)
                return
            entries.write(key, partial(original.__setitem__, entries.real, key, value), _SETITEM)

        def __delitem__(self, key: Any) -> None:
            entries = entries_of(self)
            if entries is None:
                own(original.__delitem__, self, key)
                return
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
            entries = entries_of(self)
            if entries is None:
                return own(original.__contains__, self, key)
            find = partial(original.__contains__, entries.real, key)
            return entries.counts.perform(None, (key,), find, _uncounted, LIBRARIES, _CONTAINS)

        def get(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            entries = entries_of(self)
            if entries is None:
                return own(original.get, self, key, *args, **kwargs)
            real = entries.real

            def find() -> Any:
                return original.get(real, key, *args, **kwargs) if key in real else MISSING

            with swap.frozen(real):
                value = entries.lookup(key, find)
                if value is not MISSING:
                    return value
                return entries.answer_of_absent(original.get, key, args, kwargs)

        def pop(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            entries = entries_of(self)
            if entries is None:
                return own(original.pop, self, key, *args, **kwargs)
            real = entries.real

            def find() -> Any:
                return original.pop(real, key, *args, **kwargs) if key in real else MISSING

            with swap.frozen(real):
                value = entries.take(key, find, _POP)
                if value is not MISSING:
                    return value
                return entries.answer_of_absent(original.pop, key, args, kwargs)

        def setdefault(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            entries = entries_of(self)
            if entries is None:
                return own(original.setdefault, self, key, *args, **kwargs)
            real = entries.real
            method = partial(original.setdefault, real, key, *args, **kwargs)

            def find() -> Any:
                return method() if key in real else MISSING

            # A decorator with a lock puts like this, and has looked up already before it made the value.
            caller = sys._getframe().f_back
            module = "" if caller is None else str(caller.f_globals.get("__name__"))
            again = module.partition(".")[0] in LIBRARIES
            with swap.frozen(real):
                value = find() if again else entries.lookup(key, find, _SETDEFAULT)
                # A lookup, and a put of what was not there: two calls, as they are in the library.
                return entries.write(key, method, _SETDEFAULT) if value is MISSING else value

        def popitem(self) -> Any:
            entries = entries_of(self)
            if entries is None:
                return own(original.popitem, self)
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
            entries = entries_of(self)
            if entries is None:
                own(original.clear, self)
                return
            keys = list(_Base.__iter__(entries.real))

            def clear() -> list[Any]:
                entries.clear()
                return keys

            entries.delete(keys, clear, _CLEAR)

        # A copy is a cache of its own, and not patched.

        if hasattr(original, "__copy__"):

            def __copy__(self) -> Any:
                return in_plain(self, original.__copy__)

        def __reduce_ex__(self, protocol: Any) -> Any:
            return in_plain(self, original.__reduce_ex__, protocol)

    def in_plain(of: Any, method: Any, *args: Any) -> Any:
        """Return what *method* returns of a cache that is of its own class alone."""
        entries = entries_of(of)
        if entries is not None:
            with swap.unlogged(entries.real) as real:
                return method(real, *args)
        if type(of) is not original:
            made = object.__new__(original)
            vars(made).update(object.__getattribute__(of, "__dict__"))
            return own(method, made, *args)
        return method(of, *args)

    # The library's own would call the methods above, and count lookups that nobody asked for.
    uncounted = ["items", "values", "__eq__", *(["expire"] if swap.timed else [])]
    for name in uncounted:
        setattr(Counting, name, _on_real(original, name, entries_of, own))
    Counting.__hash__ = original.__hash__  # type: ignore[method-assign]
    makes_missing = original.__missing__ is not _Base.__missing__
    return Counting


def _on_real(original: Any, name: str, entries_of: Any, own: Any) -> Callable[..., Any]:
    """Return the method *name*, done to the scope's cache, which tells of no more than it does itself."""
    method = getattr(original, name)

    def uncounted(self: Any, *args: Any, **kwargs: Any) -> Any:
        entries = entries_of(self)
        if entries is None:
            return own(method, self, *args, **kwargs)
        return getattr(entries.real, name)(*args, **kwargs)

    return uncounted
