"""The memcached server in memory by itself; that it is like the real one is in test_pymemcache_replay."""

import time
import unittest
from collections import Counter
from unittest import mock

from parameterized import parameterized

from cachetest import MockCache
from cachetest.adapters.pymemcache.protocol import Conversation
from cachetest.adapters.pymemcache.store import MemcachedStore


class ProtocolTestCase(unittest.TestCase):
    def setUp(self):
        self.cache = MockCache("pages")
        self.store = MemcachedStore(self.cache, frozenset())
        self.talk = Conversation(lambda: self.store)

    def say(self, *lines):
        """Send *lines*, and return the answers without the last line end."""
        return self.talk.send(b"".join(line + b"\r\n" for line in lines)).removesuffix(b"\r\n")

    def advance(self, seconds):
        """Move the clock on."""
        now = time.time() + seconds
        self.enterContext_(mock.patch("time.time", lambda: now))

    def enterContext_(self, context):
        # unittest has it since Python 3.11.
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def kinds(self):
        """Return the kinds of the logged operations, in their order."""
        return " ".join(each.kind for each in self.cache.operations)


class CountTests(ProtocolTestCase):
    """The operations that each command is logged as."""

    @parameterized.expand(
        [
            (b"get a", b"END", "miss"),
            (b"get n", b"VALUE n 5 2\r\n10\r\nEND", "hit"),
            (b"get n a n", b"VALUE n 5 2\r\n10\r\nVALUE n 5 2\r\n10\r\nEND", "hit miss hit"),
            (b"gets n", b"VALUE n 5 2 4294967297\r\n10\r\nEND", "hit"),
            (b"gat 9 n a", b"VALUE n 5 2\r\n10\r\nEND", "hit miss"),
            (b"gats 9 n", b"VALUE n 5 2 4294967297\r\n10\r\nEND", "hit"),
            (b"get n " + b"k" * 251, b"CLIENT_ERROR bad command line format", "failure failure"),
            (b"set a 0 0 1\r\nx", b"STORED", "put"),
            (b"set a 0 0 1 noreply\r\nx", b"", "put"),
            (b"set a 0 0 0\r\n", b"STORED", "put"),
            (b"set n 0 0 1\r\nx", b"STORED", "put"),
            (b"add n 0 0 1\r\nx", b"NOT_STORED", ""),
            (b"add a 0 0 1\r\nx", b"STORED", "put"),
            (b"replace a 0 0 1\r\nx", b"NOT_STORED", ""),
            (b"replace n 0 0 1\r\nx", b"STORED", "put"),
            (b"append a 0 0 1\r\nx", b"NOT_STORED", ""),
            (b"append n 0 0 1\r\nx", b"STORED", "put"),
            (b"prepend n 0 0 1\r\nx", b"STORED", "put"),
            (b"cas a 0 0 1 1\r\nx", b"NOT_FOUND", ""),
            (b"cas n 0 0 1 9\r\nx", b"EXISTS", ""),
            (b"cas n 0 0 1 1\r\nx", b"EXISTS", ""),
            (b"cas n 0 0 1 4294967297\r\nx", b"STORED", "put"),
            (b"incr n 5", b"15", "hit put"),
            (b"decr n 50", b"0", "hit put"),
            (b"incr n 5 noreply", b"", "hit put"),
            (b"incr a 5", b"NOT_FOUND", "miss"),
            (b"incr n x", b"CLIENT_ERROR invalid numeric delta argument", "failure"),
            (b"incr n x noreply", b"", ""),
            (b"touch n 9", b"TOUCHED", ""),
            (b"touch a 9", b"NOT_FOUND", ""),
            (b"delete n", b"DELETED", "delete"),
            (b"delete a", b"NOT_FOUND", "delete"),
            (b"flush_all", b"OK", "delete"),
            (b"flush_all 9", b"OK", ""),
            (b"version", b"VERSION 1.6.18", ""),
            (b"verbosity 1", b"OK", ""),
            (b"nonsense", b"ERROR", "failure"),
            (b"stats cachedump 1 0", b"ITEM n [2 b; 0 s]\r\nEND", ""),
            (b"stats cachedump 1", b"CLIENT_ERROR bad command line", "failure"),
            (b"stats slabs", b"SERVER_ERROR cachetest has no memcached command stats slabs", "failure"),
            (b"cache_memlimit 1", b"MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m", ""),
            (b"quit", b"", ""),
        ]
    )
    def test_count(self, command, answer, kinds):
        """A command is answered, and logged as these operations."""
        self.say(b"set n 5 0 2", b"10")
        self.cache.operations.clear()
        self.assertEqual(self.say(command), answer)
        self.assertEqual(self.kinds(), kinds)

    def test_not_numeric(self):
        """A value that is no number is a failure to count, and no lookup."""
        self.say(b"set a 0 0 1", b"x")
        answer = self.say(b"incr a 1")
        self.assertEqual(answer, b"CLIENT_ERROR cannot increment or decrement non-numeric value")
        self.assertEqual(self.kinds(), "put failure")
        failure = self.cache.operations[-1]
        self.assertEqual((failure.key, failure.asked), ("a", "incr"))
        self.assertIn("CLIENT_ERROR cannot increment", failure.error)

    def test_counted_in_place(self):
        """A number is written over the old one: it may get longer, and what it has too little is blanks."""
        self.say(b"set n 0 0 2", b"10", b"decr n 1")
        self.assertEqual(self.store["n"], b"9 ")
        self.say(b"incr n 99991")
        self.assertEqual(self.store["n"], b"100000")

    @parameterized.expand([(b"a", 0, 1048516), (b"aa", 0, 1048515), (b"a", 1, 1048512)])
    def test_largest(self, key, flags, size):
        """The size of an entry is that of its key, its value, and what memcached notes beside them."""
        self.assertEqual(self.say(b"set %b %d 0 %d" % (key, flags, size), b"x" * size), b"STORED")
        size += 1
        answer = self.say(b"set %b %d 0 %d" % (key, flags, size), b"x" * size)
        self.assertEqual(answer, b"SERVER_ERROR object too large for cache")

    def test_too_large(self):
        """A value that does not fit is a failure; what it was to replace is evicted."""
        size = 1024 * 1024
        self.say(b"set a 0 0 1", b"x")
        for command, kinds in ((b"add", "failure"), (b"set", "eviction failure"), (b"set", "failure")):
            self.cache.operations.clear()
            answer = self.say(b"%b a 0 0 %d" % (command, size), b"x" * size)
            self.assertEqual(answer, b"SERVER_ERROR object too large for cache")
            self.assertEqual(self.kinds(), kinds)

    def test_too_large_unanswered(self):
        """To a client that waits for no answer it is none: nothing is raised there."""
        size = 1024 * 1024
        self.say(b"set a 0 0 1", b"x")
        self.assertEqual(self.say(b"set a 0 0 %d noreply" % size, b"x" * size), b"")
        self.assertEqual(self.kinds(), "put eviction")

    def test_append_too_large(self):
        """An entry that would grow too large by it is left as it is."""
        self.say(b"set a 0 0 1000000", b"x" * 1_000_000)
        self.assertEqual(self.say(b"append a 0 0 100000", b"x" * 100_000), b"NOT_STORED")
        self.assertEqual(len(self.store["a"]), 1_000_000)
        self.assertEqual(self.kinds(), "put")

    def test_flush_is_a_delete_of_each(self):
        """flush_all deletes each live entry."""
        self.say(b"set a 0 0 1", b"x", b"set b 0 0 1", b"x", b"set c 0 -1 1", b"x", b"flush_all")
        self.assertEqual(
            Counter(each.kind for each in self.cache.operations),
            Counter({"put": 3, "delete": 2, "expiration": 1}),
        )
        asked = {each.asked for each in self.cache.operations if each.kind == "delete"}
        self.assertEqual(asked, {"flush_all"})

    @parameterized.expand([(b"mg a v",), (b"md a",), (b"slabs automove 0",), (b"watch fetchers",)])
    def test_command_that_is_not_here(self, line):
        """A command that memcached has and this has not is an error that names it."""
        name = line.split()[0]
        self.assertEqual(self.say(line), b"SERVER_ERROR cachetest has no memcached command " + name)


