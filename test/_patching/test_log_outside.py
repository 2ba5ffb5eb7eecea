"""`log_outside`: packages between the program and its caches whose lines are not the caller's."""

import asyncio
import threading
import types
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest.adapters import Functools

from ..support import in_module, run_method

backend = MockBackend("c")
LAYER = in_module(
    "layer.decorators",
    """
import asyncio, threading

def call(function, *args):
    return function(*args)

def call_on_a_thread(function, *args):
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()

async def call_by_a_task(function, *args):
    await asyncio.create_task(asyncio.to_thread(function, *args))
""",
)


def where_of(caches):
    return [each.where.function for each in caches.c.operations]


class LogOutsideTests(CacheTestCase):
    log_outside = ("layer",)
    patch_caches = ()

    def test_passed_over(self):
        """Its lines are passed over, by any way, and those of all that it has inside."""
        LAYER["call"](backend.get, "k")
        LAYER["call"](backend.put, "k", 1)
        LAYER["call_on_a_thread"](backend.get, "k")
        asyncio.run(LAYER["call_by_a_task"](backend.get, "k"))
        backend.get("k")
        self.assertEqual(where_of(self.caches), ["test_passed_over"] * 5)
        self.assertCacheStats("c", puts=1, hits=3, misses=1)

    def test_inner_block(self):
        """A block has an option of its own; the test's is there again after it."""
        with PatchCaches() as patch:
            LAYER["call"](backend.get, "k")
        with PatchCaches(log_outside=["layer.decorators"]) as other:
            LAYER["call"](backend.get, "k")
        LAYER["call"](backend.get, "k")
        told = [where_of(each) for each in (patch.caches, other.caches, self.caches)]
        self.assertEqual(told, [["call"], ["test_inner_block"], ["test_inner_block"]])

    def test_nothing_else(self):
        """Where nothing else is on the way it is the caller."""
        done = threading.Event()
        names = in_module("layer.worker", "def work():\n    get('k')\n    done()\n")
        names.update(get=backend.get, done=done.set)
        thread = threading.Thread(target=names["work"])
        # Past the hook that keeps the line.
        type(thread).start.__wrapped__(thread)
        self.assertTrue(done.wait(60))
        thread.join()
        self.assertEqual(where_of(self.caches), ["work"])


class OptionTests(unittest.TestCase):
    def test_without(self):
        """Without it a layer that is not installed is a caller like any other."""
        with PatchCaches() as patch:
            LAYER["call"](backend.get, "k")
        self.assertEqual(where_of(patch.caches), ["call"])

    def test_decorated(self):
        """Each call of a decorated function has the option."""

        @PatchCaches(log_outside={"layer"})
        def work():
            from cachetest import global_stats

            LAYER["call"](backend.get, "k")
            return where_of(global_stats)

        self.assertEqual([work(), work()], [["work"], ["work"]])

    def test_with_an_adapter(self):
        """It holds for what an adapter logs as well, beside the libraries of that."""
        import functools

        square = functools.lru_cache(lambda number: number)
        with PatchCaches(Functools(squares=square), log_outside=("layer",)) as patch:
            LAYER["call"](square, 1)
        self.assertEqual(patch.caches.squares.num_get_miss, 1)

    @parameterized.expand(
        [
            ("layer", TypeError, r"expected a sequence of names, not the string 'layer': \('layer',\)"),
            (5, TypeError, "expected a sequence, not 5"),
            (None, TypeError, "expected a sequence, not None"),
            ([5], TypeError, "expected the names of packages, not 5"),
            ([types], TypeError, "expected the names of packages, not <module 'types' .*>: 'types'"),
            (["Flask-Caching"], ValueError, "'Flask-Caching' is not a name .* did you mean 'Flask_Caching'"),
            ([""], ValueError, "'' is not a name that a package can be imported by$"),
            (["layer."], ValueError, r"'layer\.' is not a name .* did you mean 'layer'"),
        ]
    )
    def test_bad(self, given, error, text):
        """What can't be is an error where it is given, which says what could."""
        with self.assertRaisesRegex(error, "^log_outside: " + text):
            PatchCaches(log_outside=given)
        _, result = run_method(CacheTestCase, lambda self: None, log_outside=given, patch_caches=())
        self.assertRegex(result.errors[0][1], "log_outside: " + text.removesuffix("$"))


if __name__ == "__main__":
    unittest.main()
