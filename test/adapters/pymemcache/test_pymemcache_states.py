"""Memcached that is off keeps nothing, on any of its servers; what is put over an entry is compared."""

import unittest

from parameterized import parameterized

from cachetest import CacheTestCase

from .pymemcache_support import client, needs_pymemcache


@needs_pymemcache
class OffTests(CacheTestCase):
    patch_caches = ("pymemcache",)

    @parameterized.expand(
        [
            ("set", lambda server: server.set("k", "1", noreply=False), True),
            ("add", lambda server: server.add("k", "1", noreply=False), True),
            ("replace", lambda server: server.replace("k", "1", noreply=False), False),
            ("append", lambda server: server.append("k", "1", noreply=False), False),
            ("cas", lambda server: server.cas("k", "1", "1"), None),
            ("incr", lambda server: server.incr("k", 1), None),
            ("touch", lambda server: server.touch("before", 60, noreply=False), False),
            ("gets", lambda server: server.gets("before"), (None, None)),
            ("get_many", lambda server: server.get_many(["before", "k"]), {}),
            ("delete", lambda server: server.delete("before", noreply=False), False),
            ("set_many", lambda server: server.set_many({"k": "1", "l": "2"}), []),
        ]
    )
    def test_command(self, _, call, expected):
        """Each is done as on a server that has nothing, and leaves nothing."""
        servers = [client("a:1"), client("b:2")]
        for server in servers:
            server.set("before", "1")
        with self.caches.in_state("off"):
            for server in servers:
                self.assertEqual([call(server), call(server)], [expected, expected])
                self.assertIsNone(server.get("k"))
        self.assertEqual(len(self.caches.pymemcache.cache), 0)


@needs_pymemcache
class VerifyingTests(CacheTestCase):
    patch_caches = ("pymemcache",)

    @parameterized.expand(
        [
            ("set", lambda server, value: server.set("k", value)),
            ("add", lambda server, value: server.add("k", value)),
            ("set_many", lambda server, value: server.set_many({"k": value})),
        ]
    )
    def test_put(self, _, put):
        """The same again is right, and another value is told."""
        server = client("a:1")
        with self.caches.pymemcache.verifying():
            for _ in range(2):
                put(server, "one")
        with self.assertRaisesRegex(AssertionError, r"1 of 1 put over an entry .*\n  'k': b'one' -> b'two'"):
            with self.caches.pymemcache.verifying():
                for value in ("one", "two"):
                    put(server, value)

    def test_two_servers(self):
        """A key on two servers is two entries."""
        with self.caches.pymemcache.verifying():
            for _ in range(2):
                for name in ("a:1", "b:2"):
                    client(name).set("k", name)


if __name__ == "__main__":
    unittest.main()
