"""What `patchCaches` can't add, or not to the end, is an error that leaves nothing."""

import threading
import unittest

from parameterized import parameterized

from cachetest import (
    MockBackend,
    NotPatchedError,
    PatchCaches,
    SwitchError,
    UnknownAdapterError,
    UnknownSwitchError,
)
from cachetest.adapters import Undo

from ..support import EXHAUSTIVE, LibraryAdapter, is_there, make_library, needs
from .steps import SAMPLE, Reached, Steps
from .test_additions import AdditionCase

if is_there("cachetools"):
    import cachetools

    from cachetest.adapters import Cachetools


class FailingAdapter(LibraryAdapter):
    """An adapter whose library is patched in part when installing it raises *error*."""

    name = "failing"
    caches = ("failing",)
    error: BaseException = RuntimeError("half-way")

    def install(self):
        return Undo(self._patch)

    def _patch(self, undo):
        undo.set_attribute(self.library, "backend", MockBackend("failing"))
        raise self.error


class FailingContext(LibraryAdapter):
    """An adapter that can't be told of a scope."""

    name = "context"
    caches = ("context",)

    def install(self):
        return Undo(lambda undo: undo.set_attribute(self.library, "backend", MockBackend("context")))

    def scope_context(self, caches):
        def begin(undo):
            undo.set_attribute(self.library, "entered", True)
            raise RuntimeError("no context")

        return Undo(begin)


@needs("cachetools", "cachetools")
class FailureTests(AdditionCase):
    @parameterized.expand(
        [
            ("install", FailingAdapter, RuntimeError("half-way")),
            ("interrupted", FailingAdapter, KeyboardInterrupt()),
            ("context", FailingContext, RuntimeError("no context")),
        ]
    )
    def test_half_way(self, _, kind, error):
        """When the second of three fails, or is interrupted, none of them is added, and the test goes on."""
        bad = kind(make_library()[0])
        bad.error = error
        before = dict(vars(bad.library))
        cache, other = cachetools.LRUCache(2), cachetools.LRUCache(2)

        def body(case):
            case.patchCaches(Cachetools(first=other))
            with self.assertRaises(type(error)):
                case.patchCaches(Cachetools(prices=cache), bad, self.adapter)
            self.assertIs(type(cache), cachetools.LRUCache)
            self.assertEqual(dict(vars(bad.library)), before)
            self.assertEqual(self.library.flag, "default")
            self.assertEqual([*case.caches], ["first"])
            other["k"] = 1
            case.patchCaches(Cachetools(prices=cache))
            cache["k"] = 1
            case.assertCacheStats("prices", puts=1)
            case.assertCacheStats("first", puts=1)

        self.passes(body)
        self.assertEqual(dict(vars(bad.library)), before)

    def test_interrupted_at_each_step(self):
        """Whichever line of it is interrupted, what was added is gone at once, or at the end of the test."""
        cache = cachetools.LRUCache(2)

        def body(case):
            counted.run(case.patchCaches, Cachetools(prices=cache), self.adapter)

        def interrupted(case):
            steps.ended(steps.run, case.patchCaches, Cachetools(prices=cache), self.adapter)
            reached.add(steps)

        for _ in range(2):
            # The first time some of it is made once and for all.
            counted = Steps()
            self.passes(body)
        self.assertGreater(counted.seen, 100)
        reached = Reached()
        for n in range(1, counted.seen + 1, 1 if EXHAUSTIVE else SAMPLE):
            steps = Steps(raise_at=n)
            self.passes(interrupted)
            self.assertIs(type(cache), cachetools.LRUCache, n)
            self.assertEqual((self.library.backend, self.library.flag), ("real", "default"), n)
        reached.check()

    def test_bad_arguments(self):
        """What can't be added is an error at the call, and nothing is patched."""
        cache = cachetools.LRUCache(2)

        def body(case):
            for error, text, arguments in (
                (TypeError, "^patchCaches has to be told what to patch", ()),
                (TypeError, r"expected an adapter or the name of one, not \[", ([self.adapter],)),
                (TypeError, "not <class", (Cachetools,)),
                (UnknownAdapterError, "closest first: redis", ("reddis",)),
                (TypeError, "has to be told what to test", ("cachetools",)),
                (ImportError, "nowhere:cache", (self.adapter, Cachetools(a="nowhere:cache"))),
                (ValueError, "have a cache 'a'", (Cachetools(a=cache), Cachetools(a=cachetools.LRUCache(1)))),
                (ValueError, "have a cache 'first'", (Cachetools(first=cache),)),
            ):
                with self.subTest(arguments), self.assertRaisesRegex(error, text):
                    case.patchCaches(*arguments)
            with self.assertRaisesRegex(UnknownSwitchError, "no switch 'flag' here"):
                case.patchCaches(self.adapter, enable=("flag",))
            with self.assertRaisesRegex(TypeError, "^enable: "):
                case.patchCaches(self.adapter, enable="flag")
            self.assertEqual(self.library.backend, "real")
            self.assertIs(type(cache), cachetools.LRUCache)

        self.passes(body, patch_caches=(Cachetools(first=cachetools.LRUCache(1)),))

    def test_outside_a_test(self):
        """Outside a test it says so: before, after, on the class, and from a thread that has outlived it."""
        outside = "^patchCaches adds to the scope of a running test: call it in the test or in setUp"
        go, errors = threading.Event(), []

        def late(case):
            go.wait()
            try:
                case.patchCaches(self.adapter)
            except NotPatchedError as error:
                errors.append(str(error))

        threads = []

        def body(case):
            threads.append(threading.Thread(target=late, args=(case,)))
            threads[0].start()

        case = self.passes(body)
        go.set()
        threads[0].join()
        self.assertRegex(errors[0], outside)
        for call in (case.patchCaches, type(case)("test").patchCaches, type(case).patchCaches):
            with self.assertRaisesRegex(NotPatchedError, outside):
                call(self.adapter)

    def test_switches_of_another_context(self):
        """On a thread, switches that are kept per context are an error at the call; in a block not."""
        self.adapter.switches[0].per_context = True
        found = []

        def work(case):
            try:
                case.patchCaches(self.adapter)
            except SwitchError as error:
                found.append(str(error))

        def body(case):
            thread = threading.Thread(target=work, args=(case,))
            thread.start()
            thread.join()
            self.assertEqual(self.library.backend, "real")
            with PatchCaches(Cachetools(prices=cachetools.LRUCache(1))):
                case.patchCaches(self.adapter)
            self.assertIs(self.library.flag, False)

        self.passes(body)
        self.assertEqual(
            found,
            [
                "patchCaches: the library keeps the switches 'library_cache' per context, and this is not "
                "that of the test: call it on the test's own thread, in setUp or in the test"
            ],
        )

    def test_in_cleanups(self):
        """In tearDown and in the test's cleanups it still acts."""

        def tear_down(case):
            case.patchCaches(self.adapter)
            with case.assertCacheDelta("lib", puts=1):
                self.library.backend.put("k", 1)

        self.passes(lambda case: case.addCleanup(tear_down, case), tearDown=tear_down)


if __name__ == "__main__":
    unittest.main()
