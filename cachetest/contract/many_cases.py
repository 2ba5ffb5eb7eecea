"""The cases about many callers at once: one load, and orders of turns."""

from __future__ import annotations

import threading
import unittest
from typing import TYPE_CHECKING, Any

from .._behaving.callers import why_no_threads
from .._behaving.gate import MISSING
from .base import ContractBase, case

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ManyCases"]


class ManyCases(ContractBase):
    """The cases about many callers at once."""

    def _check_case(self, function: Callable[[Any], None]) -> None:
        """Have *function* called with a test case that has the adapter of the subject."""
        if why := why_no_threads():
            raise unittest.SkipTest(why)
        # Loaded here: the test case is above what adapters are made of.
        from ..case import CacheTestCase

        def run_case(case: Any) -> None:
            function(case)

        made: Any = type(
            "Case", (CacheTestCase,), {"runTest": run_case, "patch_caches": (self.subject.adapter,)}
        )
        result = unittest.TestResult()
        made().run(result)
        for _, text in (*result.errors, *result.failures):
            raise AssertionError(text)

    @case
    def test_single_flight(self) -> None:
        """Callers at once that each put what they missed fail; those that look again under a lock pass."""
        name, lock = self.subject.caches[0], threading.Lock()

        def load(client: Any) -> Any:
            found = self.subject.get(client, "a")
            if found is MISSING:
                self.subject.put(client, "a", "first")
                found = "first"
            return found

        def unguarded() -> Any:
            return load(self.subject.open(name))

        def guarded() -> Any:
            client = self.subject.open(name)
            with lock:
                return load(client)

        def check(case: Any) -> None:
            results = case.assertCacheSingleFlight(name, guarded, callers=3)
            self.assertEqual(results, ["first"] * 3)
            case.caches.reset()
            with self.assertRaisesRegex(AssertionError, " 3 times, where loads=1"):
                case.assertCacheSingleFlight(name, unguarded, callers=3)

        self._check_case(check)

    @case
    def test_atomic(self) -> None:
        """A value that is read, changed and put loses updates; under a lock it does not."""
        name, lock = self.subject.caches[0], threading.Lock()

        def visit() -> str:
            client = self.subject.open(name)
            found = self.subject.get(client, "a")
            visits = "1" if found is MISSING else f"1{found}"
            self.subject.put(client, "a", visits)
            return visits

        def locked() -> str:
            with lock:
                return visit()

        def check(case: Any) -> None:
            case.assertCacheAtomic(name, locked)
            with self.assertRaisesRegex(
                AssertionError, "come to what they never come to one after the other"
            ):
                case.assertCacheAtomic(name, visit)

        self._check_case(check)