class ExpiryTests(ProtocolTestCase):
    def test_expired(self):
        """An expired entry is an expiration and a miss at the lookup that sees it, and a miss afterwards."""
        self.say(b"set a 0 60 1", b"x", b"get a")
        self.advance(61)
        self.assertNotIn("a", self.store)
        self.assertEqual(self.say(b"get a", b"get a"), b"END\r\nEND")
        self.assertEqual(self.kinds(), "put hit expiration miss miss")

    @parameterized.expand(
        [
            (b"add a 0 0 1\r\ny", b"STORED", "expiration put"),
            (b"replace a 0 0 1\r\ny", b"NOT_STORED", "expiration"),
            (b"incr a 1", b"NOT_FOUND", "expiration miss"),
            (b"touch a 0", b"NOT_FOUND", "expiration"),
            (b"delete a", b"NOT_FOUND", "expiration delete"),
            (b"gat 0 a", b"END", "expiration miss"),
        ]
    )
    def test_other_commands_see_it(self, command, answer, kinds):
        """To any command an expired entry is not there."""
        self.say(b"set a 0 60 1", b"1")
        self.advance(61)
        self.cache.operations.clear()
        self.assertEqual(self.say(command), answer)
        self.assertEqual(self.kinds(), kinds)

    @parameterized.expand([(b"touch a 600",), (b"gat 600 a",)])
    def test_longer(self, command):
        """touch and gat give an entry another time."""
        self.say(b"set a 0 60 1", b"x", command)
        self.advance(599)
        self.assertIn("a", self.store)
        self.advance(2)
        self.assertNotIn("a", self.store)

    def test_counting_and_appending_keep_the_time(self):
        """incr, append and prepend leave the time and the flags of an entry as they are."""
        self.say(b"set a 7 60 1", b"1", b"incr a 1", b"append a 0 0 1", b"3", b"prepend a 0 0 1", b"1")
        self.assertEqual(self.say(b"get a"), b"VALUE a 7 3\r\n123\r\nEND")
        self.advance(61)
        self.assertEqual(self.say(b"get a"), b"END")

    @parameterized.expand([(b"-1", 0, False), (b"2592000", 2591999, True), (b"2592001", 0, False)])
    def test_limits(self, exptime, later, there):
        """A negative time is over; one of more than 30 days is a date."""
        self.say(b"set a 0 %b 1" % exptime, b"x")
        self.advance(later)
        self.assertEqual("a" in self.store, there)

    def test_date(self):
        """A date is one of the wall clock."""
        self.say(b"set a 0 %d 1" % (time.time() + 60), b"x")
        self.assertIn("a", self.store)
        self.advance(60)
        self.assertNotIn("a", self.store)

    def test_flush_later(self):
        """A flush with a delay takes what there is at its time, later puts included, and no puts after it."""
        self.say(b"set a 0 0 1", b"x", b"flush_all 60", b"set b 0 0 1", b"x")
        self.assertEqual(set(self.store), {"a", "b"})
        self.advance(61)
        self.assertEqual(set(self.store), set())
        self.say(b"get a", b"set a 0 0 1", b"x", b"get a")
        self.assertEqual(self.kinds(), "put put delete delete miss put hit")

    def test_cleared_before(self):
        """A flush that is to come is forgotten with the entries."""
        self.say(b"flush_all 60")
        self.store.clear()
        self.say(b"set a 0 0 1", b"x")
        self.advance(61)
        self.assertEqual(self.say(b"get a"), b"VALUE a 0 1\r\nx\r\nEND")


