"""The report of a scope as data that JSON can hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._telling.key_parts import is_text
from .._telling.processes import MAIN
from .._telling.shortening import LIMIT, one_text, repr_in_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._caches.cache import MockCache
    from .._recording.operation import Operation
    from .._telling.explanation import Explanation
    from .._telling.history import History

__all__ = ["LAYOUT", "as_dict"]

LAYOUT = 1
"""The version of the layout of `as_dict`: raised when something is taken away, or its meaning changes."""


def _plain(value: object) -> Any:
    if type(value) is int and value.bit_length() <= 1_000:  # Python refuses the digits of a huge one
        return value
    if value is None or type(value) is bool:
        return value
    # A subclass may have methods of its own, which raise.
    if is_text(value) and str.__len__(value) <= LIMIT:
        return str.__str__(value)
    return repr_in_time(value)


def as_dict(caches: Mapping[str, MockCache]) -> dict[str, Any]:
    """Return what JSON can hold of every cache: counts, entries, operations, the newest miss explained."""
    with one_text():
        return {"version": LAYOUT, "caches": {name: _cache_as_dict(cache) for name, cache in caches.items()}}


def _cache_as_dict(cache: MockCache) -> dict[str, Any]:
    history = cache.history()
    misses = history.misses()
    return {
        "puts": cache.num_put,
        "hits": cache.num_get_hit,
        "misses": cache.num_get_miss,
        "refusals": cache.num_refusal,
        "hit_ratio": cache.hit_ratio,
        "unknown": dict(cache.unavailable),
        "entries": [
            {
                # There may be very many, most of them short text.
                "key": key if type(key) is str and len(key) <= LIMIT else _plain(key),
                "value": value if type(value) is str and len(value) <= LIMIT else _plain(value),
            }
            for key, value in list(cache.cache.items())
        ],
        "operations_not_kept": history.dropped,
        "operations": [_operation_as_dict(operation, history) for operation in history.operations],
        "newest_miss": _explanation_as_dict(history.explain(misses[-1]), history) if misses else None,
    }


def _operation_as_dict(operation: Operation, history: History) -> dict[str, Any]:
    found = {
        "kind": operation.kind,
        "key": _plain(operation.key),
        "thread": operation.thread,
        "where": str(operation.where),
        "error": operation.error,
    }
    if history.processes:
        found |= {"process": operation.process, "process_name": operation.process_name or MAIN}
    return found


def _explanation_as_dict(found: Explanation, history: History) -> dict[str, Any]:
    # In this layout an operation goes by its place among all those of its cache, from 1.
    explanation = replace(
        found,
        operation=history.place_of(found.operation),
        earlier=history.place_of(found.earlier),
        later=history.place_of(found.later),
        missed=history.place_of(found.missed),
        nearest_operation=history.place_of(found.nearest_operation),
        others={history.place_of(number): other for number, other in found.others.items()},
    )
    nearest = explanation.nearest_operation is not None or explanation.differences
    return {
        "operation": explanation.operation,
        "key": _plain(explanation.key),
        "reason": explanation.reason,
        "earlier": explanation.earlier,
        "later": explanation.later,
        "nearest": _plain(explanation.nearest) if nearest else None,
        "nearest_operation": explanation.nearest_operation,
        "differences": [
            {"part": part, "was": _plain(was), "now": _plain(now)}
            for part, was, now in explanation.differences
        ],
        "note": explanation.note,
        "text": str(explanation),
    }
