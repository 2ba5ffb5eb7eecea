import unittest
from contextlib import contextmanager
from unittest import mock

from parameterized import parameterized

from cachetest import installations
from cachetest.installations import acquire, displaced, release
from cachetest.undo import Undo

from .support import LibraryAdapter, NamedPlaceAdapter, make_library


class InstallationTests(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        self.addCleanup(self.assertNotIn, self.adapter, installations._installations)

    def release(self, holder, adapter=None):
        problems = []
        release(adapter or self.adapter, holder, problems)
        return problems

    def patched(self):
        return "backend" in vars(self.library)

    @parameterized.expand([("same order", "ab"), ("reverse", "ba")])
    def test_first_installs_last_restores(self, _, order):
        """It is installed from the first holder to the last, whichever that is."""
        acquire(self.adapter, "a")
        backend = self.library.backend
        acquire(LibraryAdapter(self.library), "b")
        self.assertIs(self.library.backend, backend)
        self.assertEqual(self.release(order[0]), [])
        self.assertIs(self.library.backend, backend)
        self.assertEqual(self.release(order[1]), [])
        self.assertFalse(self.patched())

    def test_release_without_holding(self):
        """Who does not hold it, or not any more, changes nothing."""
        self.release("a")
        acquire(self.adapter, "a")
        self.release("b")
        self.assertTrue(self.patched())
        self.release("a")
        self.release("a")
        self.assertFalse(self.patched())

    def test_install_that_fails(self):
        """A failed install is let go of like any other, and may be tried again."""
        adapter = type("Fails", (LibraryAdapter,), {"install": lambda self: 1 / 0})(self.library)
        with self.assertRaises(ZeroDivisionError):
            acquire(adapter, "a")
        self.assertEqual(self.release("a", adapter), [])
        self.assertNotIn(adapter, installations._installations)

    @parameterized.expand([("set by an Undo", LibraryAdapter), ("named", NamedPlaceAdapter)])
    def test_displaced(self, _, adapter_class):
        """What somebody put in the place of our patch is named; the original is put back all the same."""
        self.adapter = adapter_class(self.library)
        self.assertEqual(displaced(self.adapter), [])
        acquire(self.adapter, "a")
        self.assertEqual(displaced(self.adapter), [])
        self.library.backend = "somebody's"
        (line,) = displaced(self.adapter)
        self.assertIn('Library.backend was displaced while the test ran: it holds "somebody\'s"', line)
        self.assertEqual(self.release("a"), [])
        self.assertFalse(self.patched())

    def test_not_restored(self):
        """An adapter that leaves its patch behind is found out."""

        class Careless(NamedPlaceAdapter):
            @contextmanager
            def install(self):
                self.library.backend = "left behind"
                yield

        adapter = Careless(self.library)
        acquire(adapter, "a")
        (line,) = self.release("a", adapter)
        self.assertEqual(
            line,
            "the adapter 'library' did not restore Library.backend: it holds 'left behind', and held absent "
            "before",
        )

    def test_next_after_a_failed_install(self):
        """Who comes while the one before is still failing is patched all the same."""
        fails = [OSError("in the midst")]

        class Fails(LibraryAdapter):
            def install(self):
                if fails:
                    raise fails.pop()
                return super().install()

        adapter = Fails(self.library)
        with self.assertRaises(OSError):
            acquire(adapter, "a")
        acquire(adapter, "b")
        self.assertTrue(self.patched())
        self.release("a", adapter)
        self.assertTrue(self.patched())
        self.release("b", adapter)
        self.assertFalse(self.patched())
        self.assertNotIn(adapter, installations._installations)

    def test_next_after_an_interrupted_release(self):
        """Who comes while the one before is interrupted as it lets go is patched, and stays so."""
        interrupts = [KeyboardInterrupt, KeyboardInterrupt]

        class Interrupted(Undo):
            def __exit__(self, *exc):
                super().__exit__(*exc)
                if interrupts:
                    raise interrupts.pop()

        class Adapter(LibraryAdapter):
            def install(self):
                return Interrupted(super().install()._begin)

        adapter = Adapter(self.library)
        acquire(adapter, "a")
        with self.assertRaises(KeyboardInterrupt):
            self.release("a", adapter)
        self.assertFalse(self.patched())
        acquire(adapter, "b")
        self.assertTrue(self.patched())
        self.release("a", adapter)
        self.assertTrue(self.patched())
        self.release("b", adapter)
        self.assertFalse(self.patched())

    def test_places_that_can_not_be_read(self):
        """An adapter that can't tell whether it restored all is let go of, and said to be so."""
        adapter = NamedPlaceAdapter(self.library)
        acquire(adapter, "a")
        with mock.patch.object(NamedPlaceAdapter, "places", side_effect=ValueError("gone")):
            (line,) = self.release("a", adapter)
        self.assertIn("whether the adapter 'library' restored all can't be told: ValueError('gone')", line)
        self.assertNotIn(adapter, installations._installations)

    def test_restore_that_raises(self):
        """An adapter that raises as it restores is let go of at the second try."""

        class Raises(LibraryAdapter):
            @contextmanager
            def install(self):
                yield
                raise ValueError("in the midst")

        adapter = Raises(self.library)
        acquire(adapter, "a")
        with self.assertRaises(ValueError):
            self.release("a", adapter)
        self.assertEqual(self.release("a", adapter), [])
        self.assertNotIn(adapter, installations._installations)


if __name__ == "__main__":
    unittest.main()
