"""The cases about time: that entries expire by the clock of their scope, and by no other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from .._behaving.gate import MISSING
from .base import ContractBase, case

__all__ = ["ClockCases"]

_SECONDS = 60
# To wait for the other of two threads, where all goes well.
_PATIENCE = 60.0


class ClockCases(ContractBase):
    """The cases about time."""

    @case
    def test_clock(self) -> None:
        """An entry that lives a minute is there just before that is over by the clock, and gone after."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache, clock = self.subject.open(name), patch.caches.clock
            exact = self.subject.adapter.resolution(patch.caches[name])
            began = clock.now()
            self.subject.put_for(cache, "a", "first", _SECONDS)
            # A machine may be so busy that it takes longer than that from one line to the next.
            with clock.stopped(began + _SECONDS - exact):
                self.check_get(cache, "a", "first")
            clock.advance(_SECONDS + exact)
            self.check_get(cache, "a", MISSING)

    @case
    def test_clock_nested(self) -> None:
        """The clock of an inner scope begins at that of the outer, and does not move it."""
        name = self.subject.caches[0]
        with self.patched() as outer:
            cache = self.subject.open(name)
            self.subject.put_for(cache, "a", "first", _SECONDS)
            outer.caches.clock.advance(_SECONDS / 2)
            with self.patched() as inner:
                self.assertEqual(inner.caches.clock.offset, _SECONDS / 2)
                self.subject.put_for(cache, "b", "second", _SECONDS)
                self.check_get(cache, "b", "second")
                inner.caches.clock.advance(_SECONDS + 1)
                self.check_get(cache, "b", MISSING)
            self.check_get(cache, "a", "first")
            outer.caches.clock.advance(_SECONDS / 2 + 1)
            self.check_get(cache, "a", MISSING)

    @case
    def test_clock_parallel(self) -> None:
        """Of two scopes at once, in threads, each has a clock of its own."""
        barrier = threading.Barrier(2, timeout=_PATIENCE)

        def work(key: str, by: int, found: object) -> None:
            try:
                with self.patched() as patch:
                    cache = self.subject.open(self.subject.caches[0])
                    self.subject.put_for(cache, key, "first", _SECONDS)
                    barrier.wait()
                    patch.caches.clock.advance(by)
                    barrier.wait()
                    self.check_get(cache, key, found)
                    barrier.wait()
            except BaseException:
                barrier.abort()
                raise

        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(work, "a", 1, "first"), pool.submit(work, "b", _SECONDS + 1, MISSING)]
            errors = [each.exception() for each in done]
        # What broke the barrier is the failure, not that the other thread found it broken.
        errors.sort(key=lambda error: error is None or isinstance(error, threading.BrokenBarrierError))
        if errors[0] is not None:
            raise errors[0]
