"""When the entries of a cache of cachetools end, by the time of its own timer."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import cachetools

from ..._behaving.clock import now
from ..._recording.lifetimes import Term

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ended", "term_of"]

_NS = 1e9


def term_of(cache: Any, key: object) -> Term | None:
    """Return when the entry of *key* was put and when it ends; None where nobody knows."""
    if not isinstance(cache, cachetools._TimedCache):
        return Term(None, None)
    found = _links(cache).get(key)
    if found is None:
        return None
    return _term(cache, found.expires, cache.timer())


def ended(cache: Any, time: Any = None) -> Mapping[object, Term]:
    """Return the terms of the entries that are over at *time*, and which the library has yet to remove.

    Nearly always there are none, which is told by one that ends first.
    """
    time = cache.timer() if time is None else time
    own = vars(cache)
    found: dict[object, Term] = {}
    first = own.get("_TTLCache__root")
    if first is not None:
        link = first.next
        while link is not first and not (time < link.expires):
            found[link.key] = _term(cache, link.expires, time)
            link = link.next
        return found
    order = own.get("_TLRUCache__order")
    if order and not (time < order[0].expires):
        for item in list(order):
            if not (item.removed or time < item.expires):
                found[item.key] = _term(cache, item.expires, time)
    return found


def _links(cache: Any) -> Mapping[Any, Any]:
    # Their classes have one each, under a name of their own.
    own = vars(cache)
    return own.get("_TTLCache__links") or own.get("_TLRUCache__items") or {}


def _term(cache: Any, expires: Any, time: Any) -> Term:
    """Return what the library keeps in the time of *cache* as moments of the clock."""
    until = now() + _seconds(expires - time, cache)
    ttl = getattr(cache, "ttl", None)
    return Term(None if ttl is None else until - _seconds(ttl, cache), until)


def _seconds(span: Any, cache: Any) -> float:
    if isinstance(span, datetime.timedelta):
        return span.total_seconds()
    timer = getattr(cache.timer, "_Timer__timer", cache.timer)
    return float(span) / (_NS if getattr(timer, "_counts_ns", False) else 1)
