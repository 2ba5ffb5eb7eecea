"""What faults do to a region, besides the cases of the contract."""

import json
import unittest

from cachetest import Damaged, Dropped, Fails, Gone, Stale

from .dogpile_support import DogpileTestCase, kinds


class FaultTests(DogpileTestCase):
    def setUp(self):
        super().setUp()
        self.mock = self.patch()["region"]

    def test_gone(self):
        """What makes a value makes it again; the miss of it is the one that was struck."""
        self.region.set("a", 1)
        with self.mock.inject(Gone()) as injected:
            self.assertEqual(self.region.get_or_create("a", lambda: 2), 2)
        self.assertEqual([(each.kind, each.asked) for each in injected.struck], [("miss", "get_or_create")])
        self.assertEqual(kinds(), [("put", "a"), ("eviction", "a"), ("miss", "a"), ("put", "a")])

    def test_one_key_of_several(self):
        """Of a call for several keys, one that is meant is struck alone."""
        self.region.set_multi({"a": 1, "b": 2})
        with self.mock.inject(Gone(), key="a") as injected:
            self.assertEqual(self.region.get_multi(["a", "b"]), [self.nothing, 2])
        self.assertEqual([(each.kind, each.key) for each in injected.struck], [("miss", "a")])
        with self.mock.inject(Dropped(), key="b"):
            self.region.set_multi({"a": 3, "b": 4})
        self.assertEqual(self.region.get_multi(["a", "b"]), [3, 2])

    def test_fails(self):
        """One that fails does so as a whole, and before anything is made."""
        self.region.set_multi({"a": 1, "b": 2})
        with self.mock.inject(Fails(OSError), key="a", on="get") as injected, self.assertRaises(OSError):
            self.region.get_or_create_multi(["a", "b"], self.fail)
        self.assertEqual(
            [(each.kind, each.key) for each in injected.struck], [("failure", "a"), ("failure", "b")]
        )

    def test_stale(self):
        self.region.set("a", 1)
        with self.mock.inject(Stale()) as injected:
            self.region.set("a", 2)
            self.region.delete("a")
            self.assertEqual(self.region.get("a"), 1)
            self.assertEqual(self.region.get_multi(["a", "b"]), [1, self.nothing])
        self.assertEqual(self.region.get("a"), self.nothing)
        self.assertEqual([each.kind for each in injected.struck], ["hit", "hit"])

    def test_objects(self):
        """A region without a serializer holds objects, which can't be damaged."""
        with self.assertRaisesRegex(TypeError, "it holds objects"):
            self.mock.inject(Damaged())

    def test_damaged(self):
        """One that has a serializer meets bytes that it can't read: a failure."""
        region = self.make_region(
            serializer=lambda value: json.dumps(value).encode(), deserializer=json.loads
        )
        region.configure("dogpile.cache.memory")
        mock = self.patch(texts=region)["texts"]
        region.set("a", "a text")
        with mock.inject(Damaged()) as injected, self.assertRaises(ValueError):
            region.get("a")
        (operation,) = injected.struck
        self.assertEqual((operation.kind, operation.key, operation.fault), ("failure", "a", Damaged()))
        self.assertRegex(operation.error, "JSONDecodeError")
        region.set("a", "a text")
        self.assertEqual(region.get("a"), "a text")


if __name__ == "__main__":
    unittest.main()
