"""Callers at once, interrupted at the lines of what has them call, leave nothing held or patched."""

import sys
import threading
import unittest
import warnings

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend
from cachetest._caches import scope
from cachetest.errors import CacheTestWarning

from .._patching.steps import FIRST_STEP, Steps
from ..support import EXHAUSTIVE, run_method

# So many of the lines are interrupted at: with threads, they are other ones each time.
SAMPLE = 12


def single_flight(case, function, load):
    case.assertCacheSingleFlight("prices", function, callers=2, load=load, patience=1)


def atomic(case, function, load):
    with warnings.catch_warnings():
        # That there are more orders.
        warnings.simplefilter("ignore", CacheTestWarning)
        case.assertCacheAtomic("prices", function, load=load, most=2)


def tools():
    """Return the tools that have registered to see what is called, from Python 3.12 on."""
    monitoring = getattr(sys, "monitoring", None)
    return [] if monitoring is None else [monitoring.get_tool(each) for each in range(6)]


class InterruptTests(unittest.TestCase):
    @parameterized.expand([("single_flight", single_flight), ("atomic", atomic)])
    def test_each_line(self, _, asserts):
        """Nothing is in force after it, no caller runs any more, and the scope is the one that it was."""

        def body(case):
            cache, lock = MockBackend("prices"), threading.Lock()

            def load():
                return 4.0

            def price():
                with lock:
                    found = cache.get("lamp")
                    if found is None:
                        found = load()
                        cache.put("lamp", found)
                    return found

            def check():
                case.caches.reset()
                asserts(case, price, load)

            counted = Steps()
            counted.run(check)
            raised, before = [], tools()
            every = range(FIRST_STEP, counted.seen + 1)
            for n in every if EXHAUSTIVE else every[:: max(1, len(every) // SAMPLE)]:
                steps = Steps(n)
                steps.ended(steps.run, check)
                raised.append(steps.raised)
                case.assertEqual(case.caches._in_force, (), steps.where)
                if "patch_caches.py" in steps.where or "apart.py" in steps.where:
                    # As a scope is about to be closed: that is done again at the outermost place alone.
                    while len(scope._open) > 1:
                        scope.close_scope(scope._open[-1])
                case.assertEqual(len(scope._open), 1, steps.where)
                case.assertTrue(case._session.scope.is_innermost, steps.where)
                case.assertEqual(tools(), before, steps.where)
                for thread in threading.enumerate():
                    if thread.name.startswith("caller "):
                        thread.join(60)
                        case.assertFalse(thread.is_alive(), steps.where)
                # What was interrupted has not come to its end, as it would say.
                case.caches.end_all()
            case.assertIn(True, raised)

        _, result = run_method(CacheTestCase, body)
        self.assertEqual(result.errors + result.failures, [])


if __name__ == "__main__":
    unittest.main()
