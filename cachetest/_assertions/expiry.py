"""The assertions on the time that entries live."""

from __future__ import annotations

import math
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._behaving.injection import Injection
from .._behaving.states import Off
from .._caches.scope import mark, spawned_by
from .._recording.packages import NO_LIBRARIES
from .base import AssertionBase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import timedelta

    from .._behaving.clock import Clock
    from .._caches.cache import MockCache
    from .._recording.lifetimes import Term
    from .._telling.expiring import Expected

__all__ = ["ExpiryAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

# In seconds, where the adapter says nothing else.
_RESOLUTION = 0.001
# Held in a tuple, since who stops the time of a program replaces such names in all modules.
_MONOTONIC = (time.monotonic,)


class ExpiryAssertions(AssertionBase):
    """Assertions on the time that the entries of a cache live."""

    def assertCacheExpires(
        self, name: str, key: object, after: float | timedelta, *, at: str | None = None, msg: object = None
    ) -> None:
        """Fail unless the entry that the cache *name* has for *key* expires *after* so many seconds from now.

        The clock is moved on: just before, the entry has to be there still; and at *after*, where the clock
        is left, it has to be gone. How exact that is depends on the adapter: a millisecond, for memcached a
        second. The real time that the test itself has taken is allowed for. *at* is as for `assertCached`.

        This is no lookup: it is not counted, and the program has no part in it. Raises ``ValueError`` for a
        cache in which nothing expires, and ``RuntimeError`` in a block in which a lookup would not tell what
        is there: where the cache is off, or faults strike it.
        """
        from .._telling.expiring import TOO_EARLY, TOO_LATE, not_expiring

        seconds = _seconds_of(after, "after")
        if self._passes_over():
            # The test goes on from then.
            self._scope().clock.advance(seconds)
            return
        peek = _Peek(self, name, key, at)
        clock = self._scope().clock
        start, ahead = clock.now(), clock.offset
        there = peek.terms(f"to expire after {seconds:g} s", msg)
        spent = {place: peek.spent(term, start) for place, term in there.items()}
        before = start + seconds - peek.resolution
        early = [place for place in there if not peek.is_there(place, before - spent[place], clock)]
        # A timer of the program's own may stand still meanwhile.
        goes_on = 0.0 if peek.has_own_time else time.time() + ahead - start
        clock.reach(ahead + seconds + peek.resolution - goes_on)
        late = [place for place in there if peek.is_there(place)]
        for places, found in ((early, TOO_EARLY), (late, TOO_LATE)):
            for place in places:
                text = not_expiring(peek.expected(place, there), seconds, found, there[place], start)
                raise self._fail_with(msg, text)

    def assertCacheTTL(
        self,
        name: str,
        key: object,
        seconds: float | timedelta | None,
        *,
        at: str | None = None,
        msg: object = None,
    ) -> None:
        """Fail unless the entry of *key* lives for so many *seconds* more; None is for one that stays.

        How exact that is, and what *at* is, is as for `assertCacheExpires`; the clock stays where it is.

        This is no lookup: it is not counted. Raises ``ValueError`` for a cache in which nothing expires, and
        for one of which nobody knows until when its entries live; and ``RuntimeError`` as
        `assertCacheExpires` does.
        """
        from .._telling.expiring import lifetime_differs

        wanted = None if seconds is None else _seconds_of(seconds, "seconds")
        if self._passes_over():
            return
        peek = _Peek(self, name, key, at)
        now = self._scope().clock.now()
        there = peek.terms("to stay" if wanted is None else f"to live for {wanted:g} s more", msg)
        for place, term in there.items():
            if term is None:
                raise ValueError(
                    f"until when the entries of cache {name!r} live can't be known: its adapter does not say"
                )
            if not _is_as_long(term, wanted, now, peek.resolution, peek.spent(term, now)):
                text = lifetime_differs(peek.expected(place, there), wanted, term, now)
                raise self._fail_with(msg, text)


def _is_as_long(term: Term, wanted: float | None, now: float, resolution: float, spent: float) -> bool:
    if term.until is None or wanted is None:
        return term.until is None and wanted is None
    return wanted - spent - resolution <= term.until - now <= wanted + resolution


def _seconds_of(given: Any, what: str) -> float:
    # Loaded here, for `import cachetest`.
    from datetime import timedelta

    seconds = given.total_seconds() if isinstance(given, timedelta) else given
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{what} is in seconds, or a timedelta, not {given!r:.80}")
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"{what} is more than 0 seconds, and finite, not {given!r:.80}")
    return float(seconds)


