"""Neither a runner nor a loop is the caller of what it runs by itself."""

import tempfile
import unittest
from pathlib import Path

from ..support import BY_PYTEST
from ..warm import run_runner


class RunnerTests(unittest.TestCase):
    TEST = """
import asyncio, sys, unittest
from cachetest import AsyncCacheTestCase, CacheTestCase, MockBackend, PatchCaches
backend = MockBackend("c")

def told(operations):
    for each in operations:
        print("\\ntold:", each.key, each.where.function, each.where.lineno, file=sys.stderr)

class Tests(CacheTestCase):
    def test_sync(self):  # line 10
        self.addCleanup(lambda: told(self.caches.c.operations))
        self.addCleanup(backend.get, "sync")
        with self.assertRaises(TypeError):
            backend.get([])
        self.assertRaises(TypeError, backend.get, [])

class AsyncTests(AsyncCacheTestCase):
    async def test_async(self):  # line 18
        self.addCleanup(lambda: told(self.caches.c.operations))
        async def close():
            return backend.get("not the runner's")
        self.addAsyncCleanup(asyncio.sleep, 0)
        self.addCleanup(backend.get, "async")
        self.addAsyncCleanup(close)

if __name__ == "__main__":
    unittest.main(argv=["x"])
"""

    TOLD = (
        "[] test_sync 14",
        "[] test_sync 15",
        "async test_async 18",
        "not the runner's close 21",
        "sync test_sync 10",
    )

    def test_runner_is_not_the_caller(self):
        """What a runner calls itself is told by the test; neither runner nor loop is the caller."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "test_it.py")
            path.write_text(self.TEST.lstrip(), encoding="utf-8")
            for arguments in (
                [str(path)],
                ["-m", "unittest", "test_it"],
                [*BY_PYTEST, "-q", "-s", str(path)],
            ):
                with self.subTest(arguments=arguments):
                    done = run_runner(*arguments, cwd=folder)
                    told = [line[6:] for line in done.stderr.splitlines() if line.startswith("told: ")]
                    self.assertEqual(sorted(told), [*self.TOLD], done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
