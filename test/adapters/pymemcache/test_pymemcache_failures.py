"""Servers that fail: what a HashClient remembers of them."""

import time
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import PatchCaches

from .pymemcache_support import needs_pymemcache, pymemcache

SERVERS = ["a:11211", "b:11211"]
KEYS = [f"k{n}" for n in range(30)]


def hash_client(**options):
    from pymemcache import HashClient

    options = {"retry_attempts": 0, "dead_timeout": 60, "ignore_exc": True, **options}
    return HashClient(SERVERS, **options)


def down(*hosts):
    """Return a patch by which connections to *hosts* are refused."""
    from pymemcache import Client

    connect = Client._connect

    def refusing(self):
        if self.server[0] in hosts:
            raise ConnectionRefusedError("down")
        connect(self)

    return mock.patch.object(Client, "_connect", refusing)


def patched():
    return PatchCaches(pymemcache(a=SERVERS[0], b=SERVERS[1]))


def fill(client):
    for key in KEYS:
        client.set(key, "1")


def puts(patch):
    return patch.caches.a.num_put, patch.caches.b.num_put


def state_of(client):
    """Return all that a client has, as it is outside any scope."""
    own = vars(client)
    return {
        **own,
        "hasher": sorted(own["hasher"].nodes),
        **{k: dict(own[k]) for k in own if k.endswith("_clients")},
    }


@needs_pymemcache
class HashClientTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("dead at once", {}),
            ("retried", {"retry_attempts": 2, "retry_timeout": 1000}),
            ("pooled", {"use_pooling": True}),
            ("loud", {"ignore_exc": False}),
        ]
    )
    def test_next_test_knows_nothing(self, _, options):
        """A server that was down in one test is up in the next, for a client from before and from inside."""
        before = hash_client(**options)
        with patched() as patch:
            fill(before)
            expected = puts(patch)
        self.assertTrue(all(expected), expected)
        self.assertEqual(sum(expected), len(KEYS))
        with patched() as patch, down("b"):
            inside = hash_client(**options)
            for client in (before, inside):
                for key in KEYS:
                    try:
                        client.set(key, "1")
                    except ConnectionRefusedError:
                        self.assertFalse(client.ignore_exc)
            self.assertEqual(patch.caches.b.num_put, 0)
        for client in (before, inside):
            with patched() as patch:
                fill(client)
                self.assertEqual(puts(patch), expected)

    def test_dead_in_its_own_test(self):
        """Within the test the memory is the library's own: the other server gets all, for its time."""
        client = hash_client()
        with patched() as patch:
            with down("b"):
                fill(client)
                fill(client)
            gone = patch.caches.a.num_put
            self.assertGreaterEqual(gone, len(KEYS))
            self.assertEqual([*client._dead_clients], [("b", 11211)])
            later = time.time() + 61
            with mock.patch("pymemcache.client.hash.time.time", lambda: later):
                fill(client)
            self.assertGreater(patch.caches.b.num_put, 0)
            self.assertEqual(client._dead_clients, {})

    def test_inner_block(self):
        """A block inside a test has servers of its own, and so a memory of its own."""
        client = hash_client()
        with patched() as outer:
            with down("b"):
                fill(client)
            with patched() as inner:
                fill(client)
                self.assertTrue(all(puts(inner)))
            fill(client)
            self.assertEqual(outer.caches.b.num_put, 0)

    def test_put_back(self):
        """After the test the client has what it had before, also where servers were dead then."""
        fresh, failing = hash_client(), hash_client()
        failing._mark_failed_server(("b", 11211))
        before = [state_of(each) for each in (fresh, failing)]
        self.assertEqual(before[1]["hasher"], ["a:11211"])
        with patched() as patch, down("a"):
            fill(fresh)
            fill(failing)
            self.assertGreater(patch.caches.b.num_put, 0)
        self.assertEqual([state_of(each) for each in (fresh, failing)], before)

    def test_dead_before(self):
        """A real server that was dead before the test is up in it."""
        client = hash_client()
        client._mark_failed_server(("b", 11211))
        with patched() as patch:
            fill(client)
            self.assertTrue(all(puts(patch)))

    def test_server_added(self):
        """A server that the program adds in a test is there in the next one."""
        from pymemcache import HashClient

        client = HashClient([SERVERS[0]])
        with patched():
            client.add_server(("b", 11211))
        with patched() as patch:
            fill(client)
            self.assertTrue(all(puts(patch)))

    def test_class_has_none(self):
        """To ask the class for them is the error that it is without us."""
        from pymemcache import HashClient

        with patched(), self.assertRaisesRegex(AttributeError, "type object 'HashClient' has no attribute"):
            HashClient._dead_clients  # noqa: B018
        with patched(), self.assertRaisesRegex(AttributeError, "has no attribute 'hasher'"):
            object.__new__(HashClient).hasher  # noqa: B018


if __name__ == "__main__":
    unittest.main()
