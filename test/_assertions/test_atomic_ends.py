"""Callers that come to no end, that fail by themselves, and that hold a lock for a part of the way."""

import asyncio
import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import AsyncCacheTestCase, MockBackend

from .visits import AtomicCase, Visits

MANY = 2_000


class EndTests(AtomicCase):
    def test_too_many_steps(self):
        """More steps than any program makes are told, and nobody is waited for."""
        cache = MockBackend("visits")

        def endless():
            for n in range(MANY):
                cache.get(n)

        with mock.patch("cachetest._behaving.turns.MOST_STEPS", 20):
            with self.fails(r"^callers of endless\(\) do not come to an end: they have made 20 steps\n"):
                self.assertCacheAtomic("visits", endless)

    @parameterized.expand([(AssertionError,), (unittest.SkipTest,)])
    def test_own_failure(self, error):
        """What fails in some orders alone, and is the test's own, is what the test ends with."""
        cache = MockBackend("visits")

        def checks():
            name = threading.current_thread().name
            cache.put("n", name)
            if cache.get("n") != name:
                raise error("mine")

        with self.assertRaisesRegex(error, "^mine$"):
            self.assertCacheAtomic("visits", checks)

    def test_lock_that_is_let_go(self):
        """Who has let a lock go waits, so that another may take it before it is taken again."""
        visits = Visits()

        def visit():
            with visits.lock:
                number = (visits.cache.get("n") or 0) + 1
            with visits.lock:
                visits.cache.put("n", number)
            return number

        with self.fails(r"'visits' has {'n': 1}; a gets 1, b gets 1\n"):
            self.assertCacheAtomic("visits", visit)


class AsyncEndTests(AsyncCacheTestCase):
    async def test_too_many_steps(self):
        cache = MockBackend("visits")

        async def endless():
            for n in range(MANY):
                cache.get(n)
                await asyncio.sleep(0)

        with mock.patch("cachetest._behaving.turns_of_tasks.MOST_STEPS", 20):
            with self.assertRaisesRegex(
                self.failureException, "do not come to an end: they have made 20 steps\n"
            ):
                await self.assertCacheAtomic("visits", endless)


if __name__ == "__main__":
    unittest.main()
