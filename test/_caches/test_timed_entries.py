"""Entries that a `MockBackend` puts for a time."""

import copy
import datetime
import math
import pickle
import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches

from ..support import needs, run_case


class TtlTests(unittest.TestCase):
    def setUp(self):
        now = mock.patch("time.time", return_value=1000.0)
        self.time = now.start()
        self.addCleanup(now.stop)
        patch = PatchCaches()
        self.caches = patch.__enter__().caches
        self.addCleanup(patch.__exit__, None, None, None)
        self.backend = MockBackend("c")
        self.cache = self.caches.c

    def kinds(self):
        return [each.kind for each in self.cache.operations]

    @parameterized.expand([(60,), (60.0,), (datetime.timedelta(minutes=1),)])
    def test_by_the_clock(self, ttl):
        """It is there before its time is over, and gone then; another stays."""
        self.backend.put("k", 1, ttl)
        self.backend.put("stays", 1)
        self.caches.clock.advance(59.999)
        self.assertEqual(self.backend.get("k"), 1)
        self.caches.clock.advance(0.001)
        self.assertIsNone(self.backend.get("k"))
        self.assertIsNone(self.backend.get("k"))
        self.assertEqual(self.backend.get("stays"), 1)
        self.assertEqual(self.kinds(), ["put", "put", "hit", "expiration", "miss", "miss", "hit"])
        expired = self.cache.operations[3]
        self.assertEqual(expired.where.filename, __file__)

    @parameterized.expand(
        [
            ("pop", lambda entries: entries.pop("k")),
            ("del", lambda entries: entries.__delitem__("k")),
            ("item", lambda entries: entries["k"]),
        ]
    )
    def test_over(self, _, use):
        """What comes across it first finds that it is gone, whichever that is."""
        self.backend.put("k", 1, ttl=60)
        self.caches.clock.advance(60)
        self.assertRaises(KeyError, use, self.cache.cache)

    def test_counted_when_over(self):
        self.backend.put("k", 1, ttl=60)
        self.caches.clock.advance(60)
        self.assertEqual(len(self.cache.cache), 0)

    def test_cleared_when_over(self):
        """Of what was cleared nothing is told, as of what is put anew."""
        self.backend.put("k", 1, ttl=60)
        self.caches.clock.advance(60)
        self.assertNotIn("k", self.cache.cache)
        self.cache.cache.clear()
        self.assertIsNone(self.backend.get("k"))
        self.assertEqual(self.kinds(), ["put", "miss"])

    @parameterized.expand(
        [
            ("pop", lambda entries: entries.pop("k")),
            ("del", lambda entries: entries.__delitem__("k")),
            ("clear", lambda entries: entries.clear()),
        ]
    )
    def test_taken_out(self, _, take_out):
        """What was taken out by hand leaves no time to what is there after it."""
        held = self.cache.cache
        self.backend.put("k", 1, ttl=60)
        take_out(self.cache.cache)
        held["k"] = 2
        self.caches.clock.advance(60)
        self.assertEqual(self.backend.get("k"), 2)

    def test_put_again(self):
        """Of one that is over, and was put again before anybody asked for it, nothing is told."""
        self.backend.put("k", 1, ttl=60)
        self.caches.clock.advance(60)
        self.assertNotIn("k", self.cache.cache)
        self.backend.put("k", 2, ttl=60)
        self.assertEqual(self.backend.get("k"), 2)
        self.assertEqual(self.kinds(), ["put", "put", "hit"])

    def test_by_the_programs_time(self):
        """What moves that moves it as well."""
        self.backend.put("k", 1, ttl=60)
        self.time.return_value = 1030.0
        self.caches.clock.advance(29)
        self.assertEqual(self.backend.get("k"), 1)
        self.time.return_value = 1031.5
        self.assertIsNone(self.backend.get("k"))
        where = self.cache.operations[0].where
        self.assertEqual(
            str(self.cache.explain()),
            "cache 'c', operation 4, key 'k': put, then expired by operation 3\n"
            f"  put by operation 1, at {where}, 60 s before, for 60 s; that was over 0.5 s before",
        )

    def test_entries(self):
        """The entries are those that are there still; to read them is no lookup."""
        held = self.cache.cache
        self.backend.put("k", 1, ttl=60)
        self.backend.put("l", 2, ttl=90)
        self.assertEqual(self.cache.cache, {"k": 1, "l": 2})
        self.caches.clock.advance(60)
        self.assertEqual(self.cache.cache, {"l": 2})
        self.assertEqual((repr(self.cache.cache), len(self.cache.cache)), ("{'l': 2}", 1))
        self.assertIsNone(self.cache.cache.get("k"))
        self.assertNotIn("k", self.cache.cache)
        with self.assertRaises(KeyError):
            self.cache.cache["k"]
        with self.assertRaises(KeyError):
            del self.cache.cache["k"]
        self.assertEqual(self.cache.cache.pop("k", 5), 5)
        self.assertEqual(self.kinds(), ["put", "put"])
        # Whoever held the dict from before holds what is there.
        self.assertEqual(held, {"l": 2})
        held.clear()
        self.assertIsNone(self.backend.get("l"))

    @parameterized.expand([("items",), ("values",), ("keys",)])
    def test_gone_through(self, view):
        """One may expire while somebody goes through them."""
        for key in range(3):
            self.backend.put(key, key, ttl=60 + key)
        seen = []
        for each in getattr(self.cache.cache, view)():
            seen.append(each)
            self.caches.clock.advance(61)
            self.assertEqual(dict(self.cache.cache), {2: 2} if len(seen) == 1 else {})
        self.assertEqual(len(seen), 3)

    @parameterized.expand(
        [
            ("put", lambda self: self.backend.put("k", 2)),
            ("by_hand", lambda self: self.cache.cache.update(k=2)),
            ("deleted", lambda self: (self.cache.delete("k"), self.backend.put("k", 2))),
            ("reset", lambda self: (self.cache.reset(), self.backend.put("k", 2))),
        ]
    )
    def test_written_anew(self, _, write):
        """What is put without a ttl over one that had one stays."""
        self.backend.put("k", 1, ttl=60)
        write(self)
        self.caches.clock.advance(100)
        self.assertEqual(self.backend.get("k"), 2)
        self.assertNotIn("expiration", self.kinds())

    def test_put_after_it_has_expired(self):
        """Nobody came across it, so no expiration is logged."""
        self.backend.put("k", 1, ttl=60)
        self.caches.clock.advance(100)
        self.backend.put("k", 2, ttl=60)
        self.assertEqual(self.backend.get("k"), 2)
        self.assertEqual(self.kinds(), ["put", "put", "hit"])

    @parameterized.expand(
        [
            ("zero", 0, ValueError, "a ttl is more than 0 seconds, and finite (None is for ever), not 0"),
            (
                "back",
                -1,
                ValueError,
                "more than 0 seconds, and finite (None is for ever), not -1",
            ),
            ("nan", math.nan, ValueError, "more than 0 seconds, and finite (None is for ever), not nan"),
            (
                "infinite",
                math.inf,
                ValueError,
                "more than 0 seconds, and finite (None is for ever), not inf",
            ),
            ("text", "60", TypeError, "in seconds, a timedelta, or None for an entry that stays, not '60'"),
            ("bool", True, TypeError, "in seconds, a timedelta, or None for an entry that stays, not True"),
        ]
    )
    def test_refused(self, _, ttl, kind, text):
        """At the call that gave it, with nothing written or counted."""
        with self.assertRaises(kind) as caught:
            self.backend.put("k", 1, ttl=ttl)
        self.assertIn(text, str(caught.exception))
        self.assertEqual((self.cache.cache, self.kinds()), ({}, []))

    def test_key_that_has_no_hash(self):
        with self.assertRaises(TypeError):
            self.backend.put([], 1, ttl=60)
        self.assertEqual((dict(self.cache.cache), self.kinds()), ({}, ["failure"]))

    def test_nested(self):
        """An inner scope has entries and a clock of its own."""
        self.backend.put("k", 1, ttl=60)
        with PatchCaches() as inner:
            self.backend.put("k", 2, ttl=60)
            inner.caches.clock.advance(61)
            self.assertIsNone(self.backend.get("k"))
            self.assertEqual(self.cache.cache, {"k": 1})
        self.assertEqual(self.backend.get("k"), 1)

    def test_two_threads(self):
        """Of two lookups at once one is told that it has expired."""
        self.backend.put("k", 1, ttl=60)
        self.caches.clock.advance(61)
        threads = [threading.Thread(target=self.backend.get, args=("k",)) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(sorted(self.kinds()), ["expiration", *["miss"] * 8, "put"])

    def test_copied(self):
        """A copy, or what is pickled, has the entries that are there."""
        self.backend.put("k", 1, ttl=60)
        self.backend.put("l", 1)
        for copied in (
            copy.copy(self.cache),
            copy.deepcopy(self.cache),
            pickle.loads(pickle.dumps(self.cache)),
        ):
            self.assertEqual(copied.cache, {"k": 1, "l": 1})
        self.caches.clock.advance(61)
        self.assertEqual(pickle.loads(pickle.dumps(self.cache)).cache, {"l": 1})

    def test_in_force(self):
        """The same where something is in force."""
        self.caches._begin(lambda call, proceed: proceed())
        self.backend.put("k", 1, ttl=60)
        self.caches.clock.advance(61)
        self.assertIsNone(self.backend.get("k"))
        self.assertEqual(self.kinds(), ["put", "expiration", "miss"])


class InheritedTests(unittest.TestCase):
    def test_of_the_class(self):
        """What a class has put for a time lives on in each test, by the test's clock."""
        backend, found = MockBackend("c"), []

        class Tests(CacheTestCase):
            patch_caches = ()

            @classmethod
            def setUpClass(cls):
                super().setUpClass()
                backend.put("k", 1, ttl=3600)

            def test_1(self):
                self.caches.clock.advance(1000)
                found.append(backend.get("k"))
                self.caches.clock.advance(3000)
                found.append(backend.get("k"))

            def test_2(self):
                found.append(backend.get("k"))

        result = run_case(unittest.defaultTestLoader.loadTestsFromTestCase(Tests))
        self.assertEqual(result.errors, [])
        self.assertEqual(found, [1, None, 1])


@needs("fakeredis", "cachetest[redis]")
class OfALibraryTests(unittest.TestCase):
    def test_refused(self):
        """A cache whose library keeps the entries says so."""
        with (
            PatchCaches("redis") as patch,
            self.assertRaisesRegex(TypeError, "'redis' are kept by its library"),
        ):
            patch.caches.redis.put("k", 1, ttl=5)


if __name__ == "__main__":
    unittest.main()
