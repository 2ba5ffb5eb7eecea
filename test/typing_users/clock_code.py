"""A user's code that has what is about time, for type checkers to read: nothing in here is run."""

from __future__ import annotations

import unittest
from datetime import timedelta
from typing import TYPE_CHECKING

from typing_extensions import assert_type

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest.adapters import Adapter, Undo, clock_offset

if TYPE_CHECKING:
    from cachetest import MockCache


class TimedTests(CacheTestCase):
    def test_time(self) -> None:
        MockBackend("prices").put("lamp", 4.0, ttl=60)
        MockBackend("prices").put("chair", 4.0, timedelta(minutes=1))
        assert_type(self.assertCacheExpires("prices", "lamp", after=60, at=None, msg="gone"), None)
        assert_type(self.assertCacheTTL("prices", "lamp", None), None)
        self.assertCacheTTL(
            "prices", "lamp", timedelta(minutes=1), at="redis://localhost:6379/0", msg="lives"
        )
        assert_type(self.caches.clock.advance(60), None)
        self.caches.clock.advance(timedelta(minutes=1))
        assert_type(self.caches.clock.now() + self.caches.clock.offset, float)
        with PatchCaches() as patch:
            patch.caches.clock.reach(3600.0)


class TimedAdapter(Adapter):
    name = "timed"

    def install(self) -> Undo:
        return Undo(lambda undo: undo.set_attribute(unittest, "offset", clock_offset()))

    def resolution(self, cache: MockCache) -> float:
        return 1.0

    def why_timeless(self, cache: MockCache) -> str:
        return "" if cache.name == "timed" else "it keeps no time"
