import unittest
from contextlib import contextmanager
from unittest import mock

from parameterized import parameterized

from cachetest._patching import shared_installs
from cachetest._patching.undo import Undo

from ..support import LibraryAdapter, NamedPlaceAdapter, make_library


class Hold:
    """One user's hold on an adapter, and the *problems* that it is told of."""

    def __init__(self, adapter, problems):
        self.adapter = adapter
        self.problems = problems

    def acquire(self):
        shared_installs.acquire(self.adapter, self)

    def release(self):
        return shared_installs.release(self.adapter, self, self.problems)


class InstallTests(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        self.addCleanup(self.assertNotIn, self.adapter.lookup_key, shared_installs._installs)

    def hold(self, adapter):
        """Return a hold on *adapter* that is not acquired yet, and where it tells of problems."""
        problems = []
        return Hold(adapter, problems), problems

    def acquired(self, adapter):
        made, problems = self.hold(adapter)
        made.acquire()
        return made, problems

    def patched(self):
        return "backend" in vars(self.library)

    @parameterized.expand([("same order", (0, 1)), ("reverse", (1, 0))])
    def test_first_installs_last_restores(self, _, order):
        """It is installed from the first hold to the last, whichever that is."""
        first = self.acquired(self.adapter)
        backend = self.library.backend
        holds = first, self.acquired(LibraryAdapter(self.library))
        self.assertIs(self.library.backend, backend)
        holds[order[0]][0].release()
        self.assertIs(self.library.backend, backend)
        holds[order[1]][0].release()
        self.assertFalse(self.patched())
        self.assertEqual([problems for _, problems in holds], [[], []])

    def test_released_without_being_held(self):
        """Who does not hold it, or not any more, changes nothing."""
        self.hold(self.adapter)[0].release()
        acquired, _ = self.acquired(self.adapter)
        self.hold(self.adapter)[0].release()
        self.assertTrue(self.patched())
        acquired.release()
        other, _ = self.acquired(self.adapter)
        acquired.release()
        self.assertTrue(self.patched())
        other.release()
        self.assertFalse(self.patched())

    def test_install_that_fails(self):
        """A failed install is released like any other, and may be tried again."""
        adapter = type("Fails", (LibraryAdapter,), {"install": lambda self: 1 / 0})(self.library)
        made, problems = self.hold(adapter)
        with self.assertRaises(ZeroDivisionError):
            made.acquire()
        made.release()
        self.assertEqual(problems, [])
        self.assertNotIn(adapter.lookup_key, shared_installs._installs)

    @parameterized.expand([("set by an Undo", LibraryAdapter), ("named", NamedPlaceAdapter)])
    def test_displaced(self, _, adapter_class):
        """What somebody put in the place of our patch is named; the original is put back all the same."""
        self.adapter = adapter_class(self.library)
        made, problems = self.hold(self.adapter)
        self.assertIsNone(made.release())
        for _ in range(2):
            made.acquire()
            self.assertIsNone(made.release())
        self.assertEqual(problems, [])
        made.acquire()
        self.library.backend = "somebody's"
        self.assertIsNone(made.release())
        (line,) = problems
        self.assertIn('Library.backend was displaced while the test ran: it holds "somebody\'s"', line)
        self.assertFalse(self.patched())

    @parameterized.expand([("set by an Undo", LibraryAdapter), ("named", NamedPlaceAdapter)])
    def test_displaced_under_two_holders(self, _, adapter_class):
        """Each that holds the patch is told that it was displaced, not only the last."""
        self.adapter = adapter_class(self.library)
        holds = [self.acquired(self.adapter) for _ in range(2)]
        outsider, untold = self.hold(self.adapter)
        self.library.backend = "somebody's"
        outsider.release()
        self.assertEqual(untold, [])
        for made, problems in holds:
            made.release()
            (line,) = problems
            self.assertIn("Library.backend was displaced while the test ran", line)
        self.assertFalse(self.patched())

    def test_not_restored(self):
        """An adapter that leaves its patch behind is found out."""

        class Careless(NamedPlaceAdapter):
            @contextmanager
            def install(self):
                self.library.backend = "left behind"
                yield

        made, problems = self.acquired(Careless(self.library))
        made.release()
        (line,) = problems
        self.assertEqual(
            line,
            "the adapter 'library' did not restore Library.backend: it holds 'left behind', and held absent "
            "before",
        )

    @parameterized.expand(
        [
            (
                "set",
                {"backend": "real"},
                {"__setattr__": lambda cls, *to: to[1] == "real" or type.__setattr__(cls, *to)},
            ),
            ("deleted", {}, {"__delattr__": lambda *_: None}),
        ]
    )
    def test_not_restored_by_its_owner(self, _, held, methods):
        """An owner that is told to put back what it held, and does not, is found out."""
        owner = type("Stubborn", (type,), methods)("Library", (), held)

        class Adapter(LibraryAdapter):
            def install(self):
                return Undo(lambda undo: undo.set_attribute(owner, "backend", "ours"))

        made, problems = self.acquired(Adapter(self.library))
        made.release()
        (line,) = problems
        self.assertIn(f"did not restore {__name__}.Library.backend: it holds 'ours', and held", line)

    def test_not_restored_by_a_step(self):
        """So is an adapter that puts something else in the place once that was put back."""

        class Adapter(LibraryAdapter):
            def install(self):
                undo = super().install()
                undo.add(lambda: setattr(self.library, "backend", "a default"))
                return undo

        made, problems = self.acquired(Adapter(self.library))
        made.release()
        (line,) = problems
        self.assertIn("did not restore test.support.Library.backend: it holds 'a default'", line)
        del self.library.backend

    def test_next_after_a_failed_install(self):
        """Who comes while the one before is still failing is patched all the same."""
        fails = [OSError("in the midst")]

        class Fails(LibraryAdapter):
            def install(self):
                if fails:
                    raise fails.pop()
                return super().install()

        adapter = Fails(self.library)
        first, _ = self.hold(adapter)
        with self.assertRaises(OSError):
            first.acquire()
        second, _ = self.acquired(adapter)
        self.assertTrue(self.patched())
        first.release()
        self.assertTrue(self.patched())
        second.release()
        self.assertFalse(self.patched())
        self.assertNotIn(adapter.lookup_key, shared_installs._installs)

    def test_next_after_an_interrupted_release(self):
        """Who comes while the one before is interrupted as it releases is patched, and stays so."""
        interrupts = [KeyboardInterrupt]

        class Interrupted(Undo):
            def __exit__(self, *exc):
                super().__exit__(*exc)
                if interrupts:
                    raise interrupts.pop()

        class Adapter(LibraryAdapter):
            def install(self):
                return Interrupted(super().install()._begin)

        adapter = Adapter(self.library)
        first, _ = self.acquired(adapter)
        with self.assertRaises(KeyboardInterrupt):
            first.release()
        self.assertFalse(self.patched())
        second, _ = self.acquired(adapter)
        self.assertTrue(self.patched())
        first.release()
        self.assertTrue(self.patched())
        second.release()
        self.assertFalse(self.patched())

    def test_next_after_one_that_was_interrupted_at_its_end(self):
        """A hold that was interrupted when all was restored leaves the next one's patch alone."""

        class Interrupted(dict):
            def __delitem__(self, key):
                super().__delitem__(key)
                raise KeyboardInterrupt

        first, problems = self.hold(self.adapter)
        with mock.patch.object(shared_installs, "_installs", Interrupted()):
            first.acquire()
            with self.assertRaises(KeyboardInterrupt):
                first.release()
        second, _ = self.acquired(self.adapter)
        first.release()
        self.assertTrue(self.patched())
        second.release()
        self.assertFalse(self.patched())
        self.assertEqual(problems, [])

    def test_places_that_can_not_be_read(self):
        """An adapter that can't tell whether it restored all is released, and said to be so."""
        adapter = NamedPlaceAdapter(self.library)
        made, problems = self.acquired(adapter)
        with mock.patch.object(NamedPlaceAdapter, "patched_attributes", side_effect=ValueError("gone")):
            cause = made.release()
        self.assertIsInstance(cause, ValueError)
        self.assertEqual(
            problems,
            [
                "looking at the patches raised ValueError: gone",
                "whether the adapter 'library' restored all can't be told: ValueError('gone')",
            ],
        )
        self.assertFalse(self.patched())
        self.assertNotIn(adapter.lookup_key, shared_installs._installs)

    def test_restore_that_raises(self):
        """An adapter that raises as it restores is released at the second try."""

        class Raises(LibraryAdapter):
            @contextmanager
            def install(self):
                yield
                raise ValueError("in the midst")

        adapter = Raises(self.library)
        made, problems = self.acquired(adapter)
        with self.assertRaises(ValueError):
            made.release()
        made.release()
        self.assertEqual(problems, [])
        self.assertNotIn(adapter.lookup_key, shared_installs._installs)


if __name__ == "__main__":
    unittest.main()
