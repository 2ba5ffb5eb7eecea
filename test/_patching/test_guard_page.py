"""The texts that the pages on guards and options show are those that come."""

import io
import os
import re
import tempfile
import threading
import unittest
from contextlib import redirect_stdout
from pathlib import Path

from cachetest import cache_options, guard
from cachetest._caches.scope import Scope
from cachetest._patching import watched_functions
from cachetest._patching.guard import _describe
from cachetest._recording.call_sites import Location, this_thread

from ..documents import DOCS, blocks
from ..support import needs

PAGE = DOCS / "how-to" / "guard.rst"


class PageTests(unittest.TestCase):
    @needs("fakeredis", "cachetest[redis]")
    def test_outside(self):
        """What the first example prints is shown below it."""
        block, shown = blocks(PAGE, "python")[0], blocks(PAGE, "text")[0]
        printed = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(printed):
            path = Path(folder, "shop.py")
            exec(compile(block, str(path), "exec"), {"__name__": "shop"})
        self.assertEqual(re.sub(r"at \S*shop\.py", "at shop.py", printed.getvalue().strip()), shown)

    def test_left_running(self):
        """So is what is said of something that was left running."""
        found = []

        def describe():
            self.assertEqual(this_thread.name, "flusher")
            scope = Scope("test_shop.ShopTests.test_flush")
            found.append(_describe("redis", "localhost:6379", Location("shop.py", 23, "flush"), scope))

        thread = threading.Thread(target=describe, name="flusher")
        thread.start()
        thread.join()
        self.assertEqual(found, [blocks(PAGE, "text")[1]])

    def test_options(self):
        """And what is said of an option that is none."""
        shown, warned = blocks(DOCS / "how-to" / "test-case.rst", "text")
        with self.assertRaises(TypeError) as caught:
            cache_options(enabled_caches=())
        self.assertTrue(f"TypeError: {caught.exception}".startswith(shown.removesuffix("...")))
        with self.assertWarns(UserWarning) as told:
            exec(
                "from cachetest import CacheTestCase\nclass PriceTests(CacheTestCase): enable_cache = ()",
                {"__name__": "shop"},
            )
        self.assertEqual(str(told.warning), warned)


@unittest.skipUnless(hasattr(os, "fork"), "needs os.fork")
class ForkTests(unittest.TestCase):
    def test_fork_while_another_thread_starts_one(self):
        """A child that was forked while another thread held the lock of guards starts one."""
        held, go = threading.Event(), threading.Event()

        def hold():
            with watched_functions._lock:
                held.set()
                go.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        child = os.fork()
        if not child:
            try:
                with guard():
                    os._exit(0)
            finally:
                os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        go.set()
        thread.join()


if __name__ == "__main__":
    unittest.main()
