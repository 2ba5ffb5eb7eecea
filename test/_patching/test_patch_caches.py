import asyncio
import threading
import unittest
import unittest.mock

from parameterized import parameterized

from cachetest import (
    MissingLibraryError,
    MockBackend,
    NotPatchedError,
    PatchCaches,
    Stats,
    SwitchError,
    UnknownAdapterError,
    UnknownSwitchError,
    global_stats,
)
from cachetest._caches import scope
from cachetest._caches.attribution import current_scope, scope_of_caller
from cachetest.adapters.registry import known_adapters

from .._caches.test_parallel import switch_interval
from ..support import LibraryAdapter, LibrarySwitch, make_library


class PatchCase(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        before = dict(vars(self.library))
        self.addCleanup(lambda: self.assertEqual(dict(vars(self.library)), before))
        self.addCleanup(lambda: self.assertIsNone(scope_of_caller()))


class BlockTests(PatchCase):
    def test_patched_inside(self):
        """Inside, the library has our backend and the scope its caches; after, neither is there."""
        with PatchCaches(self.adapter) as patch:
            self.library.backend.put("k", 1)
            self.assertIs(self.library.backend.get("k"), 1)
            self.assertEqual(patch.caches.lib, Stats(1, 1, 0))
            self.assertIs(global_stats.lib, patch.caches.lib)
        self.assertEqual(self.library.backend, "real")
        self.assertEqual(patch.caches.lib, Stats(1, 1, 0))
        self.assertEqual(global_stats.lib, Stats(1, 1, 0))
        self.assertEqual(global_stats.lib.cache, {"k": 1})

    def test_fresh_scope_each_time(self):
        """Entering again starts with nothing."""
        patch = PatchCaches(self.adapter)
        with patch:
            self.library.backend.put("k", 1)
        with patch:
            self.assertEqual(patch.caches.lib, Stats())
            self.assertIsNone(self.library.backend.get("k"))

    @parameterized.expand([("another", False), ("the same", True)])
    def test_nested(self, _, same):
        """The inner block has a scope of its own, and the outer one's comes back untouched."""
        outer = PatchCaches(self.adapter)
        with outer:
            self.library.backend.put("k", 1)
            held = outer.caches.lib
            inner = outer if same else PatchCaches(self.adapter)
            with inner:
                self.assertIsNone(self.library.backend.get("k"))
                self.library.backend.put("inner", 2)
                self.assertEqual(inner.caches.lib, Stats(1, 0, 1))
                self.assertEqual(global_stats.lib.cache, {"inner": 2})
            self.assertIs(outer.caches.lib, held)
            self.assertEqual(held, Stats(1, 0, 0))
            self.assertEqual(held.cache, {"k": 1})
            self.assertEqual(self.library.backend.get("k"), 1)
            self.assertIs(global_stats.lib, held)
        self.assertEqual(outer.caches.lib, Stats(1, 1, 0))

    def test_exception_in_the_block(self):
        """An exception passes through, and everything is undone."""
        with self.assertRaises(KeyboardInterrupt), PatchCaches(self.adapter):
            raise KeyboardInterrupt
        self.assertEqual(self.library.backend, "real")

    def test_entering_fails(self):
        """When an adapter can't be installed, those before it don't stay."""
        before = current_scope()
        fails = type("Fails", (LibraryAdapter,), {"install": lambda self: 1 / 0})(self.library)
        patch = PatchCaches(self.adapter, fails)
        with self.assertRaises(ZeroDivisionError):
            patch.__enter__()
        self.assertEqual(self.library.backend, "real")
        self.assertIs(current_scope(), before)
        with self.assertRaises(NotPatchedError):
            patch.__exit__(None, None, None)

    def test_caches_before_entering(self):
        """A scope that never was can't be read."""
        with self.assertRaisesRegex(NotPatchedError, "has not been entered"):
            PatchCaches(self.adapter).caches  # noqa: B018

    def test_left_twice(self):
        """Leaving more often than entering is an error that says so."""
        patch = PatchCaches(self.adapter)
        with patch:
            pass
        with self.assertRaisesRegex(NotPatchedError, "left without having been entered"):
            patch.__exit__(None, None, None)

    def test_enable(self):
        """Switches named are on inside, and exactly as before after."""
        with PatchCaches(self.adapter, enable=["library_cache"]):
            self.assertIs(self.library.flag, True)
        self.assertNotIn("flag", vars(self.library))

    def test_switches_not_named(self):
        """Others stay as they are: a block turns nothing off."""
        with PatchCaches(self.adapter):
            self.assertNotIn("flag", vars(self.library))

    def test_several_adapters(self):
        """Each adapter given is installed, once."""
        other, other_adapter = make_library()
        other_adapter.caches = ("other",)
        with PatchCaches(self.adapter, other_adapter, LibraryAdapter(self.library)):
            self.assertIsInstance(self.library.backend, MockBackend)
            self.assertIsInstance(other.backend, MockBackend)
        self.assertEqual((self.library.backend, other.backend), ("real", "real"))

    def test_two_caches_of_one_name(self):
        """Two adapters with a cache of one name are an error that names both, and nothing is patched."""
        other, other_adapter = make_library()
        with self.assertRaisesRegex(ValueError, "both .* and .* have a cache 'lib'"):
            PatchCaches(self.adapter, other_adapter).__enter__()
        self.assertEqual((self.library.backend, other.backend), ("real", "real"))

    def test_log_length(self):
        """So many operations are kept as one asks for, and counts are exact beyond."""
        with PatchCaches(self.adapter, log_length=2) as patch:
            for n in range(5):
                self.library.backend.put(n, n)
        self.assertEqual([each.key for each in patch.caches.lib.operations], [3, 4])
        self.assertEqual(patch.caches.lib.num_put, 5)

    @parameterized.expand([(0, ValueError), (-1, ValueError), (True, TypeError), ("2", TypeError)])
    def test_bad_log_length(self, length, error):
        """A length that can't be is an error where it is given."""
        with self.assertRaisesRegex(error, f"^log_length: expected .*, not {length!r}$"):
            PatchCaches(log_length=length)

    def test_threads_share_one_patch(self):
        """One object entered by two threads at once gives each its own scope."""
        patch = PatchCaches(self.adapter)
        barrier = threading.Barrier(2)
        found = {}

        def work(n):
            with patch:
                barrier.wait()
                for _ in range(n):
                    self.library.backend.get("k")
                found[n] = global_stats.lib.stats
                barrier.wait()

        threads = [threading.Thread(target=work, args=(n,)) for n in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, {1: Stats(0, 0, 1), 2: Stats(0, 0, 2)})

    def test_tasks_share_one_patch(self):
        """So does one object that is entered by two tasks, which leave in any order."""
        patch = PatchCaches(self.adapter)
        found = {}

        async def work(n, mine, other):
            with patch:
                mine.set()
                await other.wait()
                for _ in range(n):
                    self.library.backend.get("k")
                found[n] = (patch.caches.lib.stats, global_stats.lib.stats)
                await asyncio.sleep(0)
                self.library.backend.get("k")
                self.assertEqual(patch.caches.lib, Stats(0, 0, n + 1))

        async def main():
            events = asyncio.Event(), asyncio.Event()
            await asyncio.gather(work(1, *events), work(3, *reversed(events)))

        asyncio.run(main())
        self.assertEqual(found, {n: (Stats(0, 0, n), Stats(0, 0, n)) for n in (1, 3)})

    def test_threads_come_and_go(self):
        """Many threads that enter and leave one object lose none of their scopes."""
        patch = PatchCaches(self.adapter)
        failed = []

        def work():
            try:
                for _ in range(100):
                    with patch:
                        self.library.backend.get("k")
                        self.assertEqual(patch.caches.lib, Stats(0, 0, 1))
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        with switch_interval(1e-6):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(failed, [])
        self.assertEqual(scope._open, ())


class ArgumentTests(PatchCase):
    def test_unknown_adapter(self):
        """A wrong adapter fails at the call that names it."""
        with self.assertRaisesRegex(UnknownAdapterError, "'inducter'.*closest first: inductor"):
            PatchCaches("inducter")

    @parameterized.expand([(1,), (None,), (LibraryAdapter,)])
    def test_no_adapter(self, given):
        """So does something that is no adapter at all."""
        with self.assertRaisesRegex(TypeError, "expected an adapter or the name of one, not"):
            PatchCaches(given)

    def test_string_for_names(self):
        """A string is no sequence of names."""
        with self.assertRaisesRegex(
            TypeError, r"enable: expected a sequence of names, not the string 'a': \('a',\)"
        ):
            PatchCaches(self.adapter, enable="a")

    @parameterized.expand(
        [
            ("number", 5),
            ("nothing", None),
            ("one-shot iterator", iter(["library_cache"])),
            ("no names", [["a"]]),
        ]
    )
    def test_no_sequence_of_names(self, _, given):
        """What can't be gone through again and again, or has no names, is refused."""
        with self.assertRaisesRegex(TypeError, "^enable: expected (a sequence|the names of switches), not"):
            PatchCaches(self.adapter, enable=given)

    def test_missing_library(self):
        """An adapter given by name whose library is missing says what to install."""
        with unittest.mock.patch.dict(
            known_adapters, inductor=known_adapters["inductor"]._replace(library="no_such_library")
        ):
            patch = PatchCaches("inductor")
            with self.assertRaisesRegex(MissingLibraryError, "needs no_such_library.*pip install"):
                patch.__enter__()

    def test_unknown_switch(self):
        """A wrong switch says which there are."""
        with self.assertRaisesRegex(
            UnknownSwitchError, "no switch 'libary_cache' here.*first: library_cache"
        ):
            PatchCaches(self.adapter, enable=["libary_cache"]).__enter__()

    def test_switch_of_an_adapter_not_used(self):
        """A switch of a library that was not imported says so."""
        with self.assertRaisesRegex(UnknownSwitchError, "one of the adapter 'inductor', which is used when"):
            PatchCaches(self.adapter, enable=["fx_graph_cache"]).__enter__()

    def test_switch_the_release_lacks(self):
        """A switch that the installed release does not have can't be enabled."""
        self.adapter.switches = (
            type("Gone", (LibrarySwitch,), {"exists": lambda self: False})(self.library),
        )
        with self.assertRaisesRegex(SwitchError, "the installed release has no switch 'library_cache'"):
            PatchCaches(self.adapter, enable=["library_cache"]).__enter__()


if __name__ == "__main__":
    unittest.main()
