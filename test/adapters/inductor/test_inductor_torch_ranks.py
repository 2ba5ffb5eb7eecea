"""Two ranks that compile, and what is told of them in their parent; torch is loaded in each."""

import re
import tempfile
import unittest
from pathlib import Path

from ...support import EXHAUSTIVE, needs_compiler, needs_torch, run_python

MODEL = """\
import sys, torch


def step(x):
    return x * 2 + 1


torch.compile(step)(torch.ones(int(sys.argv[1]), 32))
"""

PROGRAMS = """\
import os, subprocess, sys
from cachetest import CacheTestCase


class RankTests(CacheTestCase):
    patch_caches = ("inductor",)
    enable_caches = ("fx_graph_remote_cache",)

    def start(self, rank, size):
        environment = {**os.environ, "RANK": str(rank), "WORLD_SIZE": "2"}
        subprocess.run([sys.executable, "model.py", str(size)], env=environment, check=True)

    def test_warm(self):
        self.start(0, 32)
        self.start(1, 32)
        self.assertCacheStats("fx_graph", puts=1, hits=0, misses=1, process=0)
        self.assertCacheStats("fx_graph", puts=0, hits=1, misses=0, process=1)

    def test_cold(self):
        self.start(0, 32)
        self.start(1, 33)
        self.assertCacheStats("fx_graph", puts=1, hits=1, misses=1)
"""

RANKS = """\
from cachetest import CacheTestMixin, MockBackend
from torch.testing._internal.common_distributed import MultiProcessTestCase

prices = MockBackend("prices")


class RankTests(CacheTestMixin, MultiProcessTestCase):
    patch_caches = ()
    world_size = 2

    def setUp(self):
        super().setUp()
        self._spawn_processes()

    def test(self):
        prices.put(self.rank, 4.0)
        self.assertCacheStats("prices", puts=1, process=self.rank)

    def tearDown(self):
        super().tearDown()
        self.assertCacheOperations("prices", ["put 0", "put 1"], ordered=False)
        self.assertCacheOperations("prices", ["put 1"], process="rank 1")
"""

CONTINUOUS = """\
from cachetest import CacheTestMixin, MockBackend
from torch.testing._internal.common_distributed import MultiProcContinuousTest

prices, local = MockBackend("prices"), MockBackend("local", shared=False)


class RankTests(CacheTestMixin, MultiProcContinuousTest):
    patch_caches = ()
    world_size = 2
    patience = 0.1
    backend_str = classmethod(lambda cls: "gloo")
    device_type = classmethod(lambda cls: "cpu")

    def test_one(self):
        prices.put(self.rank, 4.0)
        # Where entries are of the process, none is left of the test before.
        self.assertIsNone(local.get("lamp"))
        local.put("lamp", 4.0)
        self.assertIsNotNone(local.get("lamp"))
        self.assertCacheStats("prices", puts=1, process=self.rank)
        self.assertCacheStats("local", puts=1, hits=1, misses=1, process=self.rank)

    test_two = test_one

    def test_while_others_do_nothing(self):
        if self.rank == 0:
            prices.put(0, 4.0)
            prices.put(1, 4.0)

    def tearDown(self):
        super().tearDown()
        self.assertCacheOperations("prices", ["put 0", "put 1"], ordered=False)
"""

THREADED = """\
from cachetest import CacheTestMixin, MockBackend
from torch.testing._internal.common_distributed import MultiThreadedTestCase

prices = MockBackend("prices")


class RankTests(CacheTestMixin, MultiThreadedTestCase):
    patch_caches = ()
    world_size = 4

    def setUp(self):
        super().setUp()
        self._spawn_threads()

    def test(self):
        prices.put(self.rank, 4.0)
        self.assertCached("prices", self.rank, 4.0)

    def tearDown(self):
        super().tearDown()
        self.assertCacheStats("prices", puts=4)
"""


def printed_of(**files):
    """Return what unittest prints in a folder that has these *files*."""
    with tempfile.TemporaryDirectory() as folder:
        for name, source in files.items():
            Path(folder, f"{name}.py").write_text(source, encoding="utf-8")
        return run_python("-m", "unittest", cwd=folder).stderr


@needs_torch
@unittest.skipUnless(EXHAUSTIVE, "takes long: CACHETEST_EXHAUSTIVE=1 runs it")
class RankTests(unittest.TestCase):
    @needs_compiler
    def test_programs(self):
        """What one program has compiled another finds; a miss says what differs, and from whose key."""
        printed = printed_of(model=MODEL, test_model=PROGRAMS)
        self.assertIn("FAILED (failures=1)", printed)
        self.assertIn("FAIL: test_cold", printed)
        told = re.compile(
            r"put by rank 0 at model\.py:8 in <module> \(operation 2\), missed by rank 1, differs in\n"
            r" +example_inputs\[0\] shape: \[32, 32\] -> \[33, 32\]\n"
        )
        self.assertRegex(printed, told)

    def test_multi_process_test_case(self):
        """The ranks of torch's own case are of the test that has started them, and go by their numbers."""
        printed = printed_of(test_ranks=RANKS)
        self.assertTrue(printed.endswith("\nOK\n"), printed)

    def test_multi_threaded_test_case(self):
        """Ranks that are threads are of the test that runs them."""
        printed = printed_of(test_ranks=THREADED)
        self.assertTrue(printed.endswith("\nOK\n"), printed)

    def test_multi_proc_continuous_test(self):
        """Ranks that do one test after the other are of each in its turn, and none is waited for."""
        printed = printed_of(test_ranks=CONTINUOUS)
        if "cannot import name 'MultiProcContinuousTest'" in printed:
            self.skipTest("this release of torch has no MultiProcContinuousTest")
        self.assertTrue(printed.endswith("\nOK\n"), printed)
        self.assertNotIn("late", printed)


if __name__ == "__main__":
    unittest.main()
