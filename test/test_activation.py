import unittest
import warnings

from cachetest.activation import Activation, Verdict, resolve_adapters
from cachetest.errors import LateOperationWarning, UnknownSwitchError
from cachetest.operations import Location
from cachetest.scope import owner

from .support import LibraryAdapter, make_library


class Named(LibraryAdapter):
    """An adapter with keys of its own."""

    def components(self, cache, key):
        return [("own part", key)]


class ActivationTests(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        self.addCleanup(lambda: self.assertIsNone(owner()))

    def test_open_and_close(self):
        """Opening returns the scope; closing finds nothing when all is well, and nothing more after."""
        activation = Activation([self.adapter], label="a test")
        scope = activation.open()
        self.assertIs(owner(), scope)
        self.assertEqual((scope.label, list(scope.caches)), ("a test", ["lib"]))
        self.assertIsNone(activation.close())
        self.assertIsNone(owner())
        self.assertIsNone(activation.close())
        self.assertEqual(self.library.backend, "real")

    def test_closed_without_being_opened(self):
        """What was never opened has nothing to find."""
        self.assertIsNone(Activation([self.adapter], label="a test").close())

    def test_components(self):
        """Keys are taken apart by the adapter that has the cache, others by their own structure."""
        activation = Activation([self.adapter, Named(self.library)], label="a test")
        self.assertEqual(activation.components("lib", "a:b"), [("part 1", "a"), ("part 2", "b")])
        activation = Activation([Named(self.library)], label="a test")
        self.assertEqual(activation.components("lib", "a:b"), [("own part", "a:b")])
        self.assertEqual(activation.components("prices", "a:b"), [("part 1", "a"), ("part 2", "b")])

    def test_switch_of_no_adapter(self):
        """A switch that nobody has is an error before anything is patched."""
        with self.assertRaisesRegex(UnknownSwitchError, "^no switch 'nothing' here$"):
            Activation([], enable=["nothing"], label="a test").open()

    def test_one_of_each(self):
        """An adapter that is given twice is there once."""
        self.assertEqual(resolve_adapters([self.adapter, LibraryAdapter(self.library)]), [self.adapter])


class VerdictTests(unittest.TestCase):
    def test_warns_at_the_line(self):
        """Each thing that others left behind is a warning at the line given."""
        verdict = Verdict([], ["one", "two"], None)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            verdict.tell(Location("file.py", 7, "test"), AssertionError)
        self.assertEqual(
            [(str(each.message), each.category, each.filename, each.lineno) for each in caught],
            [(text, LateOperationWarning, "file.py", 7) for text in ("one", "two")],
        )


if __name__ == "__main__":
    unittest.main()
