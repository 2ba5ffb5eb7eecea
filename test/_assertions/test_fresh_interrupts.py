"""`assertCacheFresh`, interrupted at each of its lines, leaves no scope and no patch."""

import gc
import unittest
import warnings

from parameterized import parameterized

from cachetest import CacheTestCase
from cachetest._caches import scope

from .._patching.steps import FIRST_STEP, Reached, Steps
from .._patching.test_interrupts import InterruptCase
from ..support import EXHAUSTIVE, make_library, run_method
from .fresh_shop import Shop


class FreshInterruptTests(unittest.TestCase):
    @parameterized.expand([("called", False), ("awaited", True)])
    def test_each_line(self, _, is_awaited):
        """What was open before is open after it, and nothing else."""
        library, adapter = make_library()
        tried = Reached()

        def assert_fresh(case):
            shop = Shop(case)
            if not is_awaited:
                return case.assertCacheFresh(shop.read, after=shop.write)
            # No loop, so that there is nothing between it and the interrupt.
            steps = case.assertCacheFresh(shop.read_async, after=shop.write_async).__await__()
            return sum(1 for _ in steps)

        def body(case):
            state = InterruptCase.everything
            case.state = lambda: dict(vars(library))
            for _ in range(2):
                counted = Steps()
                counted.run(assert_fresh, case)
            numbers = range(FIRST_STEP, counted.seen + 1) if EXHAUSTIVE else counted.sample(self.id())
            for n in numbers:
                before = state(case)
                steps = Steps(n)
                steps.ended(steps.run, assert_fresh, case)
                case.assertEqual(state(case), before, steps.where)
                tried.add(steps)
                # What was interrupted has not come to its end, as it would say.
                case.caches.end_all()
            case.assertEqual(len(scope._open), 1)

        with warnings.catch_warnings():
            # Between the call that makes a coroutine and the line that keeps it, it is nobody's.
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            _, result = run_method(CacheTestCase, body, patch_caches=(adapter,))
            gc.collect()
        self.assertEqual(result.errors + result.failures, [])
        tried.check()


if __name__ == "__main__":
    unittest.main()
