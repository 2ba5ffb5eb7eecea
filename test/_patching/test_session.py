import unittest
import warnings

from cachetest._caches.attribution import scope_of_caller
from cachetest._patching.session import Session, SessionResult
from cachetest._recording.call_sites import Location
from cachetest.errors import LateOperationWarning

from ..support import LibraryAdapter, make_library


class Named(LibraryAdapter):
    """An adapter with keys of its own."""

    def components(self, cache, key):
        return [("own part", key)]


class ActivationTests(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        self.addCleanup(lambda: self.assertIsNone(scope_of_caller()))

    def test_open_and_close(self):
        """Opening returns the scope; closing finds nothing when all is well, and nothing more after."""
        activation = Session([self.adapter], label="a test")
        scope = activation.open()
        self.assertIs(scope_of_caller(), scope)
        self.assertEqual((scope.label, list(scope.caches)), ("a test", ["lib"]))
        self.assertIsNone(activation.close())
        self.assertIsNone(scope_of_caller())
        self.assertIsNone(activation.close())
        self.assertEqual(self.library.backend, "real")

    def test_closed_without_being_opened(self):
        """What was never opened has nothing to find."""
        self.assertIsNone(Session([self.adapter], label="a test").close())

    def parts(self, adapter, name, **options):
        """Return the parts in which two keys of the cache *name* are found to differ."""
        activation = Session([adapter], label="a test", **options)
        self.addCleanup(activation.close)
        cache = activation.open().caches.ensure(name)
        cache.put("a:b", 1)
        cache.get("a:c")
        parts = [difference.part for difference in cache.explain().differences]
        activation.close()
        return parts

    def test_components(self):
        """Keys are taken apart by the adapter that has the cache, others by their own structure."""
        self.assertEqual(self.parts(self.adapter, "lib"), ["part 2"])
        self.assertEqual(self.parts(Named(self.library), "lib"), ["own part"])
        self.assertEqual(self.parts(Named(self.library), "prices"), ["part 2"])

    def test_components_off(self):
        """Where misses are not to be explained, no adapter is asked."""
        self.assertEqual(self.parts(Named(self.library), "lib", explain_misses=False), ["part 2"])


class VerdictTests(unittest.TestCase):
    def test_warns_at_the_line(self):
        """Each thing that others left behind is a warning at the line given."""
        verdict = SessionResult([], ["one", "two"], None)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            verdict.raise_or_warn(Location("file.py", 7, "test"), AssertionError)
        self.assertEqual(
            [(str(each.message), each.category, each.filename, each.lineno) for each in caught],
            [(text, LateOperationWarning, "file.py", 7) for text in ("one", "two")],
        )


if __name__ == "__main__":
    unittest.main()
