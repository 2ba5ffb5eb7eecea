"""The names of processes, as children have them, and assertions that look at one of them."""

import multiprocessing
import os
import subprocess
import sys
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend

from ..support import ROOT
from .children_support import SECONDS, needs_fork

prices = MockBackend("prices")


def look_up():
    prices.get("lamp")


def nothing():
    """Do nothing at all."""


@needs_fork
class NamingTests(CacheTestCase):
    patch_caches = ()

    def run_child(self, target, name=None):
        child = multiprocessing.get_context("fork").Process(target=target, name=name)
        child.start()
        child.join(SECONDS)
        self.assertEqual(child.exitcode, 0)
        return child

    def names(self):
        return [each.process_name for each in self.caches.prices.operations]

    @parameterized.expand(
        [("given", "loader", "loader"), ("rank", "process 3", "rank 3"), ("almost", "process x", "process x")]
    )
    def test_multiprocessing(self, _, name, expected):
        """A child goes by the name that it was given; torch's tests give those of ranks."""
        child = self.run_child(look_up, name)
        self.assertEqual(self.names(), [expected])
        self.assertCacheStats("prices", misses=1, process=expected)
        self.assertCacheStats("prices", misses=1, process=child.pid)

    def test_default(self):
        """Without one it has that of multiprocessing."""
        child = self.run_child(look_up)
        self.assertEqual(self.names(), [child.name])
        self.assertRegex(child.name, r"^ForkProcess-\d+(:\d+)*$")

    def test_forked_by_hand(self):
        """A child that nobody has named goes by its id."""
        if not (process := os.fork()):
            try:
                look_up()
            finally:
                os._exit(0)
        os.waitpid(process, 0)
        self.assertEqual(self.names(), [f"process {process}"])
        self.assertCacheUnused(process="MainProcess")

    def test_one_that_did_nothing(self):
        """A child that has used no cache is known, and by its name while the program holds it."""
        look_up()
        child = self.run_child(nothing, "idle")
        self.assertCacheUnused(process="idle")
        self.assertCacheUnused(process=child.pid)
        self.assertCacheStats("prices", misses=0, process="idle")
        self.assertCacheOperations("prices", [], process=child.pid)
        with self.assertRaisesRegex(ValueError, "the closest is 'idle'"):
            self.assertCacheUnused(process="idel")

    def test_assertion_in_a_child(self):
        """A child may look at the operations of itself, and of the test's own process."""
        look_up()

        def work():
            prices.put("lamp", 4.0)
            self.assertCacheStats("prices", puts=1, misses=0, process=os.getpid())
            self.assertCacheStats("prices", puts=1, misses=0, process="worker")
            self.assertCacheOperations("prices", ["miss lamp"], process="MainProcess")
            self.assertCacheOperations("prices", ["miss lamp"], process=os.getppid())
            with self.assertRaisesRegex(
                AssertionError, "(?s)1. miss .*, by MainProcess\n.*2. put .*, by worker$"
            ):
                self.assertCacheUnused("prices")

        self.run_child(work, "worker")


class StartedTests(CacheTestCase):
    patch_caches = ()

    @parameterized.expand(
        [
            ("rank", {"RANK": "1", "WORLD_SIZE": "2"}, "rank 1"),
            ("no_size", {"RANK": "1"}, None),
            ("no_number", {"RANK": "one", "WORLD_SIZE": "2"}, None),
        ]
    )
    def test_rank(self, _, environment, expected):
        """A program that is started as a rank, as torchrun does, is that rank; others go by their ids."""
        script = "from cachetest import MockBackend; MockBackend('prices').get('lamp')"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        started = subprocess.Popen([sys.executable, "-c", script], env=environment)
        self.assertEqual(started.wait(SECONDS), 0)
        expected = expected or f"process {started.pid}"
        self.assertEqual([each.process_name for each in self.caches.prices.operations], [expected])
        self.assertCacheStats("prices", misses=1, process=1 if expected == "rank 1" else started.pid)


if __name__ == "__main__":
    unittest.main()
