"""Where the entries of hits came from, as far as the operations before them tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .sameness import identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .operation import OriginTeller

__all__ = ["Origins", "origins_of"]

_UNSURE = -1
Step = tuple[int, str, object, "str | None", str]
"""Number, kind, key, store and thread of an operation."""


def origins_of(steps: Iterable[Step]) -> dict[int, int | None]:
    """Return for each hit among *steps* the number of the put it found; None where there was none.

    It is -1 where another thread may have been about to log its put.
    *steps* are in the order that they were logged in, which is that of what they did on each thread.
    """
    puts: dict[object, int] = {}
    # The fields of each hash that were put, which go with it, and the puts of hashes as a whole.
    fields: dict[object, set[object]] = {}
    whole: dict[object, int] = {}
    found: dict[int, int | None] = {}
    waiting: dict[object, list[tuple[int, str]]] = {}
    for number, kind, key, store, thread in steps:
        entry = store, identity(key)
        of_hash = (store, identity(key[0])) if store and isinstance(key, tuple) and len(key) == 2 else None
        if kind == "put":
            puts[entry] = number
            if of_hash is None:
                whole[entry] = number
            else:
                puts[of_hash] = number
                fields.setdefault(of_hash, set()).add(entry)
            for hit, hit_by in waiting.pop(entry, ()):
                if hit_by != thread:
                    # A put is logged when it is done: the hit may have come in between.
                    found[hit] = _UNSURE
        elif kind == "hit":
            found[number] = max(puts.get(entry, 0), whole.get(of_hash, 0)) or None
            if found[number] is None:
                waiting.setdefault(entry, []).append((number, thread))
        elif kind in ("miss", "delete", "eviction", "expiration"):
            for gone in (entry, *fields.pop(entry, ())):
                puts.pop(gone, None)
                whole.pop(gone, None)
    return found


class _Columns(Protocol):
    """The operations of a log as they were at one moment, one attribute of all of them at a time."""

    def numbers(self) -> Sequence[int]: ...
    def kinds(self) -> Sequence[str]: ...
    def keys(self) -> Sequence[object]: ...
    def stores(self) -> Sequence[str | None]: ...
    def threads(self) -> Sequence[str]: ...
    def given_origins(self) -> dict[int, str]: ...


class Origins:
    """The origins of the hits of a log, worked out when one is asked for; *owner* is the cache, if any."""

    def __init__(self, columns: _Columns, owner: OriginTeller | None) -> None:
        self._columns = columns
        self._owner = owner
        self._puts: dict[int, int | None] | None = None
        self._given: dict[int, str] = {}

    def of(self, number: int, key: object, store: str | None) -> int | str | None:
        """Return the origin of the entry that the operation *number* hit, as `Operation.origin` has it."""
        if self._puts is None:
            each = self._columns
            steps = zip(each.numbers(), each.kinds(), each.keys(), each.stores(), each.threads(), strict=True)
            self._puts = origins_of(steps)
            self._given = each.given_origins()
        put = self._puts.get(number)
        if put is None and self._owner is not None:
            return self._owner.origin_of(key, store, number)
        if put is None or put == _UNSURE:
            return None
        return self._given.get(put, put)
