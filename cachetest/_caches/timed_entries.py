"""Entries of ours that live for a time: what a `MockCache` has once one was put with a ttl."""

from __future__ import annotations

import math
import time
from collections.abc import MutableMapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from weakref import ref

from .._behaving.gate import MISSING
from .._behaving.storage import Stored
from .._recording.lifetimes import Term, note_lifetime

if TYPE_CHECKING:
    from collections.abc import Callable, ItemsView, Iterator, ValuesView

    from .._recording.operation import Kind

__all__ = ["TimedEntries", "storing"]


class TimedCache(Protocol):
    """A cache, as far as it matters here."""

    name: str
    cache: MutableMapping[Any, Any]
    shared: dict[str, Any]

    def adapter_state(self, what: str, make: Callable[[], TimedEntries]) -> TimedEntries: ...
    def record(self, kind: Kind, key: object) -> None: ...


def storing(cache: TimedCache, key: object, value: object, ttl: object) -> Callable[[], None]:
    """Return what writes an entry of *cache* that lives for *ttl*; raises for what is none."""
    return partial(entries_of(cache).put_for, key, value, _seconds_of(ttl))


def entries_of(cache: TimedCache) -> TimedEntries:
    """Return the entries of *cache*, which are told when each ends from now on."""
    found = cache.cache
    if type(found) is dict:
        # Of two threads that are first at once, both get the same.
        own = partial(TimedEntries, found, partial(_ahead, cache.shared), partial(_tell, ref(cache)))
        found = cache.cache = cache.adapter_state("timed entries", own)
    if not isinstance(found, TimedEntries):
        raise TypeError(
            f"the entries of cache {cache.name!r} are kept by its library, which has to be given their ttl"
        )
    return found


def _ahead(shared: dict[str, Any]) -> float:
    clock = shared.get("clock")
    return 0.0 if clock is None else clock.offset


def _tell(cache: ref[TimedCache], key: object, put: float, until: float, now: float) -> None:
    found = cache()
    if found is not None:
        note_lifetime(found, key, put, until, now)
        found.record("expiration", key)


def _seconds_of(ttl: Any) -> float:
    """Return how many seconds *ttl* is, which has to be more than none."""
    seconds = ttl.total_seconds() if isinstance(ttl, timedelta) else ttl
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"a ttl is in seconds, a timedelta, or None for an entry that stays, not {ttl!r:.80}")
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"a ttl is more than 0 seconds, and finite (None is for ever), not {ttl!r:.80}")
    return float(seconds)


class TimedEntries(MutableMapping[Any, Any]):
    """A mapping of the live entries that are in a dict, which stays that of whoever holds it.

    One that has expired is gone for all that read it. The lookup that comes across it first says so.
    """

    def __init__(
        self,
        kept: dict[Any, Any],
        ahead: Callable[[], float],
        tell: Callable[[object, float, float, float], object],
    ) -> None:
        """Take the entries that are *kept*, and *tell* of a key that a lookup finds expired.

        *ahead* gives by how many seconds the clock is ahead of the program's time.
        """
        self._kept = kept
        self._ahead = ahead
        self._tell = tell
        # When each was put, and until when it lives.
        self._terms: dict[Any, tuple[float, float]] = {}
        # Those that are gone, and of which nobody has been told yet.
        self._gone: dict[Any, tuple[float, float]] = {}

    def now(self) -> float:
        """Return the time by which they live."""
        return time.time() + self._ahead()

    def put_for(self, key: Any, value: Any, seconds: float) -> None:
        """Write an entry that lives for so long."""
        # In this order: a key that can't be hashed leaves nothing.
        self._kept[key] = value
        now = self.now()
        self._gone.pop(key, None)
        self._terms[key] = now, now + seconds

    def stored_of(self, key: Any) -> Any:
        """Return the entry of *key* with the time that it lives, or `MISSING`; nothing is told of it."""
        return Stored(self._kept[key], self._terms.get(key)) if key in self else MISSING

    def store_again(self, key: Any, stored: Stored) -> None:
        """Put back what `stored_of` has returned."""
        self[key] = stored.value
        if stored.term is not None:
            self._terms[key] = stored.term

    def terms_of(self, key: Any) -> dict[str, Term]:
        """Return when the entry of *key* was put, and until when it lives, in the one place that there is."""
        return {"": Term(*self._terms.get(key, (None, None)))} if key in self else {}

    def begin_in(self, cache: TimedCache) -> None:
        """Have the entries of *cache*, which are copies of these, live as long as these."""
        entries_of(cache)._terms.update(self._terms.copy())

    def _drop_if_over(self, key: Any) -> None:
        term = self._terms.get(key)
        # Of two threads that come across it, one drops it.
        if (
            term is not None
            and self.now() >= term[1]
            and self._terms.pop(key, None) is term
            and self._kept.pop(key, MISSING) is not MISSING
        ):
            self._gone[key] = term

    def _drop_all_over(self) -> None:
        for key in list(self._terms):
            self._drop_if_over(key)

    def get(self, key: Any, default: Any = None) -> Any:
        self._drop_if_over(key)
        # What a lookup of the program gives, and who reads them by hand does not.
        if default is MISSING:
            term = self._gone.pop(key, None)
            if term is not None:
                self._tell(key, *term, self.now())
        return self._kept.get(key, default)

    def pop(self, key: Any, *default: Any) -> Any:
        self._drop_if_over(key)
        self._forget(key)
        return self._kept.pop(key, *default)

    def _forget(self, key: Any) -> None:
        self._terms.pop(key, None)
        self._gone.pop(key, None)

    def __getitem__(self, key: Any) -> Any:
        self._drop_if_over(key)
        return self._kept[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._kept[key] = value
        self._forget(key)

    def __delitem__(self, key: Any) -> None:
        self._drop_if_over(key)
        del self._kept[key]
        self._forget(key)

    def __contains__(self, key: Any) -> bool:
        self._drop_if_over(key)
        return key in self._kept

    # Of a copy: one may expire while somebody goes through them.

    def __iter__(self) -> Iterator[Any]:
        return iter(self.copy())

    def items(self) -> ItemsView[Any, Any]:
        return self.copy().items()

    def values(self) -> ValuesView[Any]:
        return self.copy().values()

    def __len__(self) -> int:
        self._drop_all_over()
        return len(self._kept)

    def copy(self) -> dict[Any, Any]:
        """Return a plain dict of them."""
        self._drop_all_over()
        return self._kept.copy()

    def clear(self) -> None:
        self._kept.clear()
        self._terms.clear()
        self._gone.clear()

    def __repr__(self) -> str:
        return repr(self.copy())

    def __reduce__(self) -> tuple[object, ...]:
        # Nobody moves the time of a copy.
        return dict, (self.copy(),)
