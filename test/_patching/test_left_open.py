"""Blocks that are interrupted anywhere, also on the way into ``__exit__``: the next scope repairs them."""

import contextlib
import gc
import threading
import unittest

from cachetest import CacheTestCase, PatchCaches
from cachetest._caches.attribution import scope_of_caller
from cachetest._patching import late_patches
from cachetest._patching.left_open import entered as still_entered
from cachetest._patching.patch_caches import again_if_interrupted

from ..support import EXHAUSTIVE, expand, make_library, run_case, takes_a_while
from .steps import SAMPLE, Interrupt, Reached, Steps
from .test_interrupts import InterruptCase


def freed(steps, adapter, kept):
    """A block whose manager nobody keeps."""

    def block():
        with PatchCaches(adapter):
            pass

    steps.run(block)


def kept_after_return(steps, adapter, kept):
    """One whose manager is kept, in a function that has ended."""

    def block():
        with PatchCaches(adapter) as patch:
            kept.append(patch)

    steps.run(block)


def kept_in_a_loop(steps, adapter, kept):
    """One whose manager is kept, in a function that goes on and enters the next."""

    def block():
        for again in (False, True):
            with contextlib.suppress(Interrupt), PatchCaches(adapter) as patch:
                kept.append(patch)
                if again:
                    kept.append(scope_of_caller().lineage())
        return steps.raised

    if steps.run(block) and isinstance(kept[-1], list) and len(kept[-1]) > 1:
        raise AssertionError("the next one is inside the one that was interrupted")
    if steps.raised:
        raise Interrupt


def kept_before_another(steps, adapter, kept):
    """One whose manager is kept, with another statement after it."""

    def block():
        try:
            with PatchCaches(adapter) as patch:
                kept.append(patch)
        except Interrupt:
            with PatchCaches(adapter) as patch:
                kept.append(patch)
                if len(scope_of_caller().lineage()) > 1:
                    raise AssertionError("it is inside the one that was interrupted") from None
            raise

    steps.run(block)


def of_a_stack(steps, adapter, kept):
    """One that an ExitStack leaves."""

    def block():
        with contextlib.ExitStack() as stack:
            stack.enter_context(PatchCaches(adapter))

    steps.run(block)


def decorated(steps, adapter, kept):
    """One around a function."""
    steps.run(PatchCaches(adapter)(lambda: None))


WAYS = [
    (way.__name__, way)
    for way in (freed, kept_after_return, kept_in_a_loop, kept_before_another, of_a_stack, decorated)
]


UNPROTECTED = {PatchCaches.__enter__.__code__, PatchCaches.__exit__.__code__, again_if_interrupted.__code__}


class LeftOpenTests(InterruptCase, unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        # The first time makes what is kept.
        with PatchCaches(self.adapter):
            pass

    def state(self):
        return dict(vars(self.library)), dict(still_entered)

    @expand(WAYS, quick=2)
    def test_repaired(self, name, way):
        """Whatever step was interrupted, all is as before once the next scope has closed."""
        late_patches.wait_for_held()
        for _ in range(2):
            counted = Steps()
            way(counted, self.adapter, [])
        tried = {*range(1, counted.seen + 1, 1 if EXHAUSTIVE else SAMPLE)}
        # Those that nothing protects are always among them.
        tried |= {n for (code, _), n in counted.first.items() if code in UNPROTECTED}
        left, reached = 0, Reached()
        for n in sorted(tried):
            before = self.everything()
            kept = []
            steps = Steps(n)
            steps.ended(way, steps, self.adapter, kept)
            reached.add(steps)
            if self.everything() != before:
                left += 1
                # An ExitStack's exception is a cycle, which keeps the manager until that is collected.
                gc.collect()
            with PatchCaches():
                pass
            self.assertEqual(self.everything(), before, (n, steps.where))
        reached.check()
        if name in ("freed", "kept_after_return"):
            self.assertGreater(left, 0, "no step was one that nothing protects")

    @takes_a_while
    def test_by_a_test_case(self):
        """The scope of a test case repairs as well, and is not inside the one that was left."""
        before = self.everything()
        counted = Steps()
        freed(counted, self.adapter, [])
        found = []

        class Inner(CacheTestCase):
            patch_caches = (self.adapter,)

            def test(self):
                found.append(len(scope_of_caller().lineage()))

        for n in range(1, counted.seen + 1):
            with contextlib.suppress(Interrupt):
                freed(Steps(n), self.adapter, [])
            if self.everything() != before:
                result = run_case(Inner("test"))
                self.assertEqual(result.errors + result.failures, [])
                self.assertEqual(self.everything(), before)
        self.assertEqual({*found}, {1})

    def test_of_a_thread_that_has_ended(self):
        """A thread that was interrupted and has ended is repaired by whoever is next."""
        before = self.everything()
        kept = []

        def work():
            # As if __exit__ had been interrupted before its first line.
            patch = PatchCaches(self.adapter)
            patch.__class__ = Unleavable
            with contextlib.suppress(Interrupt), patch:
                kept.append(patch)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        self.assertNotEqual(self.everything(), before)
        with PatchCaches():
            pass
        self.assertEqual(self.everything(), before)


class Unleavable(PatchCaches):
    def __exit__(self, *exc):
        raise Interrupt


class StayingTests(unittest.TestCase):
    """What is still to be left stays open, however it was entered."""

    def setUp(self):
        self.library, self.adapter = make_library()

    def assertInside(self, depth):
        with PatchCaches(self.adapter):
            self.assertEqual(len(scope_of_caller().lineage()), depth + 1)

    def test_entered_by_hand(self):
        patch = PatchCaches(self.adapter)

        def enter():
            patch.__enter__()

        enter()
        self.addCleanup(patch.__exit__, None, None, None)
        self.assertInside(1)

    def test_in_a_generator(self):
        def fixture():
            with PatchCaches(self.adapter) as patch:
                yield patch

        made = fixture()
        next(made)
        self.assertInside(1)
        made.close()

    def test_in_a_stack(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(PatchCaches(self.adapter))
        self.assertInside(1)

    def test_in_handlers_inside(self):
        """A block may be anywhere: in the handlers, loops and blocks inside the one around it."""
        with PatchCaches(self.adapter):
            for _ in range(2):
                try:
                    raise ValueError
                except ValueError:
                    with contextlib.nullcontext():
                        self.assertInside(1)
                        with PatchCaches(self.adapter):
                            self.assertInside(2)
                finally:
                    self.assertInside(1)
            self.assertInside(1)

    def test_of_another_thread(self):
        entered, go = threading.Event(), threading.Event()
        found = []

        def work():
            with PatchCaches(self.adapter) as patch:
                entered.set()
                go.wait(10)
                found.append(scope_of_caller().caches is patch.caches)

        thread = threading.Thread(target=work)
        thread.start()
        entered.wait(10)
        with PatchCaches(self.adapter):
            pass
        go.set()
        thread.join()
        self.assertEqual(found, [True])


if __name__ == "__main__":
    unittest.main()
