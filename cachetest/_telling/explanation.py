"""The explanation of one miss, and how it reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .formatting import change, label_keys, short_repr

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ABSENT", "Difference", "Explanation"]

_SHOWN_DIFFERENCES = 5

_HASH = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}|[a-z2-7]{48,}")


class _Absent:
    """Stands for a part that one of two keys lacks: None is a part."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


class Difference(NamedTuple):
    """A part in which two keys differ: its name, and what it was in the earlier key and is now."""

    part: str
    was: object
    now: object

    def __str__(self) -> str:
        if isinstance(self.was, str) and isinstance(self.now, str) and _hashes(self.was, self.now):
            return f"{self.part}: a hash, and what went into it can't be told from it"
        return f"{self.part}: {change(self.was, self.now)}"


def _hashes(one: str, other: str) -> bool:
    return bool(_HASH.fullmatch(one) and _HASH.fullmatch(other))


@dataclass(frozen=True)
class Explanation:
    """Why one lookup missed.

    ``operation`` is its number. ``reason`` is one of ``"never put"``,
    ``"put elsewhere"``, ``"deleted"``, ``"evicted"``, ``"expired"``, ``"reset"``, ``"emptied"`` (the entry
    was taken out by hand), ``"not kept"`` (the library keeps nothing there), ``"guards failed"`` (it was
    found, and the library refused it) and ``"bypassed"`` (the library did not ask); of the last two ``note``
    has the reason. ``earlier`` is the number of the operation that took the key away, ``later`` of the put
    that came too late. ``nearest`` is the likest key that had been put, by the operation
    ``nearest_operation``; where none had been, one that was looked up, and ``nearest_put`` is False.
    ``differences`` are the parts that are not the same. ``complete`` is False where older operations are
    gone from the log. ``note`` is what else there is to know. ``str()`` of it is one or more lines.
    """

    cache: str
    key: object
    operation: int
    reason: str
    earlier: int | None = None
    later: int | None = None
    nearest: object = ABSENT
    nearest_operation: int | None = None
    nearest_put: bool = True
    differences: tuple[Difference, ...] = ()
    complete: bool = True
    note: str = ""

    def lines(
        self, label: Callable[[object], str] = short_repr, limit: int = _SHOWN_DIFFERENCES
    ) -> list[str]:
        """Return the explanation as lines; *label* writes keys, and at most *limit* differences are told."""
        found = [self._first(label)]
        found += [f"  {difference}" for difference in self.differences[:limit]]
        more = len(self.differences) - limit
        if more > 0:
            found.append(f"  and {more} more {'parts' if more > 1 else 'part'}")
        if self.note and self.reason not in ("guards failed", "bypassed"):
            found.append(self.note)
        return found

    def _first(self, label: Callable[[object], str]) -> str:
        by = f" by operation {self.earlier}" if self.earlier is not None else ""
        later = f"; put later, by operation {self.later}" if self.later is not None else ""
        if self.reason != "never put":
            return _WORDS[self.reason].format(by=by, at=by.replace(" by", " at"), note=self.note) + later
        never = "never put before" if self.complete else "not put in the operations that are known"
        if self.nearest is ABSENT:
            return f"{never}{later}"
        put = ""
        if self.nearest_operation is not None:
            did = "put" if self.nearest_put else "looked up and never put"
            put = f", {did} by operation {self.nearest_operation},"
        said = "differs in" if self.differences else "differs in punctuation or type only"
        return f"{never}{later}; the nearest key, {label(self.nearest)}{put} {said}"

    def __str__(self) -> str:
        label = label_keys([self.key, self.nearest])
        head = f"cache {self.cache!r}, operation {self.operation}, key {label(self.key)}: "
        if self.reason == "bypassed":
            head = f"cache {self.cache!r}, operation {self.operation}: "
        return head + "\n  ".join(self.lines(label))


_WORDS = {
    "deleted": "put, then deleted{by}",
    "evicted": "put, then evicted for room{by}",
    "expired": "put, then expired{by}",
    "reset": "put, then the cache was reset",
    "emptied": "it was there{at}, then gone with no delete logged: the cache was emptied by hand",
    "not kept": "put{by}, and not kept: its backend keeps nothing",
    "put elsewhere": "never put here",
    "guards failed": "the key was present, its guards failed: {note}",
    "bypassed": "no lookup, the library did not take part: {note}",
}
