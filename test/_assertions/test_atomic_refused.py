"""What can't be given to `assertCacheAtomic`, and what would have tested nothing."""

import threading
import unittest

from parameterized import parameterized

from cachetest import MockBackend
from cachetest.adapters import Functools
from cachetest.errors import UnknownCacheError

from ..adapters.functools_support import squares
from .visits import AtomicCase, Visits


class RefusedTests(AtomicCase):
    @parameterized.expand(
        [
            ({"callers": 1}, ValueError, "callers must be how many call at once, 2 or more, not 1"),
            (
                {"callers": 6},
                ValueError,
                "callers must be 5 at most, not 6: of more there are too many orders",
            ),
            ({"most": 0}, ValueError, "most must be how many orders are tried at most, 1 or more, not 0"),
            ({"order": "abc"}, ValueError, "order must be of 'a', 'b' for 2 callers, not 'abc'"),
            ({"order": ""}, ValueError, "order must be of 'a', 'b' for 2 callers, not ''"),
            ({"order": ["a"]}, TypeError, r"order must be letters, .* such as 'abba', not \['a'\]"),
            ({"load": len}, TypeError, "load must be a function of Python"),
        ]
    )
    def test_wrong_arguments(self, given, error, text):
        visits = Visits()
        with self.assertRaisesRegex(error, text):
            self.assertCacheAtomic("visits", visits.visit, **given)

    def test_wrong_cache(self):
        visits = Visits()
        with self.assertRaisesRegex(UnknownCacheError, "no cache 'visit' here.*visits"):
            self.assertCacheAtomic("visit", visits.visit)
        with self.assertRaisesRegex(TypeError, "function must be a function, not 1"):
            self.assertCacheAtomic("visits", visits.visit())

    def test_nothing_asked(self):
        visits = Visits()
        MockBackend("rates")
        with self.fails(r"^visit\(\) has asked the cache 'rates' for nothing, .*; used were 'visits'$"):
            self.assertCacheAtomic("rates", visits.visit)
        with self.fails(r"^the function has asked the cache 'rates' for nothing, so nothing was tested$"):
            self.assertCacheAtomic("rates", lambda: 1)

    def test_another_each_time(self):
        visits, numbers = Visits(), iter(range(1000))
        with self.fails(
            r"(?s)^the function is not the same each time, .*a gets 0, b gets 1\n.*a gets 2, b gets 3"
        ):
            self.assertCacheAtomic("visits", lambda: (visits.visit(), next(numbers))[1])

    def test_no_serial_order(self):
        """Callers that need each other have no order one after the other."""
        cache = MockBackend("visits")

        barrier = threading.Barrier(2)
        self.addCleanup(barrier.abort)

        def needs_another():
            cache.get("n")
            barrier.wait(60)

        with self.fails(r"^a caller of needs_another\(\) does not come to its end before another begins"):
            self.assertCacheAtomic("visits", needs_another)

    @parameterized.expand([(ValueError,), (unittest.SkipTest,), (AssertionError,), (KeyboardInterrupt,)])
    def test_raises(self, error):
        """What a caller raises by itself is raised."""
        cache = MockBackend("visits")

        def raises():
            cache.get("n")
            raise error("mine")

        with self.assertRaisesRegex(error, "^mine$"):
            self.assertCacheAtomic("visits", raises)

    def test_raises_at_once_only(self):
        """What is raised in some orders alone is told."""
        cache = MockBackend("visits")

        def raises():
            name = threading.current_thread().name
            cache.put("n", name)
            if cache.get("n") != name:
                raise ValueError("changed")

        with self.fails(r"at once: .*; a raises ValueError\('changed'\), b gets None\n"):
            self.assertCacheAtomic("visits", raises)


square = squares()


class FunctoolsTests(AtomicCase):
    patch_caches = (Functools(squares=square),)

    def test_refused(self):
        """No turns can be taken at the calls of a memoised function."""
        with self.assertRaisesRegex(ValueError, "the operations of cache 'squares' can't be known: "):
            self.assertCacheAtomic("squares", lambda: square(3))


if __name__ == "__main__":
    unittest.main()
