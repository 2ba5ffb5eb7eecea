import unittest
import unittest.mock

from cachetest import MockBackend, UnknownCacheError
from cachetest._caches import backend_names

from ..test_case import LibraryCase
from .assertion_case import AssertionCase


class UseAssertionTests(AssertionCase):
    def test_unused(self):
        """A cache without any operation is unused."""
        MockBackend("idle")
        self.assertCacheUnused("idle")
        with self.fails("(?s)expected no operation on 'prices'.*1. miss  'a'.* : message"):
            self.assertCacheUnused("idle", "prices", msg="message")
        with self.assertRaises(UnknownCacheError):
            self.assertCacheUnused("idel")

    def test_unused_without_names(self):
        """Without names, every cache of the scope must be idle."""
        with self.fails("expected no operation on 'prices'"):
            self.assertCacheUnused()
        self.caches.reset()
        self.assertCacheUnused()


class NothingToAssertOnTests(LibraryCase):
    def test_nothing_imported(self):
        """A cache whose library was not imported before the test is an error that says which it is."""
        with unittest.mock.patch("cachetest.adapters.registry.detected_adapters", list):
            _, result = self.run_method(
                lambda case: case.assertCacheStats("fx_graph", puts=0), patch_caches=None
            )
        ((_, text),) = result.errors
        self.assertIn("no adapter was patched", text)
        self.assertIn("adapter 'inductor' would add it", text)

    def test_unused_with_nothing_patched(self):
        """Without a cache there is nothing that could be unused: an error, not a pass."""
        with unittest.mock.patch.dict(backend_names._backends, clear=True):
            _, result = self.run_method(lambda case: case.assertCacheUnused(), patch_caches=())
            ((_, text),) = result.errors
            self.assertIn("NotPatchedError: there is no cache here", text)
            held = MockBackend("held")
            _, result = self.run_method(lambda case: case.assertCacheUnused(), patch_caches=())
            self.assertTrue(result.wasSuccessful(), held)

    def test_unused_with_a_library_imported_meanwhile(self):
        """A library that was imported by the test itself is not patched: an error, not a pass."""

        def body(case):
            ready.return_value = [self.adapter]
            MockBackend("c")
            case.assertCacheUnused()

        with unittest.mock.patch("cachetest.adapters.registry.detected_adapters", return_value=[]) as ready:
            _, result = self.run_method(body, patch_caches=None)
        ((_, text),) = result.errors
        self.assertIn(
            "adapter 'library' was imported while the test ran, so its caches are not patched", text
        )


if __name__ == "__main__":
    unittest.main()
