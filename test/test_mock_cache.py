"""The drop-in without torch; with real torch it is tested in `test_mock_cache_torch`."""

import tempfile
import unittest
from pathlib import Path

from cachetest.adapters.inductor.adapter import REMOTE_CACHES

from .adapters.inductor.torch_tree import write_tree
from .support import run_python


class MockCacheTests(unittest.TestCase):
    def test_without_torch(self):
        """Importing it without torch says what to install."""
        done = run_python("-c", "import sys; sys.modules['torch'] = None; import cachetest.mock_cache")
        self.assertRegex(
            done.stderr, r"MissingLibraryError: the adapter 'inductor' needs torch.*cachetest\[torch\]"
        )

    def test_names(self):
        """It has the names of the original, and all seven caches from the start."""
        with tempfile.TemporaryDirectory() as folder:
            write_tree(Path(folder), "2.13.0")
            done = run_python(
                "-c",
                f"import sys; sys.path.insert(0, {folder!r})\n"
                "from cachetest.mock_cache import MockBackend, PatchCaches, Stats, global_stats\n"
                "from torch._inductor.remote_cache import RemoteCacheBackend\n"
                "assert issubclass(MockBackend, RemoteCacheBackend)\n"
                "backend = MockBackend.with_name('triton')()\n"
                "with PatchCaches() as patch:\n"
                "    backend.put('k', 1)\n"
                "    assert global_stats.triton == Stats(1, 0, 0)\n"
                "    try: MockBackend(1)\n"
                "    except TypeError as error: print(error)\n"
                "print(*global_stats)",
            )
        expected = "a cache has a string for a name, not 1\n" + " ".join(REMOTE_CACHES)
        self.assertEqual(done.stdout.strip(), expected, done.stderr)


if __name__ == "__main__":
    unittest.main()
