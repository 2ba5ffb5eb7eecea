import contextvars
import unittest
import unittest.mock

from cachetest import NotPatchedError, PatchCaches, SwitchError

from ..support import LibrarySwitch
from .test_patch_caches import PatchCase
from .test_switches import ContextSwitch


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
