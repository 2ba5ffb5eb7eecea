import contextvars
import copy
import io
import threading
import unittest

from cachetest import Stats, global_stats
from cachetest._caches.attribution import current_scope
from cachetest._caches.global_stats import GlobalStats
from cachetest.errors import UnknownCacheError

from ..support import run_python
from .scopes import ScopeCase, elsewhere, scope


class GlobalStatsTests(ScopeCase):
    def test_names_before_the_first_scope(self):
        """Names given to it are there from the start, with nothing counted."""
        done = run_python(
            "-c",
            "from cachetest import Stats, global_stats\n"
            "from cachetest._caches.global_stats import GlobalStats\n"
            "stats = GlobalStats(['fx_graph'])\n"
            "assert stats.fx_graph == Stats() and list(stats) == ['fx_graph']\n"
            "assert len(global_stats) == 0\n"
            "try: global_stats.fx_graph\n"
            "except AttributeError as error: print(error)",
        )
        self.assertIn("no cache 'fx_graph' here", done.stdout, done.stderr)

    def test_is_the_running_scope(self):
        """It is the scope one is in, and after exit the one that was left, until the next."""
        with scope() as first:
            self.assertIs(global_stats.c, first.caches.c)
            self.assertIs(current_scope(), first)
            with scope() as inner:
                self.assertIs(global_stats.c, inner.caches.c)
            self.assertIs(global_stats.c, first.caches.c)
        self.assertIs(global_stats.c, first.caches.c)
        with scope() as second:
            self.assertIs(global_stats.c, second.caches.c)

    def test_on_other_threads(self):
        """A thread sees the scope that it belongs to, and one that belongs to none the latest."""
        with scope() as only:
            self.assertIs(elsewhere(lambda: global_stats.c), only.caches.c)
        self.assertIs(elsewhere(lambda: global_stats.c), only.caches.c)

    def test_each_test_its_own(self):
        """A test that has ended still sees its own while another one runs."""
        started, end = threading.Event(), threading.Event()
        seen = []

        def other():
            with scope():
                started.set()
                end.wait()
                seen.append(global_stats.c)

        with scope() as first:
            pass
        thread = threading.Thread(target=other)
        thread.start()
        started.wait()
        try:
            self.assertIs(global_stats.c, first.caches.c)
        finally:
            end.set()
            thread.join()
        self.assertIsNot(seen[0], first.caches.c)

    def test_in_an_unmarked_context(self):
        """Where the mark did not reach, it shows what an operation there would count in."""
        with scope() as first:
            pass
        context = contextvars.copy_context()
        with scope() as second:
            self.assertIs(context.run(lambda: global_stats.c), second.caches.c)
        self.assertIs(context.run(lambda: global_stats.c), first.caches.c)

    def test_has_what_a_scope_has(self):
        """It can be used in place of the scope itself."""
        with scope(names=("c", "d")) as made:
            self.assertIs(global_stats.get_stat("c"), made.caches.c)
            self.assertIs(global_stats["c"], made.caches.c)
            self.assertEqual((list(global_stats), len(global_stats)), (["c", "d"], 2))
            self.assertIn("c", global_stats)
            global_stats.c += Stats(1, 0, 0)
            self.assertEqual(made.caches.c, Stats(1, 0, 0))
            self.assertEqual(global_stats.as_dict()["caches"]["c"]["puts"], 1)
            out = io.StringIO()
            global_stats.report(out)
            self.assertIn("  c: puts: 1", out.getvalue())
            self.assertIn("c: (puts: 1", repr(global_stats))
            global_stats.reset()
            self.assertEqual(made.caches.c, Stats())
            with self.assertRaises(UnknownCacheError):
                global_stats.e  # noqa: B018
            with self.assertRaises(AttributeError):
                global_stats.c = Stats()

    def test_copies(self):
        """Copying probes for dunders, which are no caches."""
        self.assertEqual(list(copy.copy(GlobalStats(["c"]))), list(GlobalStats(["c"])))


if __name__ == "__main__":
    unittest.main()