class BytesTests(ProtocolTestCase):
    def test_cut_anywhere(self):
        """It does not matter how the bytes of commands are cut."""
        data = b"set a 0 0 4\r\n\r\n\r\n\r\nget a\r\nset b 0 0 1\r\nxyz\r\nincr a 1\r\n"
        expected = self.talk.send(data)
        for size in range(1, len(data)):
            self.setUp()
            pieces = [data[start : start + size] for start in range(0, len(data), size)]
            self.assertEqual(b"".join(map(self.talk.send, pieces)), expected, size)

    def test_after_quit(self):
        """After quit nothing is answered."""
        self.assertEqual(self.say(b"version", b"quit", b"version"), b"VERSION 1.6.18")
        self.assertTrue(self.talk.closed)

    def test_stats(self):
        """The general statistics are those of the cache."""
        self.say(b"set a 0 0 1", b"x", b"get a", b"get b")
        lines = self.say(b"stats").split(b"\r\n")
        for line in (b"curr_items 1", b"get_hits 1", b"get_misses 1", b"cmd_get 2", b"cmd_set 1"):
            self.assertIn(b"STAT " + line, lines)
        self.assertEqual(lines[-1], b"END")
        self.assertEqual(self.say(b"stats reset"), b"RESET")
        self.assertIn(b"SERVER_ERROR cachetest has no", self.say(b"stats slabs"))


class MappingTests(ProtocolTestCase):
    def test_reading_counts_nothing(self):
        """The entries can be read, by text or by bytes, without a trace."""
        self.say(b"set a 0 0 1", b"x", b"set \xff 0 0 1", b"y")
        self.assertEqual(dict(self.store), {"a": b"x", b"\xff": b"y"})
        self.assertEqual(self.store[b"a"], b"x")
        self.assertEqual(self.store.get("b"), None)
        self.assertEqual(len(self.store), 2)
        self.assertEqual(self.kinds(), "put put")

    def test_changing(self):
        """An entry put in by hand is found, one taken out is gone, and neither is counted."""
        self.store["a"] = b"x"
        self.assertEqual(self.say(b"get a"), b"VALUE a 0 1\r\nx\r\nEND")
        del self.store[b"a"]
        self.assertEqual(self.say(b"get a"), b"END")
        with self.assertRaises(KeyError):
            del self.store["a"]
        with self.assertRaisesRegex(TypeError, "memcached keeps bytes, not 'x'"):
            self.store["a"] = "x"
        self.store["b"] = b"y"
        self.store.clear()
        self.assertEqual(self.say(b"get b"), b"END")
        self.assertEqual(self.kinds(), "hit miss miss")


if __name__ == "__main__":
    unittest.main()
