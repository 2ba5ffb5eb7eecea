"""What a main script has compiled is found by those that import it."""

import pickle
import subprocess
import sys
import unittest
from pathlib import Path

import program

from cachetest import CacheTestCase

# What the job does after the program, in a process and a scope of its own; its entries are what the remote
# cache has then. The switch is off as it is in the test, since keys have the settings of torch in them.
JOB = """
import pickle, sys
from torch._inductor import config
from torch._inductor.utils import fresh_cache
from cachetest import PatchCaches

config.bundled_autotune_remote_cache = False
with fresh_cache(), PatchCaches("inductor", enable=("fx_graph_remote_cache",)) as patched:
    answer()
sys.stdout.buffer.write(pickle.dumps(dict(patched.caches.fx_graph.cache)))
"""


class WarmTests(CacheTestCase):
    patch_caches = ("inductor",)
    enable_caches = ("fx_graph_remote_cache",)

    def test_warm(self):
        """A server compiles nothing."""
        main = Path(program.__file__).read_text(encoding="utf-8") + JOB
        job = subprocess.run([sys.executable, "-c", main], capture_output=True, check=True)
        self.caches.fx_graph.cache.update(pickle.loads(job.stdout))
        with self.assertCacheDelta("fx_graph", hits=1, misses=0):
            program.answer()


if __name__ == "__main__":
    unittest.main()
