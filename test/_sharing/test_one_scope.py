"""One scope for every process: the guarantees of the page on processes, for each way to make a child."""

import multiprocessing
import os
import subprocess
import sys
import unittest
from concurrent.futures import ProcessPoolExecutor

from parameterized import parameterized

from cachetest import CacheTestCase, Fails, MockBackend

from ..support import ROOT
from .children_support import EVERY_START_METHOD, SECONDS, START_METHODS, needs_fork, run_by, run_forked

prices = MockBackend("prices")
EACH = 50


def use(number):
    """Miss, put and hit a key of one's own, many times, and hit the one of the parent."""
    for n in range(EACH):
        key = f"{number}:{n}"
        prices.get(key)
        prices.put(key, n)
        prices.get(key)
    prices.get("of the parent")
    return os.getpid()


def look_up(key):
    return prices.get(key)


def put(key, value):
    prices.put(key, value)


def try_to_look_up(key):
    try:
        return prices.get(key)
    except OSError as error:
        return type(error).__name__


def use_in_thread(number):
    """Do the same on a thread of the child."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1, thread_name_prefix="worker") as pool:
        return pool.submit(use, number).result()


class OneScopeTests(CacheTestCase):
    patch_caches = ()

    def check(self, children, each=EACH):
        """Fail unless each of *children* has done what `use` does."""
        total = len(children) * each
        self.assertCacheStats("prices", puts=total + 1, misses=total, hits=total + len(children))
        for child in children:
            self.assertCacheStats("prices", puts=each, misses=each, hits=each + 1, process=child)
        self.assertCacheOperations("prices", ["put of the parent"], process="MainProcess")

    @parameterized.expand(EVERY_START_METHOD)
    def test_exact(self, method):
        """What several children do at once is counted once, each with its process."""
        prices.put("of the parent", 1)
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            found = [pool.submit(use, number) for number in range(4)]
            processes = [each.result(SECONDS) for each in found]
        self.assertCacheStats("prices", puts=4 * EACH + 1, misses=4 * EACH, hits=4 * (EACH + 1))
        for process in set(processes):
            count = processes.count(process) * EACH
            self.assertCacheStats("prices", puts=count, misses=count, process=process)

    def test_program(self):
        """So is what a program does that was started."""
        prices.put("of the parent", 1)
        script = "from test._sharing.test_one_scope import use; use(1)"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        started = subprocess.Popen([sys.executable, "-c", script], env=environment, cwd=ROOT)
        self.assertEqual(started.wait(SECONDS), 0)
        self.check([started.pid])

    @needs_fork
    def test_thread_and_line(self):
        """An operation has the thread and the line of the child."""
        prices.put("of the parent", 1)
        process = run_forked(use_in_thread, 1)
        self.check([process])
        operation = self.caches.prices.operations[1]
        self.assertEqual((operation.thread, operation.process), ("worker_0", process))
        self.assertEqual((operation.where.filename, operation.where.function), (__file__, "use"))

    @parameterized.expand(START_METHODS)
    def test_shared(self, method):
        """A child finds what its parent has put, and the parent what a child has put."""
        prices.put("lamp", 4.0)
        self.assertEqual(run_by(method, look_up, "lamp"), 4.0)
        run_by(method, put, "table", 9.0)
        self.assertEqual(prices.get("table"), 9.0)

    @parameterized.expand(START_METHODS)
    def test_faults(self, method):
        """A fault strikes whichever process comes first, as often as it is to."""
        with self.caches.prices.inject(Fails(OSError), on="get", times=1) as injected:
            self.assertEqual(run_by(method, try_to_look_up, "lamp"), "OSError")
            self.assertIsNone(prices.get("lamp"))
        self.assertIsNotNone(injected.struck[0].process_name)

    @parameterized.expand(START_METHODS)
    def test_clock(self, method):
        """The clock of the test is that of its children."""
        prices.put("lamp", 4.0, ttl=3600)
        self.caches.clock.advance(30)
        self.assertEqual(run_by(method, look_up, "lamp"), 4.0)
        self.caches.clock.advance(3600)
        self.assertIsNone(run_by(method, look_up, "lamp"))

    @parameterized.expand(START_METHODS)
    def test_state(self, method):
        """So are states: what is off is off for a child."""
        with self.caches.in_state("off"):
            run_by(method, put, "table", 9.0)
            self.assertIsNone(run_by(method, look_up, "table"))
        run_by(method, put, "table", 9.0)
        self.assertEqual(run_by(method, look_up, "table"), 9.0)


if __name__ == "__main__":
    unittest.main()
