import asyncio
import contextvars
import inspect
import threading
import unittest
import unittest.mock
import warnings

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
from cachetest._caches.attribution import bind_to_scope, current_scope, scope_of_caller
from cachetest.adapters.registry import known_adapters
from cachetest.errors import CacheTestWarning, LateOperationWarning

from .._caches.test_parallel import switch_interval
from ..support import InterruptedAdapter, LibraryAdapter, LibrarySwitch, make_library
from .test_switches import ContextSwitch


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


class DecoratorTests(PatchCase):
    def test_function(self):
        """Each call of a decorated function has a fresh scope."""

        @PatchCaches(self.adapter)
        def use(n, *, key="k"):
            """Use the library."""
            for _ in range(n):
                self.library.backend.get(key)
            return global_stats.lib.stats

        self.assertEqual(use(1), Stats(0, 0, 1))
        self.assertEqual(use(2, key="a"), Stats(0, 0, 2))
        self.assertEqual((use.__name__, use.__doc__), ("use", "Use the library."))
        self.assertEqual(self.library.backend, "real")

    def test_recursion(self):
        """A decorated function may call itself."""

        @PatchCaches(self.adapter)
        def use(depth):
            self.library.backend.put(depth, 1)
            if depth:
                use(depth - 1)
            return global_stats.lib.stats

        self.assertEqual(use(3), Stats(1, 0, 0))

    def test_coroutine_function(self):
        """A coroutine function stays one, and is patched until it is done."""

        @PatchCaches(self.adapter)
        async def use():
            await asyncio.sleep(0)
            self.library.backend.get("k")
            return global_stats.lib.stats

        self.assertTrue(inspect.iscoroutinefunction(use))

        async def main():
            return await asyncio.gather(use(), use(), use())

        self.assertEqual(asyncio.run(main()), [Stats(0, 0, 1)] * 3)
        self.assertEqual(self.library.backend, "real")

    def test_enable(self):
        """Switches are on during the call."""

        @PatchCaches(self.adapter, enable=["library_cache"])
        def use():
            return self.library.flag

        self.assertIs(use(), True)
        self.assertNotIn("flag", vars(self.library))

    def test_body_that_runs_later(self):
        """A function that returns a coroutine or a generator, which would run unpatched, is an error."""

        async def later():
            self.library.backend.get("k")

        def generate():
            yield self.library.backend.get("k")

        async def generate_async():
            yield self.library.backend.get("k")

        for function in (later, generate, generate_async):
            with self.assertRaisesRegex(TypeError, "whose body would run after it"):
                PatchCaches(self.adapter)(lambda function=function: function())()

    def test_label(self):
        """In messages the scope has the name of the function, or the line of the block."""

        @PatchCaches(self.adapter)
        def use():
            return scope_of_caller().label

        self.assertTrue(use().endswith("test_label.<locals>.use"))
        with PatchCaches(self.adapter):
            self.assertRegex(
                str(scope_of_caller().label),
                r"^the block at test[/\\]_patching[/\\]test_patch_caches.py:\d+ in test_label$",
            )

    @parameterized.expand(
        [
            ("class", type("Tests", (), {}), "subclass CacheTestCase"),
            ("generator", lambda: (yield), "is a generator function"),
            ("nothing", None, "decorates functions, not None"),
        ]
    )
    def test_what_can_not_be_decorated(self, _, thing, text):
        """What would not be patched when its body runs is refused."""
        with self.assertRaisesRegex(TypeError, text):
            PatchCaches(self.adapter)(thing)


