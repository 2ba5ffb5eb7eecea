"""The short way of get and set does what the long way does, and is taken."""

import threading
import unittest
from unittest import mock

from hypothesis import given, settings
from parameterized import parameterized

from cachetest import MockCache, PatchCaches
from cachetest.adapters.pymemcache.protocol import Conversation
from cachetest.adapters.pymemcache.store import MemcachedStore

from ...support import sample_or_all
from .pymemcache_support import ADDRESS, needs_pymemcache
from .replay_programs import LINES, PROGRAMS

# Each is one packet; the answer of one is not taken before the next is sent.
PACKETS = [
    *(b"get a|get|get |get  |get a\n|get a b|get a  b|get a b |get \xff|get \xff a|gets a|GET a".split(b"|")),
    *(b"get a\r\nget b|get a b\r\nget b|get a b c a|get a\tb|get a\rb|get a b\nc".split(b"|")),
    *(b"get " + b"k" * 250, b"get " + b"k" * 251, b"get a " + b"k" * 251),
    *(b"set a 0 0 1\r\nx", b"set a 0 0 1 noreply\r\nx", b"set a 0 0 1 noreply \r\nx", b"set a 0 0 2\r\nx"),
    *(b"set a 0 0 2\r\nxy", b"set  a 0 0 1\r\nx", b"set a 0 0 1\nx", b"set a 0 0 1\r\nx\n"),
    *(b"set a 4294967295 0 1\r\nx", b"set a 4294967296 0 1\r\nx", b"set a 7 60 1\r\nx", b"set a +1 0 1\r\nx"),
    *(b"set a 0 -1 1\r\nx", b"set a 0 2592000 1\r\nx", b"set a 0 2592001 1\r\nx", b"set \xff 0 0 1\r\nx"),
    *(b"set " + b"k" * n + b" 0 0 1\r\nx" for n in (250, 251)),
    *(b"set a 0 0 %d\r\n%b" % (n, b"x" * n) for n in (0, 999_999, 1_000_000, 1_048_516, 1_048_517)),
    *(
        b"set n 0 0 2\r\n\r\n\r\nget n",
        b"set n 0 0 2\r\n\r\n",
        b"set a 0 0 1 norepl\r\nx",
        b"set a 0 0 x\r\nx",
    ),
    *(
        b"incr n 1|incr n 1 noreply|decr n 100|incr  n 1|incr n x|incr n 1 2|incr zz 1|incr a 1|incr n".split(
            b"|"
        )
    ),
    *(b"set n 0 0 2\r\n10", b"incr n 1", b"incr n 999", b"decr n 1000 noreply", b"decr n 5", b"incr n 007"),
    *(b"incr n 9999999999999999999", b"incr n 18446744073709551615", b"incr \xff 1", b"incr n 1\r\nget n"),
    *(b"set n 0 -1 1\r\n1", b"incr n 1", b"incr n 1 noreply\r\nincr n 1"),
    # What has expired, and what is to be flushed.
    *(
        b"set a 0 -1 1\r\nx",
        b"get a",
        b"set a 0 -1 1\r\nx",
        b"set a 0 0 1\r\ny",
        b"set b 0 -1 1\r\nx",
        b"get a b",
    ),
    *(b"flush_all 1000", b"get a", b"set a 0 0 1\r\nx", b"get a b", b"flush_all", b"get a", b"get a b"),
]


@needs_pymemcache
class QuickTests(unittest.TestCase):
    def setUp(self):
        from pymemcache import Client

        self.make = Client
        cache = MockCache("pymemcache")
        self.store = MemcachedStore(cache, frozenset(), "h:11211")
        self.long = Conversation(lambda: self.store)
        self.scope = PatchCaches("pymemcache")
        self.caches = self.scope.__enter__().caches
        self.addCleanup(self.scope.__exit__, None, None, None)
        client = Client(ADDRESS)
        client.get("first")
        self.long.send(b"get first\r\n")
        self.sock = client.sock

    def compare(self, packets):
        """Send *packets* both ways, and compare answers and operations after each, and then the entries."""
        for packet in packets:
            self.sock.sendall(packet + b"\r\n")
            expected = self.long.send(packet + b"\r\n")
            got = self.sock.recv(10**7) if expected else b""
            self.assertEqual(got, expected, packet[:60])
            self.assertEqual(latest_of(self.caches.pymemcache), latest_of(self.store._cache), packet[:60])
        ours = self.caches.pymemcache.cache.server("h:11211")
        self.assertEqual(entries_of(ours), entries_of(self.store))

    def test_packets(self):
        """What has the form of a command, nearly has it, or is more than one."""
        self.compare(PACKETS)

    def test_lines(self):
        """The lines that a real memcached is compared by."""
        self.compare(LINES)

    @settings(max_examples=sample_or_all(30, of=150), deadline=None)
    @given(PROGRAMS)
    def test_programs(self, program):
        """Random commands come to the same."""
        self.compare(line.replace(b"LATEST", b"1") for line in program)

    def test_taken(self):
        """In a test the commands that are sent most take it, from the second on, with the program's line."""
        client = self.make(ADDRESS)
        client.get("a")
        with mock.patch.object(Conversation, "send", side_effect=AssertionError("the long way")):
            client.set("a", "x")
            client.set("a", "x", expire=60, noreply=False)
            client.get("a")
            client.get_many(["a", "b"])
        for each in list(self.caches.pymemcache.operations)[-5:]:
            self.assertEqual((each.where.function, each.store), ("test_taken", "h:11211"))

    @parameterized.expand([("inner",), ("closed",), ("other thread",)])
    def test_not_taken(self, case):
        """A command of another scope than the last is its own."""
        client = self.make(ADDRESS, default_noreply=False)
        client.set("a", "x")
        if case == "inner":
            with PatchCaches("pymemcache") as inner:
                self.assertIsNone(client.get("a"))
            self.assertEqual(inner.caches.pymemcache.num_get_miss, 1)
        elif case == "closed":
            self.scope.__exit__(None, None, None)
            with PatchCaches("pymemcache") as later:
                self.assertIsNone(client.get("a"))
            self.assertEqual(later.caches.pymemcache.num_get_miss, 1)
            self.scope.__enter__()
        else:
            found = []
            thread = threading.Thread(target=lambda: found.append(client.get("a")))
            thread.start()
            thread.join()
            self.assertEqual(found, [b"x"])
        self.assertEqual(self.caches.pymemcache.num_put, 1)


def latest_of(cache):
    """Return how many operations there are, and what is known of the last ones."""
    last = list(cache.operations)[-6:]
    return cache.operations.total, [
        (each.kind, each.key, each.asked, each.store, each.error) for each in last
    ]


def entries_of(store):
    """Return the entries of *store*, with times as they are told apart."""
    return {
        key: entry._replace(expires=entry.expires if entry.expires > 2**40 else round(entry.expires / 100))
        for key, entry in store._entries.items()
    }


if __name__ == "__main__":
    unittest.main()
