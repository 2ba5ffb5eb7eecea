import copy
import gc
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches, Stats, UnknownCacheError
from cachetest._caches import backend_names


class MockBackendTests(CacheTestCase):
    def test_get_and_put(self):
        """A miss returns None, a hit the value."""
        backend = MockBackend("c")
        self.assertIsNone(backend.get("k"))
        backend.put("k", 1)
        self.assertEqual(backend.get("k"), 1)
        self.assertCacheStats("c", Stats(1, 1, 1))

    def test_none_is_a_value(self):
        """None that was put is a hit, though it looks like a miss to the caller."""
        backend = MockBackend("c")
        backend.put("k", None)
        self.assertIsNone(backend.get("k"))
        self.assertCacheStats("c", puts=1, hits=1, misses=0)

    def test_one_name_one_cache(self):
        """Two backends of one name share entries and counts; of two names, neither."""
        MockBackend("c").put("k", 1)
        self.assertEqual(MockBackend("c").get("k"), 1)
        self.assertIsNone(MockBackend("d").get("k"))
        self.assertCacheStats("c", Stats(1, 1, 0))
        self.assertCacheStats("d", Stats(0, 0, 1))

    def test_known_once_made(self):
        """A backend made inside the test can be asserted to be unused."""
        MockBackend("c")
        self.assertCacheUnused("c")

    def test_known_while_it_is_there(self):
        """The name of a backend from before the test is known, with nothing counted, while that is there."""
        with mock.patch.dict(backend_names._backends, clear=True):
            held = MockBackend("held")
            with PatchCaches() as patch:
                self.assertEqual(patch.caches.held, Stats(0, 0, 0))
                self.assertEqual(patch.caches.get_stat("held").operations.total, 0)
            copied = copy.copy(held)
            del held
            gc.collect()
            with PatchCaches() as patch:
                self.assertEqual(patch.caches.held, Stats(0, 0, 0))
            del copied
            gc.collect()
            with PatchCaches() as patch, self.assertRaises(UnknownCacheError):
                patch.caches.held  # noqa: B018

    def test_factory(self):
        """with_name() gives a factory without arguments, of the class it was called on."""

        class Own(MockBackend):
            """A subclass."""

        made = Own.with_name("c")()
        self.assertIs(type(made), Own)
        self.assertEqual(repr(made), "Own('c')")

    @parameterized.expand([(None,), (1,), (b"c",)])
    def test_name_that_is_no_string(self, name):
        """A cache has a string for a name."""
        with self.assertRaisesRegex(TypeError, "a string for a name, not"):
            MockBackend(name)

    def test_follows_the_scope(self):
        """A backend that is kept works in whichever scope it is called."""
        backend = MockBackend("c")
        backend.put("k", 1)
        with PatchCaches() as inner:
            self.assertIsNone(backend.get("k"))
        self.assertEqual(backend.get("k"), 1)
        self.assertEqual(inner.caches.c, Stats(0, 0, 1))
        self.assertCacheStats("c", Stats(1, 1, 0))


if __name__ == "__main__":
    unittest.main()
