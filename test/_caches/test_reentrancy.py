import gc
import io
import signal
import threading
import unittest

from parameterized import parameterized

from cachetest import MockCache, MockCaches, Stats


class ReentrancyTests(unittest.TestCase):
    """Code of a value or a key, or a signal handler, that uses a cache in the midst of an operation."""

    def setUp(self):
        self.cache = MockCache("prices")

    @parameterized.expand([("hash",), ("eq",)])
    def test_key_uses_the_cache(self, how):
        """A key's own methods may use the cache that they are looked up in, from another thread too."""
        cache = self.cache

        class Key:
            def use(self):
                cache.put("inner", 1)
                thread = threading.Thread(target=cache.get, args=("inner",))
                thread.start()
                thread.join()

            def __hash__(self):
                if how == "hash":
                    self.use()
                return 1

            def __eq__(self, other):
                if how == "eq":
                    self.use()
                return True

        cache.put(Key(), "outer")
        before = cache.stats
        self.assertEqual(cache.get(Key()), "outer")
        self.assertEqual(cache - before, Stats(1, 2, 0))

    def test_finalizer_uses_the_cache(self):
        """A value that is overwritten may use the cache as it goes, from another thread too."""
        cache = self.cache

        class Value:
            def __del__(self):
                thread = threading.Thread(target=cache.get, args=("inner",))
                thread.start()
                thread.join()

        cache.put("a", Value())
        cache.put("a", 1)
        gc.collect()
        self.assertEqual(cache, Stats(2, 0, 1))

    def test_repr_uses_the_cache(self):
        """A report may show a value whose repr uses the cache."""
        caches = MockCaches(["c"])

        class Value:
            def __repr__(self):
                caches.c.get("inner")
                return "<a value>"

        caches.c.put("a", Value())
        out = io.StringIO()
        caches.report(out)
        self.assertIn("<a value>", out.getvalue())
        self.assertEqual(caches.c, Stats(1, 0, 1))

    @unittest.skipUnless(hasattr(signal, "setitimer"), "needs POSIX timers")
    @unittest.skipUnless(
        threading.current_thread() is threading.main_thread(), "signals are handled on the main thread"
    )
    def test_signal_handler_uses_the_cache(self):
        """Operations of a signal handler are counted, and don't disturb what they interrupt."""
        cache = self.cache
        handled = 0

        def handler(*_):
            nonlocal handled
            handled += 1
            cache.put("from the handler", 1)

        found = signal.signal(signal.SIGALRM, handler)
        self.addCleanup(signal.signal, signal.SIGALRM, found)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
        loops = 0
        while handled < 50:
            cache.put("a", loops)
            cache.get("a")
            loops += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertEqual(cache, Stats(loops + handled, loops, 0))


if __name__ == "__main__":
    unittest.main()
