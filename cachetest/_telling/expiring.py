"""The text of failures about the time that entries live."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .failures import not_cached
from .formatting import label_keys
from .lifetimes import duration, told_apart
from .shortening import one_text, unwritten

if TYPE_CHECKING:
    from collections.abc import Collection

    from .._recording.lifetimes import Term
    from .history import History

__all__ = ["TOO_EARLY", "TOO_LATE", "Expected", "lifetime_differs", "not_expiring", "not_there"]


class Expected(NamedTuple):
    """The entry about which something is expected: cache, key, and the *place* that it is in, if it has one.

    ``several`` says whether there are other places.
    """

    cache: str
    key: object
    place: str
    several: bool
    history: History

    def told(self) -> str:
        """Return how a failure begins."""
        where = f" in {self.place}" if self.several else ""
        return f"cache {self.cache!r}: expected {label_keys([self.key])(self.key)}{where}"


TOO_EARLY = "it was gone before that"
TOO_LATE = "it is still there"


def not_there(name: str, expected: str, key: object, keys: Collection[object], history: History) -> str:
    """Return the failure of a key that should be there, and about which something was *expected*."""
    first, *more = not_cached(name, key, keys, history).splitlines()
    return "\n".join([f"{first} now, and it was expected {expected}", *more])


def not_expiring(expected: Expected, after: float, found: str, term: Term | None, now: float) -> str:
    """Return the failure of an entry that was to expire *after* so many seconds, and what was *found* then.

    *term* is that of the entry as it was *now*, which is when the seconds begin.
    """
    with one_text():
        more = 0 if term is None or term.until is None else told_apart(after, term.until - now)
        told = f"{expected.told()} to expire after {duration(after, more)}; {found}"
        return "\n".join([told, f"  {_term_told(expected, term, now, more)}", *unwritten()])


def lifetime_differs(expected: Expected, seconds: float | None, term: Term, now: float) -> str:
    """Return the failure of an entry that was to live for so many *seconds* more, None for ever."""
    with one_text():
        left = None if term.until is None else term.until - now
        more = 0 if left is None or seconds is None else told_apart(seconds, left)
        wanted = "to stay" if seconds is None else f"to live for {duration(seconds, more)} more"
        got = "it stays" if left is None else f"it lives for {duration(left, more)} more"
        told = f"{expected.told()} {wanted}; {got}"
        return "\n".join([told, f"  {_term_told(expected, term, now, more)}", *unwritten()])


def _term_told(expected: Expected, term: Term | None, now: float, more: int) -> str:
    """Return who put the entry, when, for how long, and how much of that was left."""
    history = expected.history
    mine = history.of_key(expected.key, expected.place or _only_store(history))
    put = next((i for i in reversed(mine) if history.kinds[i] == "put"), None)
    who = "put"
    if put is not None:
        who = f"put by operation {history.numbers[put]}, {history.at(history.operations[put])},"
    if term is None:
        return f"{who.rstrip(',')}; until when it lives is not known"
    if term.until is None:
        return f"{who} to stay"
    left = f"{duration(max(0.0, term.until - now), more)} were left"
    if term.put is None:
        return f"{who.rstrip(',')}; {left}"
    return f"{who} for {duration(term.until - term.put, more)}, of which {left}"


def _only_store(history: History) -> str | None:
    """Return the server and database that all operations were on, None where there are none or several."""
    stores = set(history.stores)
    return stores.pop() if len(stores) == 1 else None
