"""The record of a scope, taken while that is still open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._caches.counting import own_counts
from .._recording.numbering import TimedNumbers
from .._recording.sameness import identity
from .._telling.explanation import ABSENT
from .._telling.facts import components_of
from .._telling.formatting import first_of, label_keys
from .._telling.key_parts import MOST_PARTS
from .._telling.shortening import one_text, short_repr
from .plain import cut, key_as_data, part_as_data
from .record import CacheSummary, TestRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches
    from .._caches.scope import Scope
    from .._recording.operation import Operation
    from .._telling.explanation import Difference, Explanation
    from .._telling.history import History

__all__ = ["record_of"]

# To explain a miss takes time in proportion to the operations that are known.
_EXPLAINED = 50
_FEWEST_EXPLAINED = 5
_LOOKED_AT = 100_000
_SHOWN_ENTRIES = 20
_TAKEN_APART = 2_000
_DIFFERENCES = 20
_LOADED = ("miss", "refusal", "bypass")

Interval = tuple[float, float]


def record_of(scope: Scope, blocks: Iterable[TestRecord] = ()) -> TestRecord:
    """Return what is kept of *scope*, inside which *blocks* were."""
    kind = "test" if scope.whole_test else "class" if scope.is_lasting else "block"
    record = TestRecord(str(scope.label), kind, blocks=tuple(blocks))
    if not scope.by_name:
        return record
    with one_text():
        _Taken(scope.caches).fill(record)
    return record


def _union(intervals: list[Interval]) -> float:
    """Return how many seconds are in at least one of *intervals*."""
    found, until = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        found += max(0.0, end - max(begin, until))
        until = max(until, end)
    return round(found, 6)


class _Table(dict[Any, int]):
    """Values, each with the place where it was first met."""

    def __missing__(self, value: Any) -> int:
        place = self[value] = len(self)
        return place


class _Taken:
    """What is taken of the caches of one scope."""

    def __init__(self, caches: MockCaches) -> None:
        self._caches = caches
        numbers: Any = caches._numbers
        self._times: TimedNumbers | None = numbers if isinstance(numbers, TimedNumbers) else None
        self._threads, self._processes, self._places = _Table(), _Table(), _Table()
        self._loads: list[Interval] = []

    def fill(self, record: TestRecord) -> None:
        found = {}
        for name, cache in self._caches.items():
            counts = own_counts(cache)
            if not any(counts.values()) and not cache.operations.total:
                continue
            taken, loads = self._cache(cache, counts)
            found[name] = taken
            self._loads += loads
            seconds = None if self._times is None else _union(loads)
            record.caches[name] = CacheSummary(counts, seconds)
            taken["seconds"] = seconds
        if not found:
            return
        if self._times is not None:
            record.cost = _union(self._loads)
            record.seconds = round(self._times.age(), 6)
        tables = {"threads": self._threads, "processes": self._processes, "places": self._places}
        record.pack({**{name: list(table) for name, table in tables.items()}, "caches": found})

    def _cache(self, cache: MockCache, counts: dict[str, int]) -> tuple[dict[str, Any], list[Interval]]:
        history = self._caches.history_of(cache)
        keys = _Keys(components_of(cache))
        rows = [self._row(each, keys) for each in history.operations]
        loads = _note_loads(rows)
        chosen = _chosen(history, rows)
        misses = sum(kind in _LOADED for kind in history.kinds)
        return {
            "counts": counts,
            "unknown": dict(cache.unavailable),
            "operations_not_kept": history.dropped,
            "keys": keys.found,
            "operations": rows,
            "explanations": [_explanation(history, index) for index in chosen],
            "not_explained": misses - len(chosen),
            **_entries(cache),
        }, loads

    def _row(self, operation: Operation, keys: _Keys) -> dict[str, Any]:
        at = None if self._times is None else self._times.at(operation.number)
        row: dict[str, Any] = {
            "number": operation.number,
            "kind": operation.kind,
            "key": keys.place_of(operation.key, operation.store),
            "thread": self._threads[operation.thread],
            "process": self._processes[operation.process],
            "where": self._places[str(operation.where)],
        }
        more = {
            "at": None if at is None else round(at, 6),
            "asked": operation.asked,
            "error": None if operation.error is None else cut(operation.error),
            "fault": None if operation.fault is None else short_repr(operation.fault),
            "origin": operation.origin,
        }
        # There may be very many, and of most nothing else is known.
        row.update((name, value) for name, value in more.items() if value is not None)
        return row


class _Keys:
    """The keys of one cache, each once: text, and the parts that it is made of."""

    def __init__(self, apart: Callable[[object], Sequence[tuple[str, object]]]) -> None:
        self.found: list[dict[str, Any]] = []
        self._apart = apart
        self._places: dict[object, int] = {}

    def place_of(self, key: object, store: str | None) -> int:
        at = store, identity(key)
        place = self._places.get(at)
        if place is None:
            place = self._places[at] = len(self.found)
            self.found.append(self._described(key, store))
        return place

    def _described(self, key: object, store: str | None) -> dict[str, Any]:
        found = key_as_data(key)
        if store is not None:
            found["store"] = store
        if len(self.found) < _TAKEN_APART:
            parts = self._apart(key)[:MOST_PARTS]
            # One that is made of nothing but itself has been told.
            if len(parts) > 1 or any(value is not key and value != key for _, value in parts):
                found["parts"] = [[name, part_as_data(value)] for name, value in parts]
        return found


def _note_loads(rows: list[dict[str, Any]]) -> list[Interval]:
    """Note of each miss that a put of its thread has answered how long that took; return when."""
    found: list[Interval] = []
    began: dict[tuple[int, int, int], dict[str, Any]] = {}
    for row in rows:
        if "at" not in row:
            continue
        at = row["key"], row["thread"], row["process"]
        if row["kind"] in ("miss", "refusal"):
            # Who looks twice, under a lock again, has begun at the first.
            began.setdefault(at, row)
        elif row["kind"] == "hit":
            began.pop(at, None)
        elif row["kind"] == "put" and (miss := began.pop(at, None)) is not None:
            miss["seconds"] = round(row["at"] - miss["at"], 6)
            found.append((miss["at"], row["at"]))
    return found


def _chosen(history: History, rows: list[dict[str, Any]]) -> list[int]:
    """Return which operations are explained: all that can be; of very many the dearest, then the first."""
    found = history.misses()
    most = max(_FEWEST_EXPLAINED, min(_EXPLAINED, _LOOKED_AT // max(1, len(rows))))
    if len(found) > most:
        found = sorted(found, key=lambda index: -rows[index].get("seconds", 0.0))[:most]
    return sorted(found)


def _explanation(history: History, index: int) -> dict[str, Any]:
    number = history.numbers[index]
    try:
        told: Explanation = history.explain(index)
        label = label_keys([told.key, told.nearest])
        return {
            "operation": number,
            "reason": told.reason,
            "text": "\n".join(told.lines(label)),
            "nearest_operation": told.nearest_operation,
            "differences": [_difference(each) for each in told.differences[:_DIFFERENCES]],
        }
    except Exception as error:
        # What a key of the program raises where it is looked at is told in its place.
        text = f"it can't be told: to look at it raises {type(error).__name__}"
        return {
            "operation": number,
            "reason": "not told",
            "text": text,
            "nearest_operation": None,
            "differences": [],
        }


def _difference(found: Difference) -> dict[str, Any]:
    # A key may lack a part, and None is one.
    values = {"was": found.was, "now": found.now}
    return {
        "part": found.part,
        **{name: part_as_data(value) for name, value in values.items() if value is not ABSENT},
    }


def _entries(cache: MockCache) -> dict[str, Any]:
    if "entries" in cache.unavailable:
        return {}
    shown = [
        [short_repr(key), short_repr(value)] for key, value in first_of(cache.cache.items(), _SHOWN_ENTRIES)
    ]
    return {"entries": len(cache.cache), "first_entries": shown}
