"""Faults strike what pymemcache sends, and what its server keeps."""

import gc
import unittest
from unittest import mock

from cachetest import Damaged, Dropped, Fails, Gone, LosesReply, PatchCaches, Slow, Stale, TooLarge
from cachetest.adapters import tries

from .pymemcache_support import client, needs_pymemcache, pymemcache


def shown(operations):
    return ", ".join(f"{each.kind} {each.key}" for each in operations)


def retrying(**options):
    from pymemcache.client.retrying import RetryingClient

    return RetryingClient(client(), **{"attempts": 3, **options})


@needs_pymemcache
class PymemcacheFaultTests(unittest.TestCase):
    def setUp(self):
        patch = PatchCaches(pymemcache())
        self.caches = patch.__enter__().caches
        self.addCleanup(patch.__exit__, None, None, None)
        self.cache = self.caches.pymemcache
        self.client = client()
        self.client.set_many({"a": b"whole", "b": b"other"})

    def test_nothing_of_a_packet(self):
        """Where one key of several is struck, none is put, and each has failed."""
        with self.cache.inject(Fails(OSError("no")), key="d") as injected:
            self.assertRaisesRegex(OSError, "no", self.client.set_many, {"c": "1", "d": "2", "e": "3"})
        self.assertEqual(sorted(self.cache.cache), ["a", "b"])
        self.assertEqual(shown(injected.struck), "failure c, failure d, failure e")

    def test_error_of_the_test(self):
        """An error that is given is raised as it is, of a class as of an instance, by a warm client too."""
        for error in (LookupError, LookupError("no")):
            for each in (self.client, client()):
                with self.cache.inject(Fails(error), on="get"):
                    self.assertRaises(LookupError, each.get, "a")
                self.assertEqual(each.get("a"), b"whole")

    def test_loses_reply(self):
        """What is sent again is done twice; else the connection was closed."""
        from pymemcache.exceptions import MemcacheUnexpectedCloseError

        self.client.set("n", "1")
        with self.cache.inject(LosesReply(), key="n"):
            self.assertRaises(MemcacheUnexpectedCloseError, self.client.incr, "n", 1)
            self.assertEqual(retrying().incr("n", 1), 4)
        with self.cache.inject(LosesReply(then_down=True), key="n"):
            self.assertRaises(ConnectionRefusedError, retrying().incr, "n", 1)
        with self.cache.inject(LosesReply(LookupError), key="n"):
            self.assertRaises(LookupError, self.client.incr, "n", 1)
        self.assertEqual(self.client.get("n"), b"6")

    def test_slow(self):
        """The answer is late, or too late for the time limit of the client; it was done all the same."""
        with self.cache.inject(Slow(2)) as injected:
            self.assertEqual(self.client.get_many(["a", "x"]), {"a": b"whole"})
        self.assertEqual(self.caches.clock.offset, 2)
        self.assertEqual(shown(injected.struck), "hit a, miss x")
        with self.cache.inject(Slow(2)) as injected:
            self.assertRaisesRegex(TimeoutError, "^timed out$", client(timeout=1.5).set, "c", "1")
        self.assertEqual(self.caches.clock.offset, 3.5)
        self.assertEqual(shown(injected.struck), "failure c")
        self.assertEqual(self.client.get("c"), b"1")

    def test_quiet(self):
        """What asks for no answer is not late: nobody waits for it; it is done."""
        quiet = client(timeout=1)
        with self.cache.inject(Slow(2)) as injected:
            self.assertTrue(quiet.set("c", "1", noreply=True))
        self.assertEqual((self.caches.clock.offset, shown(injected.struck)), (0, "put c"))
        self.assertEqual(quiet.get("c"), b"1")

    def test_ignored(self):
        """With ignore_exc the program meets the default, which the log has as a failure."""
        with self.cache.inject(Fails()) as injected:
            self.assertEqual(client(ignore_exc=True).get("a", "default"), "default")
        self.assertEqual(shown(injected.struck), "failure a")

    def test_stored(self):
        """What is stored is damaged, evicted, or old, of those keys that are meant."""
        with self.cache.inject(Damaged(), key="a") as injected:
            self.assertEqual(self.client.get_many(["a", "b"]), {"a": b"wh", "b": b"other"})
        self.assertEqual(shown(injected.struck), "hit a")
        self.client.set("a", b"whole")
        with self.cache.inject(Gone(), key="a"):
            self.assertIsNone(self.client.get("a"))
            self.client.set("a", "1")
            self.assertIsNone(self.client.incr("a", 1))
        with self.cache.inject(Stale()) as injected:
            self.client.set("b", b"new")
            self.assertEqual(self.client.get_many(["a", "b"]), {"b": b"other"})
        self.assertEqual(shown(injected.struck), "hit b")
        self.assertEqual(self.client.get("b"), b"new")

    def test_dropped(self):
        """A put is acknowledged, and what was there stays."""
        with self.cache.inject(Dropped(), key="a") as injected:
            self.assertEqual(self.client.set_many({"a": "1", "b": "2"}), [])
        self.assertEqual(shown(injected.struck), "put a")
        self.assertEqual(self.client.get_many(["a", "b"]), {"a": b"whole", "b": b"2"})

    def test_too_large(self):
        """What is too large is refused as memcached refuses it: what was there before goes."""
        from pymemcache.exceptions import MemcacheServerError

        with self.cache.inject(TooLarge(3)) as injected:
            self.assertRaisesRegex(MemcacheServerError, "too large", self.client.set, "a", "1234")
            self.assertTrue(self.client.set("b", "123"))
        self.assertEqual(shown(injected.struck), "failure a")
        self.assertEqual(shown(self.cache.operations[2:]), "failure a, put b")
        self.assertIsNone(self.client.get("a"))

    def test_by_hand(self):
        """An entry is evicted, or has its time pass, by hand."""
        self.cache.evict("a")
        self.cache.expire("b")
        self.assertEqual(self.client.get_many(["a", "b"]), {})
        self.assertEqual(shown(self.cache.operations[2:]), "eviction a, expiration b, miss a, miss b")

    def test_one_server_of_two(self):
        """The stale entry of one server is not that of another."""
        one, other = client(address=("one", 11211)), client(address=("other", 11211))
        one.set("k", "1")
        other.set("k", "2")
        with self.cache.inject(Stale(), key="k"):
            one.set("k", "3")
            self.assertEqual((one.get("k"), other.get("k")), (b"1", b"2"))
        self.assertEqual((one.get("k"), other.get("k")), (b"3", b"2"))


@needs_pymemcache
class RetriesTests(unittest.TestCase):
    def test_one_strike_for_all_tries(self):
        """All tries of a RetryingClient are one call, and its waits pass on the clock alone."""
        with (
            mock.patch("pymemcache.client.retrying.sleep") as slept,
            PatchCaches(pymemcache()) as patch,
        ):
            retries = retrying(retry_delay=5)
            with patch.caches.pymemcache.inject(Fails(), on="get", nth={1, 3}) as injected:
                self.assertRaises(ConnectionRefusedError, retries.get, "a")
                self.assertEqual(patch.caches.clock.offset, 10)
                self.assertIsNone(retries.get("a"))
                self.assertRaises(OSError, retries.get, "a")
            self.assertEqual(slept.call_count, 0)
        self.assertEqual(shown(injected.struck), "failure a, failure a")
        gc.collect()
        self.assertEqual(tries._tries, {})


if __name__ == "__main__":
    unittest.main()
