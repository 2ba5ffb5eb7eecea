import unittest
import warnings
from unittest import mock

from parameterized import parameterized

from cachetest import NotPatchedError, PatchCaches
from cachetest._caches.attribution import bind_to_scope, scope_of_caller
from cachetest._patching.patch_caches import again_if_interrupted
from cachetest.errors import CacheTestWarning, LateOperationWarning

from ..support import InterruptedAdapter, LibraryAdapter
from .test_patch_caches import PatchCase


class AgainTests(unittest.TestCase):
    """The one retry of what an interrupt has ended early."""

    def step(self, *outcomes):
        """Return a step that comes to *outcomes*, one after the other, and what counts its calls."""
        return mock.Mock(side_effect=outcomes)

    def test_once(self):
        """A step that comes to its end is run once, and what it returned is returned."""
        step = self.step("result")
        self.assertEqual(again_if_interrupted(step), "result")
        self.assertEqual(step.call_count, 1)

    @parameterized.expand([(KeyboardInterrupt,), (SystemExit,), (ValueError,)])
    def test_again(self, error):
        """One that an exception ends is run once more, and then the exception goes on."""
        step = self.step(error, "result")
        with self.assertRaises(error):
            again_if_interrupted(step)
        self.assertEqual(step.call_count, 2)

    def test_no_third_time(self):
        """It is run twice at most; what the second one raises goes on."""
        step = self.step(KeyboardInterrupt, ValueError, "result")
        with self.assertRaises(ValueError):
            again_if_interrupted(step)
        self.assertEqual(step.call_count, 2)

    def test_nothing_was_begun(self):
        """Where nothing was begun, there is nothing to be finished."""
        step = self.step(NotPatchedError, "result")
        with self.assertRaises(NotPatchedError):
            again_if_interrupted(step)
        self.assertEqual(step.call_count, 1)


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


if __name__ == "__main__":
    unittest.main()
