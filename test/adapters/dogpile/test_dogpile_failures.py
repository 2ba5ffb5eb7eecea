"""The calls of a region that raise: those that are failures of the cache, and those that are not."""

import pickle
import unittest

from parameterized import parameterized

from .dogpile_support import DogpileTestCase, kinds


class FailureTests(DogpileTestCase):
    backend = "dogpile.cache.memory_pickle"

    @parameterized.expand(
        [
            ("set", lambda r, bad: r.set("a", bad), [("failure", "a")]),
            (
                "set_multi",
                lambda r, bad: r.set_multi({"a": 1, "b": bad}),
                [("failure", "a"), ("failure", "b")],
            ),
            (
                "get_or_create",
                lambda r, bad: r.get_or_create("a", lambda: bad),
                [("miss", "a"), ("failure", "a")],
            ),
            (
                "get_or_create_multi",
                lambda r, bad: r.get_or_create_multi(["a"], lambda *keys: [bad]),
                [("miss", "a"), ("failure", "a")],
            ),
        ]
    )
    def test_unpicklable(self, name, call, expected):
        """A value that can't be serialized is a failure of the call, though it never got to the backend."""
        caches = self.patch()
        with self.assertRaises((pickle.PicklingError, AttributeError)):
            call(self.region, lambda: None)
        self.assertEqual(kinds(), expected)
        self.assertEqual(caches.region.operations[-1].asked, name)
        self.assertEqual(caches.region.operations[-1].where.filename, __file__)

    @parameterized.expand(
        [
            ("get", lambda r: r.get("a")),
            ("get_value_metadata", lambda r: r.get_value_metadata("a")),
            ("get_multi", lambda r: r.get_multi(["a"])),
            ("get_or_create", lambda r: r.get_or_create("a", lambda: 1)),
        ]
    )
    def test_unreadable(self, name, call):
        """So is one that can't be read back."""
        caches = self.patch()
        self.region.set("a", 1)
        metadata, _, _ = self.region.backend.get("a").partition(b"|")
        self.region.backend.set("a", metadata + b"|no pickle")
        caches.region.operations.clear()
        with self.assertRaises(pickle.UnpicklingError):
            call(self.region)
        self.assertEqual(kinds(), [("failure", "a")])
        self.assertEqual(caches.region.operations[0].asked, name)

    def test_creator(self):
        """An error of the program's own creator is no failure, nor is one of another region in it."""
        other = self.make_region().configure(self.backend)
        caches = self.patch(region=self.region, other=other)
        with self.assertRaises(ZeroDivisionError):
            self.region.get_or_create("a", lambda: 1 / 0)
        with self.assertRaises((pickle.PicklingError, AttributeError)):
            self.region.get_or_create("a", lambda: other.set("b", lambda: None))
        self.assertEqual(kinds(), [("miss", "a"), ("miss", "a")])
        self.assertEqual([each.kind for each in caches.other.operations], ["failure"])

    @parameterized.expand(
        [
            ("get", lambda r: r.get("a"), ["get"]),
            ("get_value_metadata", lambda r: r.get_value_metadata("a"), ["get_value_metadata"]),
            ("get_multi", lambda r: r.get_multi(["a"]), ["get_multi"]),
            ("get_or_create", lambda r: r.get_or_create("a", lambda: 1), ["get_or_create", "set"]),
            ("set", lambda r: r.set("a", 1), ["set"]),
            ("set_multi", lambda r: r.set_multi({"a": 1}), ["set_multi"]),
            ("delete", lambda r: r.delete("a"), ["delete"]),
            ("delete_multi", lambda r: r.delete_multi(["a"]), ["delete_multi"]),
        ]
    )
    def test_asked(self, _, call, expected):
        """An operation says by which name the region was called; what dogpile puts by itself is a set."""
        caches = self.patch()
        call(self.region)
        self.assertEqual([each.asked for each in caches.region.operations], expected)


if __name__ == "__main__":
    unittest.main()
