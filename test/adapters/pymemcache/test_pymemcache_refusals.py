"""Values that a client finds and can't deserialize: a hit of the server, and refused."""

import unittest

from parameterized import parameterized

from .pymemcache_support import ADDRESS, PymemcacheTestCase, client


class Serde:
    """Reads nothing that says it is bad."""

    def serialize(self, key, value):
        return value, 0

    def deserialize(self, key, value, flags):
        if value == b"bad":
            raise ValueError("no such class")
        return value


class RefusalTests(PymemcacheTestCase):
    def kinds(self):
        return [(each.kind, each.key) for each in self.caches.pymemcache.operations]

    def put(self, **values):
        client().set_many(values)
        self.caches.pymemcache.operations.clear()

    @parameterized.expand(
        [
            ("get", lambda c: c.get("a")),
            ("gets", lambda c: c.gets("a")),
            ("get_many", lambda c: c.get_many(["a"])),
        ]
    )
    def test_raises(self, _, call):
        """The client raises what the serde has raised, and the reason is in the log."""
        self.put(a=b"bad")
        with self.assertRaisesRegex(ValueError, "no such class"):
            call(client(serde=Serde()))
        self.assertEqual(self.kinds(), [("hit", "a"), ("refusal", "a")])
        self.assertEqual(
            self.caches.pymemcache.operations[1].error, "it can't be decoded: ValueError: no such class"
        )
        with self.assertRaisesRegex(AssertionError, "expected refusals=0, got 1"):
            self.assertCacheStats("pymemcache", hits=1)

    @parameterized.expand([("Client",), ("PooledClient",), ("HashClient",)])
    def test_swallowed(self, name):
        """A client that swallows exceptions returns the default, as if nothing were there."""
        import pymemcache

        self.put(a=b"bad", b=b"good")
        made = getattr(pymemcache, name)(
            [ADDRESS] if name == "HashClient" else ADDRESS, serde=Serde(), ignore_exc=True
        )
        self.assertIsNone(made.get("a"))
        self.assertEqual(made.get("b"), b"good")
        self.assertEqual(self.kinds(), [("hit", "a"), ("refusal", "a"), ("hit", "b")])

    def test_prefix(self):
        """The key is that of the hit, with the prefix of the client."""
        client(key_prefix=b"p:").set("a", b"bad")
        client(serde=Serde(), key_prefix=b"p:", ignore_exc=True).get("a")
        self.assertEqual(self.kinds()[1:], [("hit", "p:a"), ("refusal", "p:a")])


if __name__ == "__main__":
    unittest.main()
