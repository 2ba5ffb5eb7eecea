"""What a program meets when a fault strikes a MockBackend, and what is logged of it."""

import unittest

from parameterized import parameterized

from cachetest import (
    CacheTestCase,
    Damaged,
    Dropped,
    Fails,
    Gone,
    LosesReply,
    MockBackend,
    Slow,
    Stale,
    Stats,
    TooLarge,
)


class StruckCase(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        self.backend = MockBackend("prices")
        self.cache = self.caches.prices

    def logged(self, *names):
        return [tuple(getattr(each, name) for name in names) for each in self.cache.operations]


class FailsTests(StruckCase):
    @parameterized.expand([("get",), ("put",)])
    def test_fails(self, kind):
        """The call is not done, and raises; it is a failure, and neither hit, miss nor put."""
        calls = {"get": lambda: self.backend.get("a"), "put": lambda: self.backend.put("a", 1)}
        with self.cache.inject(Fails()) as injected, self.assertRaises(ConnectionError) as raised:
            calls[kind]()
        self.assertEqual(self.cache, Stats())
        self.assertEqual(self.cache.cache, {})
        (operation,) = injected.struck
        self.assertEqual((operation.kind, operation.asked, operation.key), ("failure", kind, "a"))
        self.assertEqual((operation.fault, operation.where.filename), (Fails(), __file__))
        self.assertEqual(operation.error, f"ConnectionError: {raised.exception}")
        self.assertEqual(list(self.cache.operations), [operation])

    @parameterized.expand([("class", TimeoutError), ("exception", TimeoutError("late"))])
    def test_error(self, _, error):
        """It raises what it was given."""
        with self.cache.inject(Fails(error)), self.assertRaises(TimeoutError):
            self.backend.get("a")

    def test_loses_reply(self):
        """The call is done, and raises all the same."""
        with self.cache.inject(LosesReply()) as injected, self.assertRaises(ConnectionError):
            self.backend.put("a", 1)
        self.assertEqual((self.cache.cache, self.cache), ({"a": 1}, Stats()))
        self.assertEqual([each.kind for each in injected.struck], ["failure"])


class SlowTests(StruckCase):
    def test_slow(self):
        """The call is done, and the clock of the scope is later."""
        before = self.caches.clock.offset
        with self.cache.inject(Slow(60)) as injected:
            self.backend.put("a", 1)
            self.assertEqual(self.backend.get("a"), 1)
        self.assertEqual(self.caches.clock.offset - before, 120)
        self.assertEqual(
            [(each.kind, each.fault) for each in injected.struck], [("put", Slow(60)), ("hit", Slow(60))]
        )

    def test_overlapping(self):
        """Of two at once, the clock goes to the end of the later one."""
        ends = []

        def damage(stored):
            with self.cache.inject(Slow(10), key="b"):
                self.backend.get("b")
            ends.append(self.caches.clock.offset)
            return stored

        self.backend.put("a", b"1")
        with self.cache.inject(Slow(60), Damaged(damage), key="a"):
            self.backend.get("a")
        self.assertEqual((ends, self.caches.clock.offset), ([10], 60))


class GoneTests(StruckCase):
    def test_gone(self):
        """The entry is evicted before the lookup, which misses; both are logged with the caller's line."""
        self.backend.put("a", 1)
        with self.cache.inject(Gone()) as injected:
            self.assertIsNone(self.backend.get("a"))
        self.assertEqual(
            self.logged("kind", "key", "fault"),
            [("put", "a", None), ("eviction", "a", Gone()), ("miss", "a", Gone())],
        )
        self.assertEqual([each.kind for each in injected.struck], ["miss"])
        lines = {each.where for each in list(self.cache.operations)[1:]}
        self.assertEqual([where.filename for where in lines], [__file__])

    def test_delete(self):
        """The entry is evicted before a delete of it, and not before a put."""
        self.backend.put("a", 1)
        with self.cache.inject(Gone()):
            self.backend.put("a", 2)
            self.assertFalse(self.cache.delete("a"))
        self.assertEqual(self.logged("kind"), [("put",), ("put",), ("eviction",), ("delete",)])

    def test_nothing_there(self):
        """Where there is no entry, nothing has struck, and it is not one of the times."""
        with self.assertRaisesRegex(AssertionError, "never struck"), self.cache.inject(Gone()):
            self.backend.get("a")
        with self.cache.inject(Gone(), times=1) as injected:
            self.backend.get("a")
            self.backend.put("a", 1)
            self.backend.get("a")
            self.backend.put("a", 1)
            self.backend.get("a")
        self.assertEqual(len(injected.struck), 1)
        self.assertEqual(self.cache.num_get_hit, 1)


class DroppedTests(StruckCase):
    @parameterized.expand([("nothing", {}), ("another", {"a": 1})])
    def test_dropped(self, _, there):
        """The put is counted, and what was there stays."""
        self.cache.cache.update(there)
        with self.cache.inject(Dropped()) as injected:
            self.assertIsNone(self.backend.put("a", 2))
        self.assertEqual((self.cache.cache, self.cache), (there, Stats(1, 0, 0)))
        self.assertEqual([(each.kind, each.fault) for each in injected.struck], [("put", Dropped())])

    def test_lookups(self):
        """No lookup is struck."""
        self.cache.cache["a"] = 1
        with self.cache.inject(Dropped(), must_strike=False) as injected:
            self.assertEqual(self.backend.get("a"), 1)
        self.assertEqual(injected.struck, [])


class StaleTests(StruckCase):
    def test_stale(self):
        """Lookups see the entries as they were when the block began, and the entries are what was put."""
        self.backend.put("a", 1)
        self.backend.put("gone", 1)
        with self.cache.inject(Stale()) as injected:
            self.backend.put("a", 2)
            self.backend.put("new", 2)
            self.cache.delete("gone")
            self.assertEqual([self.backend.get(key) for key in ("a", "new", "gone")], [1, None, 1])
            self.assertEqual(self.cache.cache, {"a": 2, "new": 2})
        self.assertEqual([each.kind for each in injected.struck], ["hit", "miss", "hit"])
        self.assertEqual(self.backend.get("a"), 2)

    def test_cache_that_comes_after(self):
        """A cache that is first used inside the block was empty when that began."""
        with self.caches.inject(Stale()):
            MockBackend("new").put("a", 1)
            self.assertIsNone(MockBackend("new").get("a"))

    def test_unchanged(self):
        """A lookup of what is as it was is not struck."""
        self.backend.put("a", 1)
        with self.assertRaisesRegex(AssertionError, "never struck"), self.cache.inject(Stale()):
            self.assertEqual(self.backend.get("a"), 1)


class DamagedTests(StruckCase):
    @parameterized.expand(
        [
            ("bytes", b"abcd", None, b"ab"),
            ("text", "abcde", None, "ab"),
            ("empty", b"", None, b""),
            ("function", b"abcd", bytes.upper, b"ABCD"),
        ]
    )
    def test_damaged(self, _, stored, damage, found):
        """What is stored is damaged, and stays so until it is overwritten."""
        self.backend.put("a", stored)
        with self.cache.inject(Damaged(damage), times=1) as injected:
            self.assertEqual(self.backend.get("a"), found)
        self.assertEqual(self.backend.get("a"), found)
        self.assertEqual([(each.kind, each.fault) for each in injected.struck], [("hit", Damaged(damage))])
        self.backend.put("a", stored)
        self.assertEqual(self.backend.get("a"), stored)

    def test_as_it_is_written(self):
        """With on="put" it is damaged as it is written."""
        with self.cache.inject(Damaged(), on="put") as injected:
            self.backend.put("a", b"abcd")
        self.assertEqual(self.cache.cache, {"a": b"ab"})
        self.assertEqual([each.kind for each in injected.struck], ["put"])

    def test_object(self):
        """An object can't be damaged: the block ends with an error, and the program has met nothing."""
        self.backend.put("a", 1)
        with self.assertRaisesRegex(TypeError, "'prices': the entry of 'a' is an object, of int, neither"):
            with self.cache.inject(Damaged()):
                self.assertEqual(self.backend.get("a"), 1)

    def test_damage_that_raises(self):
        """What damage raises is an error of the test's, at the end of the block."""
        self.backend.put("a", b"abcd")
        with self.assertRaisesRegex(TypeError, "damage raised ZeroDivisionError"):
            with self.cache.inject(Damaged(lambda _: 1 / 0)):
                self.assertEqual(self.backend.get("a"), b"abcd")

    def test_nothing_there(self):
        """Where there is nothing, nothing was damaged."""
        with self.assertRaisesRegex(AssertionError, "never struck"), self.cache.inject(Damaged()):
            self.backend.get("a")


class TooLargeTests(StruckCase):
    @parameterized.expand([("bytes", b"abcd"), ("text", "äb"), ("array", bytearray(b"abc"))])
    def test_refused(self, _, value):
        """A put of more is refused, and what was there stays."""
        self.backend.put("a", b"x")
        with self.cache.inject(TooLarge(2)) as injected, self.assertRaisesRegex(ValueError, "too large"):
            self.backend.put("a", value)
        self.assertEqual((self.cache.cache, self.cache), ({"a": b"x"}, Stats(1, 0, 0)))
        self.assertEqual([(each.kind, each.fault) for each in injected.struck], [("failure", TooLarge(2))])

    def test_at_the_limit(self):
        """A put of as much is done, and nothing has struck."""
        with self.assertRaisesRegex(AssertionError, "never struck"), self.cache.inject(TooLarge(2)):
            self.backend.put("a", b"ab")
        self.assertEqual(self.cache.cache, {"a": b"ab"})

    def test_object(self):
        """It is not known how large an object is."""
        with self.assertRaisesRegex(TypeError, "an object, of int"), self.cache.inject(TooLarge(2)):
            self.backend.put("a", 1)


class OrderTests(StruckCase):
    def test_several(self):
        """Several faults of one call strike in their order; what the program met is logged."""
        with self.cache.inject(Slow(5), Fails()) as injected, self.assertRaises(ConnectionError):
            self.backend.get("a")
        self.assertEqual([each.fault for each in injected.struck], [Fails()])
        with self.cache.inject(Fails(), Slow(5)) as injected, self.assertRaises(ConnectionError):
            self.backend.get("a")
        self.assertEqual([each.fault for each in injected.struck], [Fails()])
        self.assertEqual(self.caches.clock.offset, 0)

    def test_innermost_first(self):
        """The faults of the innermost block come first: where it raises, the others don't strike."""
        self.backend.put("a", b"abcd")
        with self.cache.inject(Damaged(), must_strike=False) as outer:
            with self.cache.inject(Fails()) as inner, self.assertRaises(ConnectionError):
                self.backend.get("a")
            self.assertEqual((len(inner.struck), outer.struck), (1, []))
            self.assertEqual(self.backend.get("a"), b"ab")
        self.assertEqual(len(outer.struck), 1)

    def test_both(self):
        """An operation that two blocks have struck is known to both."""
        self.backend.put("a", b"abcd")
        with self.cache.inject(Damaged()) as outer, self.caches.inject(Slow(1)) as inner:
            self.backend.get("a")
        self.assertEqual(outer.struck, inner.struck)
        self.assertEqual(len(outer.struck), 1)


if __name__ == "__main__":
    unittest.main()
