"""The cases about faults: what a program meets when one strikes, and what is left afterwards."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from .._behaving.gate import MISSING
from ..faults import Damaged, Dropped, Fails, Gone, LosesReply, Slow, Stale, TooLarge
from .base import ContractBase, case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._caches.cache import MockCache
    from ..faults import Fault

__all__ = ["FaultCases"]


class _DownError(OSError):
    """What a cache raises that can't be unreachable by itself."""


class FaultCases(ContractBase):
    """The cases about faults."""

    @contextmanager
    def _warm(self) -> Iterator[tuple[MockCache, Any]]:
        """Give a cache that has one entry, ``"a"`` with the value ``"first"``, and what a program holds."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
            yield patch.caches[name], cache

    def _check_struck(self, struck: Any, fault: Fault, *kinds: str) -> None:
        self.assertEqual([each.kind for each in struck], list(kinds), "the operations that were struck")
        self.assertEqual({each.fault for each in struck}, {fault}, "what struck them")

    def _failing(self, mock: MockCache, kind: type[Fails] | type[LosesReply]) -> Fails | LosesReply:
        own = kind()
        return kind(_DownError) if mock.carrier.why_impossible(mock, own) else own

    @case
    def test_fault_fails(self) -> None:
        """`Fails`: a lookup raises, and is a failure, neither a hit nor a miss; what was there stays."""
        with self._warm() as (mock, cache):
            fault = self._failing(mock, Fails)
            with mock.inject(fault, on="get") as injected:
                self.assertIsInstance(self._found(cache), Exception, "what a lookup has come to")
            self._check_struck(injected.struck, fault, "failure")
            self.check(mock, puts=1)
            self.check_get(cache, "a", "first")

    @case
    def test_fault_loses_reply(self) -> None:
        """`LosesReply`: a put is done, whatever the program learns of it."""
        with self._warm() as (mock, cache):
            with mock.inject(self._failing(mock, LosesReply), on="put") as injected, suppress(Exception):
                self.subject.put(cache, "b", "second")
            self.assertNotEqual(injected.struck, [])
            self.check_get(cache, "b", "second")

    @case
    def test_fault_slow(self) -> None:
        """`Slow`: a lookup is done, and the clock of the scope is later."""
        with self._warm() as (mock, cache):
            clock = mock._of_scope().clock
            before = clock.offset
            with mock.inject(Slow(0.01), on="get") as injected:
                self.check_get(cache, "a", "first")
            self._check_struck(injected.struck, Slow(0.01), "hit")
            self.assertAlmostEqual(clock.offset - before, 0.01)

    @case
    def test_fault_damaged(self) -> None:
        """`Damaged`: what is stored is damaged until it is overwritten."""
        with self._warm() as (mock, cache):
            with mock.inject(Damaged(), on="get"):
                self.assertNotEqual(self._found(cache), "first", "what a lookup has found")
            self.assertNotEqual(self._found(cache), "first", "what a lookup has found afterwards")
            self.subject.put(cache, "a", "first")
            self.check_get(cache, "a", "first")

    def _found(self, cache: Any) -> object:
        try:
            return self.subject.get(cache, "a")
        except Exception as error:
            return error

    @case
    def test_fault_gone(self) -> None:
        """`Gone`: the entry is evicted before a lookup, which misses; the eviction is logged."""
        with self._warm() as (mock, cache):
            with mock.inject(Gone()) as injected:
                self.check_get(cache, "a", MISSING)
            self._check_struck(injected.struck, Gone(), "miss")
            self.check(mock, puts=1, misses=1)
            self.check_kinds(mock, "put", "eviction", "miss")

    @case
    def test_fault_dropped(self) -> None:
        """`Dropped`: a put is counted, and what was there stays."""
        with self._warm() as (mock, cache):
            with mock.inject(Dropped()) as injected:
                self.subject.put(cache, "a", "second")
                self.subject.put(cache, "b", "second")
            self._check_struck(injected.struck, Dropped(), "put", "put")
            self.check_get(cache, "a", "first")
            self.check_get(cache, "b", MISSING)
            self.check(mock, puts=3, hits=1, misses=1)

    @case
    def test_fault_stale(self) -> None:
        """`Stale`: lookups see the entries as they were when the block began."""
        with self._warm() as (mock, cache):
            with mock.inject(Stale()) as injected:
                self.subject.put(cache, "a", "second")
                self.subject.put(cache, "b", "second")
                self.check_get(cache, "a", "first")
                self.check_get(cache, "b", MISSING)
            self._check_struck(injected.struck, Stale(), "hit", "miss")
            self.check_get(cache, "a", "second")
            self.check_get(cache, "b", "second")

    @case
    def test_fault_too_large(self) -> None:
        """`TooLarge`: a put of more is refused, and is not found."""
        with self._warm() as (mock, cache):
            with mock.inject(TooLarge(3)) as injected, suppress(Exception):
                self.subject.put(cache, "b", "a long text")
            self.assertNotEqual(injected.struck, [])
            self.check_get(cache, "b", MISSING)

    @case
    def test_evicted_by_hand(self) -> None:
        """``evict(key)`` takes the entry that a program calls *key*, and logs that; so does ``expire``."""
        for kind in ("eviction", "expiration"):
            with self._warm() as (mock, cache):
                (mock.evict if kind == "eviction" else mock.expire)("a")
                self.check_get(cache, "a", MISSING)
                self.check_kinds(mock, "put", kind, "miss")
