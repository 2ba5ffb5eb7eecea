import copy
import pickle
import unittest

from parameterized import parameterized

from cachetest import MockCache, MockCaches, Stats
from cachetest.errors import CacheTestError, UnknownCacheError


class MockCachesTests(unittest.TestCase):
    def setUp(self):
        self.caches = MockCaches(["fx_graph", "aot_autograd"])

    def test_mapping(self):
        """A scope is a mapping from name to cache, in the order of the names."""
        self.assertEqual(list(self.caches), ["fx_graph", "aot_autograd"])
        self.assertEqual(len(self.caches), 2)
        self.assertIn("fx_graph", self.caches)
        self.assertNotIn("triton", self.caches)
        self.assertIsNone(self.caches.get("triton"))
        self.assertEqual(self.caches["fx_graph"].name, "fx_graph")

    def test_three_ways_are_one(self):
        """Attribute, key and get_stat() give the same object."""
        self.assertIs(self.caches.fx_graph, self.caches["fx_graph"])
        self.assertIs(self.caches.fx_graph, self.caches.get_stat("fx_graph"))

    @parameterized.expand(
        [
            ("attribute", lambda caches: caches.fx_grpah),
            ("key", lambda caches: caches["fx_grpah"]),
            ("get_stat", lambda caches: caches.get_stat("fx_grpah")),
        ]
    )
    def test_unknown_name(self, _, look):
        """A wrong name says which there are, the closest first."""
        for kind in (AttributeError, LookupError, CacheTestError):
            with self.assertRaises(kind) as caught:
                look(self.caches)
        self.assertEqual(
            str(caught.exception),
            "no cache 'fx_grpah' here; known, the closest first: fx_graph, aot_autograd",
        )

    def test_unknown_name_of_an_adapter(self):
        """Where an adapter would add the name, the error says which."""
        caches = MockCaches(adapter_for={"fx_graph": "inductor"}.get)
        with self.assertRaisesRegex(
            UnknownCacheError, "no adapter was patched.*adapter 'inductor' would add it: patch_caches"
        ):
            caches.fx_graph  # noqa: B018

    @parameterized.expand([(1,), (None,), ([],)])
    def test_name_that_is_no_string(self, name):
        """So does a name that can't be one."""
        with self.assertRaisesRegex(UnknownCacheError, "a string for a name, not"):
            self.caches[name]

    def test_hasattr(self):
        """hasattr() and getattr() with a default work."""
        self.assertTrue(hasattr(self.caches, "fx_graph"))
        self.assertFalse(hasattr(self.caches, "nothing"))
        self.assertFalse(hasattr(self.caches, "_nothing"))

    def test_augmented_assignment(self):
        """caches.name += Stats(...) adds to the cache; to replace a cache is an error."""
        held = self.caches.fx_graph
        self.caches.fx_graph += Stats(1, 0, 0)
        self.assertIs(self.caches.fx_graph, held)
        self.assertEqual(held, Stats(1, 0, 0))
        with self.assertRaisesRegex(AttributeError, "'fx_graph' of a scope can't be replaced"):
            self.caches.fx_graph = Stats()
        with self.assertRaises(AttributeError):
            self.caches.new = MockCache("new")

    def test_ensure(self):
        """A cache is made on first use, once."""
        made = self.caches.ensure("new")
        self.assertIs(self.caches.ensure("new"), made)
        self.assertIs(self.caches.new, made)

    def test_reset(self):
        """A held cache stays valid."""
        held = self.caches.fx_graph
        held.put("a", 1)
        self.caches.reset()
        self.assertIs(self.caches.fx_graph, held)
        self.assertEqual(held, Stats())

    def test_repr(self):
        """repr() shows the counts by name."""
        self.caches.fx_graph.put("a", 1)
        self.assertEqual(
            repr(self.caches),
            "<MockCaches fx_graph: (puts: 1, misses: 0, hits: 0), "
            "aot_autograd: (puts: 0, misses: 0, hits: 0)>",
        )
        self.assertEqual(repr(MockCaches()), "<MockCaches, none>")

    def test_copies(self):
        """Copying and pickling probe for dunders, which are no caches."""
        self.caches.fx_graph.put("a", 1)
        for copied in (copy.deepcopy(self.caches), pickle.loads(pickle.dumps(self.caches))):
            self.assertEqual(copied.fx_graph, Stats(1, 0, 0))
            self.assertIsNot(copied.fx_graph, self.caches.fx_graph)


if __name__ == "__main__":
    unittest.main()
