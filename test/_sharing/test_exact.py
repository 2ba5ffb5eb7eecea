"""Whatever children do at once, each operation is counted once: for every way to start one, and if killed."""

import multiprocessing
import os
import random
import signal
import threading
import time
import unittest
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import count

from parameterized import parameterized

from cachetest import LateOperationWarning, MockBackend, PatchCaches
from cachetest._sharing import server

from ..support import sample_or_all, takes_a_while
from .children_support import (
    ANEW,
    SECONDS,
    START_METHODS,
    WithoutOthersCase,
    counted_in,
    failure_of,
    needs_fork,
    outcome_of,
    put_and_get,
    run_by,
    run_forked,
)
from .test_new_processes import start_pool

OPERATIONS = sample_or_all(500, 5_000)
PUTS = sample_or_all(125, 1_250)
WORKERS = 4


def use_at_random(seed, operations=OPERATIONS):
    """Use a cache at random; return how often each thing came of it, and this process."""
    chosen, prices = random.Random(repr(seed)), MockBackend("prices")
    counts = [0, 0, 0]
    for n in range(operations):
        key = chosen.randrange(100)
        if chosen.random() < 0.3:
            prices.put(key, n)
            counts[0] += 1
        else:
            counts[2 if prices.get(key) is None else 1] += 1
    return *counts, os.getpid()


class PoolTests(unittest.TestCase):
    def check(self, pool, ends):
        with PatchCaches(log_length=100_000) as patched:
            jobs = [pool.submit(use_at_random, seed) for seed in range(WORKERS)]
            for n in range(PUTS):
                MockBackend("prices").put(("own", n), n)
            results = [each.result(SECONDS) for each in jobs]
            if ends:
                pool.shutdown()
            prices = patched.caches.prices
            puts, hits, misses = (sum(each[n] for each in results) for n in range(3))
            self.assertEqual(prices.counts(), (puts + PUTS, hits, misses))
            found = Counter(each.process for each in prices.operations)
            expected = Counter({os.getpid(): PUTS})
            for *_, process in results:
                expected[process] += OPERATIONS
            self.assertEqual(found, expected)
            total = OPERATIONS * WORKERS + PUTS
            self.assertEqual([each.number for each in prices.operations], list(range(1, total + 1)))

    @parameterized.expand(START_METHODS)
    def test_pool_of_the_test(self, method):
        """Workers of a pool beside their parent."""
        self.check(ProcessPoolExecutor(WORKERS, multiprocessing.get_context(method)), True)

    @parameterized.expand(START_METHODS)
    def test_pool_from_before(self, method):
        """Workers that are older than the test, in two tests one after the other."""
        with start_pool(method) as pool:
            for _ in range(2):
                self.check(pool, False)


@needs_fork
class ManyTestsTests(unittest.TestCase):
    def test_tests_at_once(self):
        """Tests on threads at once, each with two spawned children and a forked one: each counts its own."""
        tests = 8
        seen = {}

        def test(n):
            def body(_):
                for k in range(n):
                    MockBackend("prices").put(("own", k), k)
                own = [run_by(ANEW, use_at_random, (n, k), 50) for k in range(2)]
                return [*own, run_forked(use_at_random, (n, 2), 50)]

            seen[n] = outcome_of(counted_in, body)

        threads = [threading.Thread(target=test, args=(n,)) for n in range(tests)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            for each in threads:
                each.start()
            for each in threads:
                each.join(SECONDS)
        for n in range(tests):
            self.assertNotIsInstance(seen[n], str, seen[n])
            told, counts, operations = seen[n]
            self.assertEqual(len({each[3] for each in told}), 3)
            sums = tuple(sum(each[k] for each in told) for k in range(3))
            self.assertEqual(counts, (sums[0] + n, *sums[1:]))
            self.assertEqual(
                {each.process for each in operations} - {os.getpid()}, {each[3] for each in told}
            )

    @takes_a_while
    def test_forks_while_scopes_open_and_close(self):
        """No child hangs, whatever other threads were doing as it was forked, and each is counted."""
        stop = threading.Event()

        def churn():
            while not stop.is_set():
                with PatchCaches():
                    MockBackend("a").put(1, 1)

        rounds = sample_or_all(10, 50)
        threads = [threading.Thread(target=churn) for _ in range(8)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            for each in threads:
                each.start()
            try:
                told, counts, _ = counted_in(lambda _: [run_forked(put_and_get)[0] for _ in range(rounds)])
            finally:
                stop.set()
                for each in threads:
                    each.join(SECONDS)
        self.assertEqual((told, counts), ([4.0] * rounds, (rounds, rounds, 0)))

    def test_child_of_several(self):
        """What a child does of which nobody knows whose it is fails each test that it may be of."""
        is_open, release = threading.Event(), threading.Event()
        failures = []

        def other():
            failures.append(failure_of(lambda _: (is_open.set(), release.wait(SECONDS)))[1])

        def fork():
            # A thread from before the tests belongs to nobody.
            is_open.wait(SECONDS)
            ready.wait(SECONDS)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                run_forked(put_and_get)
            done.set()

        ready, done = threading.Event(), threading.Event()
        threads = [threading.Thread(target=each) for each in (fork, other)]
        for each in threads:
            each.start()
        is_open.wait(SECONDS)
        _, own = failure_of(lambda _: (ready.set(), done.wait(SECONDS)))
        release.set()
        for each in threads:
            each.join(SECONDS)
        for failure in (own, *failures):
            self.assertIn("in put_and_get", failure)
            self.assertIn("unattributed", failure)


@needs_fork
class KillTests(WithoutOthersCase):
    def test_killed_at_random(self):
        """Of children that are killed at random moments all that had returned is counted, and that once."""
        chosen = random.Random(18)

        def body(_):
            told = []
            for n in range(sample_or_all(10, 100)):
                reading, writing = os.pipe()
                if (child := os.fork()) == 0:
                    try:
                        signal.alarm(SECONDS)
                        for k in count():
                            MockBackend("prices").put((n, k), k)
                            os.write(writing, b"x")
                    finally:
                        os._exit(1)
                os.close(writing)
                time.sleep(chosen.random() / 50)
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                with open(reading, "rb") as file:
                    told.append(len(file.read()))
            return told

        with warnings.catch_warnings(), PatchCaches(log_length=1_000_000) as patched:
            # Nor is anything late: what a child had asked for is done while its test still waits for it.
            warnings.simplefilter("error", LateOperationWarning)
            told = body(None)
            found = Counter(each.key for each in patched.caches.prices.operations)
        self.assertEqual(set(found.values()) - {1}, set(), "something was counted twice")
        by_child = Counter(key[0] for key in found)
        for n, returned in enumerate(told):
            # What it had asked for as it was killed may have been done.
            self.assertIn(by_child[n] - returned, (0, 1))
        self.assertIsNone(server._server)


if __name__ == "__main__":
    unittest.main()
