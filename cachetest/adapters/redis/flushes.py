"""What a flush deletes: keys that are in neither the command nor the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .commands import FLUSHES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Flushed", "flushed_by"]


class Flushed:
    """The keys that are there for flushes to delete, as they are logged, by the numbers of databases."""

    def __init__(self, there: dict[int, dict[object, None]]) -> None:
        self._there = there

    def of(self, name: bytes, db: int) -> dict[int, list[object]]:
        """Return the keys that the command *name* deletes where the database *db* is selected."""
        numbers = self._there if name == b"FLUSHALL" else (db,)
        return {number: list(self._there[number]) for number in numbers if self._there.get(number)}

    def note(self, kind: str, key: object, db: int) -> None:
        """Note what a transaction does before it flushes: what it has put is flushed as well."""
        if kind == "put":
            self._there.setdefault(db, {})[key[0] if isinstance(key, tuple) else key] = None
        elif kind == "delete":
            self._there.get(db, {}).pop(key, None)


def flushed_by(
    commands: Sequence[list[bytes]],
    there: Callable[[int], dict[object, None]],
    db: int,
    numbers: Sequence[int],
) -> Flushed:
    """Return what is *there* for *commands* to flush, sent while *db* is selected; *numbers* are all."""
    names = {command[0].upper() for command in commands}
    if not names & FLUSHES:
        return Flushed({})
    wanted = numbers if names & {b"FLUSHALL", b"SELECT"} else (db,)
    return Flushed({number: there(number) for number in wanted})
