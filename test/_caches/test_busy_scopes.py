"""One scope after the other, with busy threads from before: none fails, and nothing is lost or misplaced."""

import contextvars
import itertools
import sys
import threading
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

from cachetest import MockBackend, PatchCaches
from cachetest._caches.scope import Scope
from cachetest._recording.uncounted import take_uncounted
from cachetest.errors import LateOperationWarning

from ..support import EXHAUSTIVE

SCOPES = 200 if EXHAUSTIVE else 2
THREADS = 16 if EXHAUSTIVE else 4


class Job:
    """What one thread does, over and over, with a key of its own each time, and which scope it was in."""

    def __init__(self, test, name, call):
        self.test = test
        self.name = name
        self.call = call
        self.done = []
        self.errors = []

    def run(self):
        for n in itertools.count():
            if self.test.stopped:
                return
            key = f"{self.name}:{n}"
            before = self.test.running
            try:
                self.call(key)
            except Exception as error:
                self.errors.append(error)
            if before is not None and self.test.running == before:
                self.done.append((before, key))


class BusyScopesTests(unittest.TestCase):
    """`running` is the number of the scope that is open for certain, if one is."""

    running = None
    stopped = False

    def test_handed_over_by_a_thread_from_before(self):
        """Work of a thread from before, done after a scope has ended, is not late for that."""
        go, done = threading.Event(), threading.Event()
        prices = MockBackend("prices")
        with ThreadPoolExecutor(1) as executor:
            with PatchCaches() as patch:
                # In a context without a mark, as a thread from before has.
                contextvars.Context().run(executor.submit, lambda: (go.wait(10), prices.get("a"), done.set()))
            with PatchCaches() as again:
                go.set()
                done.wait(10)
        self.assertNotIn("a", [each.key for each in patch.caches.prices.operations])
        self.assertEqual(again.caches.prices.counts(), (0, 0, 1))

    def test_busy_threads(self):
        """Half of them do the operations themselves, the others hand them to pools that are older too."""
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-5)
        prices = MockBackend("prices")
        executor, pool = ThreadPoolExecutor(4), ThreadPool(4)
        self.addCleanup(pool.join)
        self.addCleanup(pool.terminate)
        self.addCleanup(executor.shutdown)
        # Their workers are older than any scope.
        executor.submit(int).result()
        pool.apply(int)
        ways = (
            prices.get,
            lambda key: executor.submit(prices.get, key).result(),
            prices.get,
            lambda key: pool.apply(prices.get, (key,)),
        )
        jobs = [Job(self, n, ways[n % len(ways)]) for n in range(THREADS)]
        threads = [threading.Thread(target=job.run, daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        counted = []
        try:
            with warnings.catch_warnings():
                # Between two scopes there is none, and what is done then is told of.
                warnings.simplefilter("ignore", LateOperationWarning)
                for n in range(SCOPES):
                    with PatchCaches(log_length=1_000_000) as patch:
                        self.running = n
                        done = len(jobs[0].done), len(jobs[1].done), len(jobs[3].done)
                        while any(len(jobs[m].done) < d + 1 for m, d in zip((0, 1, 3), done, strict=True)):
                            threads[0].join(0.0005)
                        self.running = None
                    counted.append([each.key for each in patch.caches.prices.operations])
        finally:
            self.stopped = True
            for thread in threads:
                thread.join()
        # So that the process does not tell of those of the very end.
        take_uncounted(Scope("nobody"))
        self.assertEqual([error for job in jobs for error in job.errors], [])
        everything = [key for keys in counted for key in keys]
        self.assertEqual(len(everything), len({*everything}), "an operation was counted twice")
        found = [{*keys} for keys in counted]
        lost = [(n, key) for job in jobs for n, key in job.done if key not in found[n]]
        self.assertEqual(lost, [])
        self.assertGreaterEqual(sum(len(job.done) for job in jobs), 3 * SCOPES)


if __name__ == "__main__":
    unittest.main()
