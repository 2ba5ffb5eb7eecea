"""How long entries lived that have expired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .sameness import identity

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LIFETIMES", "Lifetime", "Term", "lifetime_in", "note_lifetime"]

LIFETIMES = "lifetimes"
"""The adapter's state of a cache that has the latest lifetime of each key that has expired."""

# Of so many keys.
_REMEMBERED = 1_000


class Term(NamedTuple):
    """When an entry was put, None where nobody knows, and when it ends, None where it stays.

    Both are seconds since the epoch, by the clock of the scope.
    """

    put: float | None
    until: float | None


class Lifetime(NamedTuple):
    """What is known, in seconds, of the time of an entry that was found expired.

    It was put for ``seconds`` (None where nobody knows), and that was over ``ended`` before it was found.
    """

    seconds: float | None
    ended: float


def note_lifetime(
    cache: Any, key: object, put: float | None, until: float, found: float, store: object = None
) -> None:
    """Remember that the entry of *key* in *cache* was *put* and lived *until*, when it was *found* expired.

    All are moments by one clock; None is for one that nobody knows.
    """
    if put is not None and until < put:
        # It was over as it was put.
        until = put
    known: dict[Any, Lifetime] = cache.adapter_state(LIFETIMES, dict)
    known[store, identity(key)] = Lifetime(None if put is None else until - put, max(0.0, found - until))
    if len(known) > _REMEMBERED:
        for each in list(known)[:1]:
            known.pop(each, None)


def lifetime_in(known: Mapping[Any, Lifetime], key: object, store: object) -> Lifetime | None:
    """Return what is *known* of the lifetime of *key*."""
    return known.get((store, identity(key)))