class EndTests(PatchCase):
    """What is found at the end of a block."""

    def leave_displaced(self):
        with PatchCaches(self.adapter):
            self.library.backend = "somebody's"

    def test_displaced(self):
        """A patch that somebody replaced makes the block fail, and is undone all the same."""
        with self.assertRaisesRegex(AssertionError, "Library.backend was displaced while the test ran"):
            self.leave_displaced()
        self.assertEqual(self.library.backend, "real")

    def test_does_not_hide_an_exception(self):
        """An exception on its way is not hidden: the problem is a warning then, at the user's line."""
        with (
            self.assertWarnsRegex(CacheTestWarning, "was displaced") as caught,
            self.assertRaises(ValueError),
        ):
            with PatchCaches(self.adapter):
                self.library.backend = "somebody's"
                raise ValueError("first")
        self.assertEqual(caught.filename, __file__)

    def test_warnings_as_errors(self):
        """Where warnings are errors, what is wrong with the block itself is told all the same."""
        with PatchCaches(self.adapter):
            use = bind_to_scope(scope_of_caller(), self.library.backend.get)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            use("k")
            with self.assertRaises(LateOperationWarning), PatchCaches(self.adapter):
                pass
            use("k")
            with self.assertRaisesRegex(AssertionError, "was displaced"):
                self.leave_displaced()
            use("k")
            with self.assertRaises(ZeroDivisionError), PatchCaches(self.adapter):
                1 / 0  # noqa: B018
        self.assertEqual(self.library.backend, "real")

    def test_adapter_that_raises(self):
        """An adapter that can't restore makes the block fail, with its exception as the cause."""

        class Raises(LibraryAdapter):
            def install(self):
                from contextlib import ExitStack

                stack = ExitStack()
                stack.callback(lambda: 1 / 0)
                stack.enter_context(super().install())
                return stack

        with self.assertRaisesRegex(AssertionError, "undoing the patches raised ZeroDivisionError") as caught:
            with PatchCaches(Raises(self.library)):
                pass
        self.assertIsInstance(caught.exception.__cause__, ZeroDivisionError)
        self.assertEqual(self.library.backend, "real")

    def test_interrupted(self):
        """An interrupt while a block is left does not keep it from being left."""

        with self.assertRaises(KeyboardInterrupt):
            with PatchCaches(InterruptedAdapter(self.library)):
                pass
        self.assertEqual(self.library.backend, "real")

    def test_late_operation_of_an_earlier_block(self):
        """The next block to end warns of what an earlier one has left behind, at the user's line."""
        with PatchCaches(self.adapter):
            use = bind_to_scope(scope_of_caller(), self.library.backend.get)
        use("k")
        with self.assertWarnsRegex(
            LateOperationWarning, "late: miss on 'lib', key 'k'.*which had ended"
        ) as caught:
            with PatchCaches(self.adapter):
                pass
        self.assertEqual(caught.filename, __file__)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with PatchCaches(self.adapter):
                pass

    def test_late_operation_of_an_inner_block(self):
        """What an inner block left behind makes the outer one fail: it is the same test."""
        with self.assertRaisesRegex(AssertionError, "late: miss on 'lib'"):
            with PatchCaches(self.adapter):
                with PatchCaches(self.adapter):
                    use = bind_to_scope(scope_of_caller(), self.library.backend.get)
                use("k")


class SetUpTests(PatchCase):
    def setUp(self):
        super().setUp()
        ready = unittest.mock.patch(
            "cachetest._patching.patch_caches.detected_adapters", lambda: [self.adapter]
        )
        ready.start()
        self.addCleanup(ready.stop)

    def test_off_and_back(self):
        """setUp() turns every switch off, tearDown() puts back what was there."""
        PatchCaches.setUp()
        self.assertIs(self.library.flag, False)
        PatchCaches.tearDown()
        self.assertNotIn("flag", vars(self.library))

    def test_nested(self):
        """Two pairs restore in order."""
        PatchCaches.setUp()
        self.library.flag = "between"
        PatchCaches.setUp()
        self.assertIs(self.library.flag, False)
        PatchCaches.tearDown()
        self.assertEqual(self.library.flag, "between")
        PatchCaches.tearDown()
        self.assertNotIn("flag", vars(self.library))

    def test_tear_down_alone(self):
        """tearDown() without setUp() changes nothing, and says so."""
        for _ in range(2):
            with self.assertRaisesRegex(NotPatchedError, "without a PatchCaches.setUp.*nothing was changed"):
                PatchCaches.tearDown()
            self.assertNotIn("flag", vars(self.library))
            PatchCaches.setUp()
            PatchCaches.tearDown()

    def test_switch_the_release_lacks(self):
        """A switch that is not there is passed over, the others are turned and restored."""
        gone = type("Gone", (LibrarySwitch,), {"exists": lambda self: False})(self.library)
        self.adapter.switches = (gone, *self.adapter.switches)
        PatchCaches.setUp()
        self.assertIs(self.library.flag, False)
        PatchCaches.tearDown()
        self.assertNotIn("flag", vars(self.library))

    def test_tear_down_in_a_copy_of_the_context(self):
        """A copy of the context has its own to tear down, and doing so takes nothing from the original."""
        switch = ContextSwitch()
        self.adapter.switches = (switch,)
        unset = switch.get()
        PatchCaches.setUp()
        copied = contextvars.copy_context()
        with self.assertRaisesRegex(SwitchError, "was turned in another context"):
            copied.run(PatchCaches.tearDown)
        self.assertIs(switch.get(), False)
        PatchCaches.tearDown()
        self.assertIs(switch.get(), unset)

    def test_block_left_in_a_copy_of_the_context(self):
        """A block that is left where it was not entered says that a switch stays turned."""
        switch = ContextSwitch()
        self.adapter.switches = (switch,)
        patch = PatchCaches(self.adapter, enable=["context_cache"])
        context = contextvars.copy_context()
        context.run(patch.__enter__)
        with self.assertRaisesRegex(AssertionError, "raised SwitchError: .*was turned in another context"):
            context.copy().run(patch.__exit__, None, None, None)

    def test_set_up_that_fails(self):
        """When a switch can't be turned off, none stays off, and there is nothing to tear down."""

        class Fails(LibrarySwitch):
            def set(self, value):
                super().set(value)
                raise ValueError("no")

        self.adapter.switches = (*self.adapter.switches, Fails(self.library))
        with self.assertRaises(ValueError):
            PatchCaches.setUp()
        self.assertNotIn("flag", vars(self.library))
        with self.assertRaises(NotPatchedError):
            PatchCaches.tearDown()


if __name__ == "__main__":
    unittest.main()
