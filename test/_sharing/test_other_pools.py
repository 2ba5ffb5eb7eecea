"""Pools and processes of libraries that have a multiprocessing of their own: loky, joblib and billiard."""

import importlib
import os
import unittest

from parameterized import parameterized

from cachetest import MockBackend

from ..support import needs
from .children_support import SECONDS, counted_in, needs_fork

JOBS = 4


def look_up(key):
    return MockBackend("prices").get(key), os.getpid()


def send_what_was_found(queue, key):
    queue.put(look_up(key))


class CountedCase(unittest.TestCase):
    def check(self, body):
        """Fail unless *body* has other processes look a key up, as often as it says by whom."""
        found, counts, operations = counted_in(lambda _: (MockBackend("prices").put("lamp", 4.0), body())[1])
        self.assertEqual([value for value, _ in found], [4.0] * len(found))
        self.assertEqual(counts, (1, len(found), 0))
        processes = [process for _, process in found]
        self.assertNotIn(os.getpid(), processes)
        self.assertEqual(sorted(each.process for each in operations[1:]), sorted(processes))


@needs("loky", "loky")
class LokyTests(CountedCase):
    def test_pool_of_the_test(self):
        def body():
            with importlib.import_module("loky").ProcessPoolExecutor(2) as pool:
                return list(pool.map(look_up, ["lamp"] * JOBS, timeout=SECONDS))

        self.check(body)

    def test_pool_from_before(self):
        """One that is older than the test, in two tests, and with a function that can't be imported."""
        with importlib.import_module("loky").ProcessPoolExecutor(1) as pool:
            pool.submit(os.getpid).result(SECONDS)
            for _ in range(2):
                self.check(lambda: [pool.submit(lambda: look_up("lamp")).result(SECONDS)])

    @needs("joblib", "joblib")
    def test_joblib(self):
        """It has a copy of loky."""
        joblib = importlib.import_module("joblib")
        for _ in range(2):
            calls = [joblib.delayed(look_up)("lamp") for _ in range(JOBS)]
            self.check(lambda calls=calls: joblib.Parallel(n_jobs=2, timeout=SECONDS)(calls))


@needs_fork
@needs("billiard", "billiard")
class BilliardTests(CountedCase):
    @parameterized.expand([("fork",), ("spawn",), ("forkserver",)])
    def test_process(self, method):
        def body():
            context = importlib.import_module("billiard").get_context(method)
            queue = context.SimpleQueue()
            process = context.Process(target=send_what_was_found, args=(queue, "lamp"))
            process.start()
            found = queue.get()
            process.join(SECONDS)
            return [found]

        self.check(body)

    @parameterized.expand([("fork",), ("spawn",)])
    def test_pool(self, method):
        def body():
            context = importlib.import_module("billiard").get_context(method)
            with context.Pool(2) as pool:
                found = pool.map(look_up, ["lamp"] * JOBS)
            pool.join()
            return found

        self.check(body)


if __name__ == "__main__":
    unittest.main()
