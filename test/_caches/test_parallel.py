"""Tests at once, in threads and processes, and runners with their options: each test has its own counts."""

import contextlib
import io
import queue
import random
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches, Stats
from cachetest._caches.attribution import scope_of_caller

from ..support import make_library, run_case, sample_or_all, takes_a_while


@contextlib.contextmanager
def switch_interval(seconds):
    """Let threads take turns as often as that."""
    found = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(found)


def run_all(functions):
    """Run each function on a thread of its own, all at once; raise what the first of them raised."""
    raised = []
    begun = threading.Barrier(len(functions) + 1)

    def run(function):
        begun.wait()
        try:
            function()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    # CPython 3.11 may end a thread in which a trace function, as that of coverage, is set while another is.
    with switch_interval(0.005):
        for thread in threads:
            thread.start()
        begun.wait()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


class ContentionTests(unittest.TestCase):
    @parameterized.expand([("first",), ("second",), ("third",)])
    def test_sixteen_threads(self, _):
        """16 threads with up to 50,000 operations each on one cache, half of them gets: not one is lost."""
        threads, operations = 16, sample_or_all(5_000, of=50_000)
        with switch_interval(1e-6), PatchCaches() as patch:
            backend = MockBackend("c")
            start = threading.Barrier(threads)

            def work():
                start.wait()
                for n in range(operations // 2):
                    backend.put(n, n)
                    backend.get(n)

            run_all([work] * threads)
        total = threads * operations // 2
        self.assertEqual(patch.caches.c, Stats(total, total, 0))
        self.assertEqual(len(patch.caches.c.operations) + patch.caches.c.operations.dropped, 2 * total)

    def test_first_use(self):
        """Threads that use a new name at once make one cache of it."""
        for _ in range(50):
            with switch_interval(1e-6), PatchCaches() as patch:
                start = threading.Barrier(8)
                run_all([lambda start=start: (start.wait(), MockBackend("new").put("k", 1))] * 8)
            self.assertEqual(patch.caches.new, Stats(8, 0, 0))

    @takes_a_while
    def test_report_meanwhile(self):
        """A report, and what explains a miss, can be had while other threads put."""

        def report():
            for _ in range(sample_or_all(3, of=20)):
                patch.caches.report(io.StringIO())
                patch.caches.as_dict()
                patch.caches.c.get("absent")
                str(patch.caches.c.explain())

        with switch_interval(1e-6), PatchCaches() as patch:
            backend = MockBackend("c")
            run_all([lambda: [backend.put(n, n) for n in range(2000)]] * 2 + [report])

    def test_reset_meanwhile(self):
        """After a reset in the midst, counts are never more than what came, and then exact again."""
        with switch_interval(1e-6), PatchCaches() as patch:
            backend = MockBackend("c")
            several = lambda: [patch.caches.reset() for _ in range(50)]  # noqa: E731
            run_all([lambda: [backend.put(n, n) for n in range(2000)]] * 4 + [several])
            self.assertLessEqual(patch.caches.c.num_put, 8000)
            patch.caches.reset()
            run_all([lambda: [backend.put(n, n) for n in range(2000)]] * 4)
            self.assertEqual(patch.caches.c, Stats(8000, 0, 0))


def new_threads(work, times):
    run_all([lambda: [work() for _ in range(times // 4)]] * 4)


def pool_made_in_the_test(work, times):
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work) for _ in range(times)]:
            future.result()


def nested_thread(work, times):
    run_all([lambda: new_threads(work, times)])


WAYS = (new_threads, pool_made_in_the_test, nested_thread)


class TestsAtOnceTests(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        self.addCleanup(lambda: self.assertEqual(self.library.backend, "real"))

    def run_at_once(self, body, times=8):
        """Run as many tests at once, each on a worker of a pool, and return cases and results."""
        barrier = threading.Barrier(times)

        class Inner(CacheTestCase):
            patch_caches = (self.adapter,)
            number = None

            def test(self):
                barrier.wait()
                try:
                    body(self)
                finally:
                    barrier.wait()

        cases = [Inner("test") for _ in range(times)]
        for number, case in enumerate(cases):
            case.number = number
        with ThreadPoolExecutor(times) as pool:
            results = list(pool.map(run_case, cases))
        return cases, results

    def test_eight_with_workers(self):
        """8 tests at once, each with 1,000 operations on workers of its own: each counts its own."""

        def body(case):
            way = WAYS[case.number % len(WAYS)]
            way(lambda: self.library.backend.put(case.number, 1), 1000 + 4 * case.number)

        with switch_interval(1e-6):
            cases, results = self.run_at_once(body)
        for case, result in zip(cases, results, strict=True):
            self.assertTrue(result.wasSuccessful(), result.failures + result.errors)
            self.assertEqual(case.caches.lib, Stats(1000 + 4 * case.number, 0, 0))
            self.assertEqual(case.caches.lib.cache, {case.number: 1})

    def test_suite_on_threads_of_a_test(self):
        """Tests that a test itself runs on a pool are tests of their own, not part of it."""

        class Outer(CacheTestCase):
            patch_caches = (self.adapter,)

            def test(case):
                self.cases, self.results = self.run_at_once(lambda inner: self.put(inner.number), 2)
                self.put("outer")
                case.assertCacheStats("lib", puts=1)

        result = run_case(Outer("test"))
        for each in (result, *self.results):
            self.assertTrue(each.wasSuccessful(), each.failures + each.errors)
        self.assertEqual([case.caches.lib for case in self.cases], [Stats(1, 0, 0)] * 2)

    def put(self, key):
        self.library.backend.put(key, 1)

    def test_pool_from_before(self):
        """A pool that existed before, shared by all of them, works for whoever submits."""
        with ThreadPoolExecutor(2) as shared:
            list(shared.map(int, range(10)))

            def body(case):
                for future in [shared.submit(self.library.backend.put, n, 1) for n in range(500)]:
                    future.result()

            cases, results = self.run_at_once(body)
        for case, result in zip(cases, results, strict=True):
            self.assertTrue(result.wasSuccessful(), result.failures + result.errors)
            self.assertEqual(case.caches.lib, Stats(500, 0, 0))

    def test_pool_that_can_not_tell(self):
        """Workers from before that are fed through a queue can't tell: reported by each test, none lost."""
        jobs = queue.SimpleQueue()

        def worker():
            while (job := jobs.get()) is not None:
                key, done = job
                self.library.backend.put(key, 1)
                done.set()

        workers = [threading.Thread(target=worker) for _ in range(2)]
        for thread in workers:
            thread.start()

        def body(case):
            events = [threading.Event() for _ in range(5)]
            for n, done in enumerate(events):
                jobs.put(((case.number, n), done))
            for done in events:
                done.wait()
            case.assertCacheUnused()

        try:
            _, results = self.run_at_once(body, times=2)
        finally:
            for _ in workers:
                jobs.put(None)
            for thread in workers:
                thread.join()
        for result in results:
            ((_, text),) = result.failures
            for number in range(2):
                for n in range(5):
                    self.assertIn(f"unattributed: put on 'lib', key ({number}, {n}), by thread", text)

    def test_closing_in_any_order(self):
        """Tests that end in any order leave nothing, and the last to end restores."""
        for seed in range(20):
            order = list(range(5))
            random.Random(seed).shuffle(order)
            turns = [threading.Event() for _ in order]
            entered = threading.Barrier(len(order) + 1)

            def work(turn, entered=entered):
                with PatchCaches(self.adapter, enable=["library_cache"]) as patch:
                    entered.wait()
                    turn.wait()
                    self.library.backend.put("k", 1)
                self.assertEqual(patch.caches.lib, Stats(1, 0, 0))

            threads = [threading.Thread(target=work, args=(turn,)) for turn in turns]
            for thread in threads:
                thread.start()
            entered.wait()
            for place, n in enumerate(order):
                self.assertEqual(type(self.library.backend), MockBackend, place)
                turns[n].set()
                threads[n].join()
            self.assertEqual(self.library.backend, "real")
            self.assertNotIn("flag", vars(self.library))
        self.assertIsNone(scope_of_caller())


if __name__ == "__main__":
    unittest.main()
