"""The explanation of one operation, a miss or a hit, and how it reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .shortening import one_text, short_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ABSENT", "Difference", "Explanation"]

_SHOWN_DIFFERENCES = 5


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
        # Loaded here, as below: only a failure needs it.
        from .hashes import changed_hash

        told = changed_hash(self.was, self.now)
        if told is None:
            from .formatting import change

            told = change(self.was, self.now)
        return f"{self.part}: {told}"


@dataclass(frozen=True)
class Explanation:
    """Why one lookup missed.

    ``operation`` is its number. ``reason`` is one of ``"never put"``, ``"put elsewhere"``, ``"deleted"``,
    ``"evicted"``, ``"expired"``, ``"reset"``, ``"emptied"`` (it was there, and is gone with no delete
    logged; ``by_hand`` says whether the test alone can have done that), ``"hash changed"`` (the entry is
    there, under a key whose hash is another now), ``"there"`` (the entry is there, and was not found),
    ``"not kept"`` (the library keeps nothing there), ``"guards failed"`` and ``"refused"`` (it was found,
    and the library did not use it) and ``"bypassed"`` (the library did not ask); of the last three ``note``
    has the reason. ``earlier`` is the number of the operation that took the key away, or of the hit that
    found what was refused, ``later`` of the put that came too late, ``missed`` of the latest lookup that
    had missed it before, where it was never put. ``nearest`` is the likest key that had been put (or
    found, or else looked up: ``nearest_kind`` says which) by the operation ``nearest_operation``, in the
    server and database ``nearest_store`` if that is another.
    ``differences`` are the parts that are not the same, and ``otherwise`` says what is not where all
    parts are. ``complete`` is False where older operations are gone from the log. ``note`` is what else
    there is to know. Where the lookup and one of those operations are of two processes, ``process`` is the
    name of that of the lookup, and ``others`` has those of the others by their numbers, with the line of
    each. ``str()`` of it is one or more lines.
    """

    cache: str
    key: object
    operation: int
    reason: str
    earlier: int | None = None
    later: int | None = None
    nearest: object = ABSENT
    nearest_operation: int | None = None
    differences: tuple[Difference, ...] = ()
    complete: bool = True
    note: str = ""
    nearest_kind: str = "put"
    nearest_store: str | None = None
    otherwise: str = "punctuation or type only"
    missed: int | None = None
    by_hand: bool = True
    process: str = ""
    others: Mapping[int, str] = field(default_factory=dict)

    @property
    def nearest_put(self) -> bool:
        """Whether the nearest key had been in the cache."""
        return self.nearest_kind != "miss"

    def lines(
        self, label: Callable[[object], str] = short_repr, limit: int = _SHOWN_DIFFERENCES
    ) -> list[str]:
        """Return the explanation as lines; *label* writes keys, and at most *limit* differences are told."""
        found = [self._first(label)]
        found += [f"  {difference}" for difference in self.differences[:limit]]
        more = len(self.differences) - limit
        if more > 0:
            found.append(f"  and {more} more {'parts' if more > 1 else 'part'}")
        if self.note and self.reason not in ("guards failed", "refused", "bypassed"):
            found += self.note.splitlines()
        return found

    def _first(self, label: Callable[[object], str]) -> str:
        by = f" {self._by(self.earlier)}" if self.earlier is not None else ""
        later = f"; put later, {self._by(self.later)}" if self.later is not None else ""
        if self.reason != "never put":
            at, hand = self._at(self.earlier, " "), ": the cache was emptied by hand" if self.by_hand else ""
            return _WORDS[self.reason].format(by=by, at=at, note=self.note, hand=hand) + later
        never = "never put before" if self.complete else "not put in the operations that are known"
        if self.missed is not None:
            never = f"missed before, {self._at(self.missed)}, and not put in between"
            if self.later is None and self.complete:
                never = f"missed before, {self._at(self.missed)}, and never put since"
        if self.nearest is ABSENT:
            return f"{never}{later}"
        did = ""
        if self.nearest_operation is not None:
            did = f" in {self.nearest_store}" if self.nearest_store else ""
            done = _DONE[self.nearest_kind].format(by=self._by(self.nearest_operation), place=did)
            missed = f" missed by {self.process}," if self.nearest_operation in self.others else ""
            did = f", {done},{missed}"
        said = "differs in" if self.differences else f"differs in {self.otherwise}"
        return f"{never}{later}; the nearest key, {label(self.nearest)}{did} {said}"

    def _by(self, number: int) -> str:
        other = self.others.get(number)
        return f"by operation {number}" if other is None else f"by {other} (operation {number})"

    def _at(self, number: int | None, before: str = "") -> str:
        if number is None:
            return ""
        other = self.others.get(number)
        return f"{before}at operation {number}{'' if other is None else f', by {other}'}"

    def __str__(self) -> str:
        from .formatting import label_keys

        with one_text():
            label = label_keys([self.key, self.nearest])
            head = f"cache {self.cache!r}, operation {self.operation}"
            if self.reason != "bypassed":
                head += f", key {label(self.key)}"
            return f"{head}: " + "\n  ".join(self.lines(label))


_DONE = {
    "put": "put {by}{place}",
    "hit": "found {by}{place}",
    "miss": "looked up {by} and never put",
}

_WORDS = {
    "deleted": "put, then deleted{by}",
    "evicted": "put, then evicted{by}",
    "expired": "put, then expired{by}",
    "reset": "put, then the cache was reset",
    "emptied": "it was there{at}, then gone with no delete logged{hand}",
    "hash changed": "it was there{at}, and still is: the hash of its key has changed since",
    "there": "it was there{at}, and is there now, but this lookup did not find it",
    "not kept": "put{by}, and not kept: its backend keeps nothing",
    "put elsewhere": "never put here",
    "guards failed": "the key was present, its guards failed: {note}",
    "refused": "found{by}, and not used: {note}",
    "bypassed": "no lookup, the library did not take part: {note}",
}