class _Peek:
    """A look at one key of a cache, which counts nothing."""

    def __init__(self, case: ExpiryAssertions, name: str, key: object, at: str | None) -> None:
        self.cache: MockCache = case._cache(name)
        self._case = case
        self._key = key
        self._at = at
        adapter: Any = self.cache.explainer
        why = self.cache.unavailable.get("entries", "")
        if adapter is not None:
            why = adapter.why_timeless(self.cache) or why
        if why:
            raise ValueError(f"how long the entries of cache {name!r} live can't be tested: {why}")
        self._refuse_in_force()
        self.has_own_time = adapter is not None and bool(adapter.has_own_time(self.cache))
        self.resolution: float = _RESOLUTION if adapter is None else adapter.resolution(self.cache)

    def _refuse_in_force(self) -> None:
        """Raise an error where what is in force acts on lookups of the key, which this looks past."""
        key = self._case._entry_key(self.cache, self._key)
        for behaviour in self.cache.in_force:
            call = self.cache.make_call("get", (key,), NO_LIBRARIES, sys._getframe(), None)
            if isinstance(behaviour, Off) and behaviour.is_for(self.cache.name):
                acts = "the cache is off"
            elif isinstance(behaviour, Injection) and behaviour.is_about(call):
                from .._telling.unstruck import called

                acts = f"{called(behaviour)} strikes its lookups"
            else:
                continue
            raise RuntimeError(
                f"how long {self._key!r:.80} in cache {self.cache.name!r} lives can't be tested here: "
                f"{acts}, so the program would not see what is there. Assert it after that block"
            )

    def terms(self, expected: str, msg: object) -> Mapping[str, Term | None]:
        """Return when the entry was put, and when it ends, by its places; it fails where there is none.

        None is for what nobody knows.
        """
        from .._recording.lifetimes import Term

        cache, case = self.cache, self._case
        with self._in_its_scope():
            there = case._places(cache, self._key, self._at)
            kept = case._entry_key(cache, self._key)
            if not there:
                from .._telling.expiring import not_there

                shown = kept if self._at is None else (self._at, kept)
                history = case._history(cache)
                text = not_there(cache.name, expected, shown, cache.cache.keys(), history)
                raise case._fail_with(msg, text)
            terms_of = getattr(cache.cache, "terms_of", None)
            # What is in a plain dict stays.
            known = Term(None, None) if type(cache.cache) is dict else None
            terms: Mapping[str, Term] = {} if terms_of is None else terms_of(kept)
            return {place: terms.get(place, known) for place in there}

    def is_there(self, place: str, when: float | None = None, clock: Clock | None = None) -> bool:
        """Return whether the entry is in *place*, now or at a moment at which the clock stands still."""
        with self._in_its_scope():
            if when is None or clock is None or when <= clock.now():
                return place in self._case._places(self.cache, self._key, self._at)
            with clock.stopped(when):
                return place in self._case._places(self.cache, self._key, self._at)

    def spent(self, term: Term | None, now: float) -> float:
        """Return how much real time the test may have spent since the entry was put."""
        first = self.cache if self.cache.origin is None else self.cache.origin
        began = first.shared.get("began")
        real = 0.0 if began is None else max(0.0, _MONOTONIC[0]() - began)
        return real if term is None or term.put is None else min(real, max(0.0, now - term.put))

    def expected(self, place: str, there: Collection[str]) -> Expected:
        """Return what a failure tells the entry in *place* by, one of those that are *there*."""
        from .._telling.expiring import Expected

        case, cache = self._case, self.cache
        key = case._entry_key(cache, self._key)
        return Expected(cache.name, key, place, len(there) > 1 or self._at is not None, case._history(cache))

    @contextmanager
    def _in_its_scope(self) -> Iterator[None]:
        """Have the time be that of the scope of the test, also inside a block that has another."""
        session = self._case._session
        scope = None if session is None else session.scope
        before = mark.get(), spawned_by.get()
        if scope is not None:
            mark.set(scope)
            spawned_by.set(None)
        try:
            yield
        finally:
            mark.set(before[0])
            spawned_by.set(before[1])
