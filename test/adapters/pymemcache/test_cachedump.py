"""``stats cachedump``: what it lists, by itself and beside a real memcached."""

import math
import socket
import unittest

from cachetest import MockCache
from cachetest.adapters.pymemcache.protocol import Conversation
from cachetest.adapters.pymemcache.store import MemcachedStore

from ...servers import needs_memcached, server

# What is sent at once. The dates are years ahead; the sizes are at the bounds of what is kept together.
STEPS = [
    *(
        b"set a 0 0 %d\r\n%b\r\nset b 7 2000000000 1\r\nx\r\nstats cachedump %d 0"
        % (size, b"x" * size, number)
        for size, number in (
            *((1, 1), (36, 1), (37, 2), (60, 2), (61, 3), (1000, 12), (1036, 12), (1124, 12), (1125, 13)),
            *((394780, 38), (394781, 39), (600000, 39)),
        )
    ),
    b"set n 0 0 2\r\n10\r\nset a 0 0 1\r\nx\r\nincr n 5\r\nget n\r\nstats cachedump 1 0",
    b"incr n 999\r\nstats cachedump 1 0",
    b"append b 0 0 1\r\ny\r\ntouch b 0\r\nstats cachedump 1 0",
    b"set \x80 0 0 1\r\nx\r\ndelete a\r\nstats cachedump 1 0",
    *(b"stats cachedump 1 1|stats cachedump 1 2 3|stats cachedump 1 +1|stats cachedump".split(b"|")),
    *(b"stats cachedump 1|stats cachedump x 1|stats cachedump 1 x|stats cachedump 1x 1".split(b"|")),
    *(b"stats cachedump 63 1|stats cachedump 64 1|stats cachedump 0 1|stats cachedump -1 1".split(b"|")),
    *(b"stats cachedump 1 -1|stats cachedump 4294967297 4294967297|stats cachedump 1 4294967296".split(b"|")),
    b"stats cachedump 18446744073709551616 1",
]


class CachedumpTests(unittest.TestCase):
    def setUp(self):
        self.store = MemcachedStore(MockCache("pages"), frozenset())
        self.talk = Conversation(lambda: self.store)

    def say(self, *lines):
        """Send *lines*, and return the lines of the answers."""
        return self.talk.send(b"".join(line + b"\r\n" for line in lines)).split(b"\r\n")[:-1]

    @needs_memcached
    def test_as_a_real_one(self):
        """Each answer has the bytes of a real one's whose lists of use are one."""
        with server("memcached") as port, socket.create_connection(("127.0.0.1", port), 30) as real:
            answers = real.makefile("rb")
            self.addCleanup(answers.close)
            real.sendall(b"lru mode flat\r\n")
            answers.readline()
            for step in STEPS:
                real.sendall(step + b"\r\nversion\r\n")
                expected = [line.rstrip(b"\r\n") for line in iter(answers.readline, b"VERSION 1.6.18\r\n")]
                with self.subTest(step[-60:]):
                    self.assertEqual(self.say(step), expected)

    def test_what_has_expired(self):
        """It is left out, and stays for a command that comes across it."""
        self.say(b"set gone 0 -1 1", b"x", b"set a 0 0 1", b"x")
        self.assertEqual(self.say(b"stats cachedump 1 0"), [b"ITEM a [1 b; 0 s]", b"END"])
        self.assertNotIn("expiration", [each.kind for each in self.store._cache.operations])

    def test_many(self):
        """It ends before the 2 MB that memcached has room for."""
        for number in range(9000):
            self.store._write(f"{number:0250}", b"", 0, math.inf)
        size = sum(len(line) + 2 for line in self.say(b"stats cachedump 7 0"))
        self.assertLessEqual(size, 2 * 1024 * 1024)
        self.assertLess(2 * 1024 * 1024, size + 300)


if __name__ == "__main__":
    unittest.main()
