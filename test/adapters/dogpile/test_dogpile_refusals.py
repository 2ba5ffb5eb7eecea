"""Values that a region finds and can't read: dogpile makes them anew, and that is no expiration."""

import unittest

from parameterized import parameterized

from .dogpile_support import DogpileTestCase, kinds


class RefusalTests(DogpileTestCase):
    def setUp(self):
        super().setUp()
        from dogpile.cache.api import CantDeserializeException

        self.readable = True

        def read(data):
            if not self.readable or data == b"bad":
                raise CantDeserializeException
            return data

        self.region = self.make_region(serializer=lambda value: value, deserializer=read)
        self.region.configure(self.backend, expiration_time=10)

    @parameterized.expand(
        [
            ("get", lambda r: r.get("a"), []),
            ("get_value_metadata", lambda r: r.get_value_metadata("a"), []),
            ("get_multi", lambda r: r.get_multi(["a"]), []),
            ("get_or_create", lambda r: r.get_or_create("a", lambda: b"2"), [("put", "a")]),
            (
                "get_or_create_multi",
                lambda r: r.get_or_create_multi(["a"], lambda *_: [b"2"]),
                [("put", "a")],
            ),
        ]
    )
    def test_unreadable(self, name, call, after):
        """It is a hit, and refused; what is made anew is put."""
        caches = self.patch()
        self.region.set("a", b"1")
        caches.region.operations.clear()
        self.readable = False
        call(self.region)
        self.assertEqual(kinds(), [("hit", "a"), ("refusal", "a"), *after])
        hit, refusal, *_ = caches.region.operations
        self.assertEqual(hit.asked, name)
        self.assertIn("CantDeserializeException", refusal.error)

    def test_among_others(self):
        """Of several, those that can be read are hits, those that are not there are misses."""
        caches = self.patch()
        self.region.set_multi({"a": b"1", "b": b"bad", "d": b"1"})
        caches.region.operations.clear()
        self.region.get_multi(["a", "b", "c", "d"])
        self.assertEqual(kinds(), [("hit", "a"), ("hit", "b"), ("refusal", "b"), ("miss", "c"), ("hit", "d")])

    @parameterized.expand([("get", lambda r: r.get("a")), ("many", lambda r: r.get_multi(["a", "b"]))])
    def test_expired(self, _, call):
        """One that can be read, and is too old, has expired still."""
        self.patch()
        self.region.set("a", b"1")
        self.now += 11
        call(self.region)
        self.assertEqual(kinds()[1:3], [("expiration", "a"), ("miss", "a")])


if __name__ == "__main__":
    unittest.main()
