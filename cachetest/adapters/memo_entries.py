"""The entries of a memoised function, which nobody can read."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from ..errors import CacheTestError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["UNKNOWN", "Entries"]


class Reading(Protocol):
    """What counts the entries of a function, and empties it."""

    def entries(self) -> int: ...
    def empty(self) -> None: ...


UNKNOWN = {
    "puts": "a memoised function doesn't count them, and not every miss is one: nothing is stored when the "
    "function raises, or with maxsize=0",
    "operations": "a memoised function counts its lookups, but tells nobody of them",
    "entries": "a memoised function shows neither its keys nor its values",
}


class Entries(MutableMapping[Any, Any]):
    """The entries of a memoised function: their number is known, and nothing else."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def __len__(self) -> int:
        return self._reading.entries()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __getitem__(self, key: object) -> NoReturn:
        raise CacheTestError(f"the entries can't be known: {UNKNOWN['entries']}")

    def __setitem__(self, key: object, value: object) -> None:
        self[key]

    def __delitem__(self, key: object) -> None:
        self[key]

    def clear(self) -> None:
        self._reading.empty()
