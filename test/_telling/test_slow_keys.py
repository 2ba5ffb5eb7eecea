"""A text is written in moments, whatever the keys are."""

import io
import unittest
import unittest.mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend
from cachetest._telling import shortening

from ..support import EXHAUSTIVE

SECONDS = 0.002
OPERATIONS = 5_000 if EXHAUSTIVE else 1_000

TEXTS = [
    ("hits", lambda case: case.assertCacheStats("c", hits=99)),
    ("misses", lambda case: case.assertCacheStats("c", misses=99)),
    ("delta", lambda case: case.assert_delta()),
    ("unused", lambda case: case.assertCacheUnused()),
    ("cached", lambda case: case.assertCached("c", Slow(-1))),
    ("value", lambda case: case.assertCached("c", Slow(3), "other")),
    ("not cached", lambda case: case.assertNotCached("c", Slow(3))),
    ("operations", lambda case: case.assertCacheOperations("c", [("hit", Slow(3))])),
    ("in any order", lambda case: case.assertCacheOperations("c", [("hit", Slow(3))], ordered=False)),
    ("as data", lambda case: case.caches.as_dict()),
    ("report", lambda case: case.caches.report(io.StringIO())),
    ("explanation", lambda case: str(case.caches.c.explain())),
]


class Slow:
    """A key whose repr takes two milliseconds of the clock that the tests put in."""

    calls = 0

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return hash(self.number)

    def __eq__(self, other):
        return isinstance(other, Slow) and self.number == other.number

    def __repr__(self):
        Slow.calls += 1
        return f"Slow({self.number})"


class Wrapped(Slow):
    """The same, where it is a part of the key."""


class SlowKeyTests(CacheTestCase):
    patch_caches = ()

    def assert_delta(self):
        with self.assertCacheDelta("c", misses=1):
            self.fill()

    def fill(self, make=lambda n: Slow(n)):
        backend = MockBackend("c")
        for n in range(OPERATIONS - 20):
            backend.put(make(n), n)
        for n in range(20):
            backend.get(make(OPERATIONS + n))

    def calls_of(self, tell):
        """Return how many reprs *tell* asks for, and the text of what it raises."""
        Slow.calls = 0
        text = ""
        with unittest.mock.patch.object(shortening, "_clock", lambda: Slow.calls * SECONDS):
            try:
                text = str(tell(self))
            except AssertionError as error:
                text = str(error)
        return Slow.calls, text

    @parameterized.expand(TEXTS)
    def test_key(self, _, tell):
        """All reprs of a text together take half a second at most, and the last one."""
        self.fill()
        calls, _ = self.calls_of(tell)
        self.assertLessEqual(calls, shortening._SECONDS / SECONDS + 1)

    @parameterized.expand(TEXTS)
    def test_part_of_a_key(self, _, tell):
        """So it is where the key is a tuple, of which they are parts."""
        self.fill(lambda n: ("user", Slow(n)))
        calls, _ = self.calls_of(tell)
        self.assertLessEqual(calls, shortening._SECONDS / SECONDS + 2)

    def test_shown(self):
        """The operations that are shown have their keys: what is compared leaves time for that."""
        self.fill()
        _, text = self.calls_of(lambda case: case.assertCacheStats("c", hits=99))
        for n in (0, OPERATIONS, OPERATIONS + 19):
            self.assertIn(f"Slow({n})  at", text)
        self.assertNotIn("instance at", text)

    def test_shown_late(self):
        """So they have where they come after thousands that are as expected."""
        self.fill()
        expected = [("put", Slow(n)) for n in range(OPERATIONS - 20)]
        for ordered in (True, False):
            _, text = self.calls_of(
                lambda case, ordered=ordered: case.assertCacheOperations("c", expected, ordered=ordered)
            )
            self.assertIn(f"not expected miss Slow({OPERATIONS}) and 19 more", text)
            self.assertIn(f"+ miss Slow({OPERATIONS + 19}) ", text)
            self.assertNotIn("instance at", text)

    def test_told(self):
        """Where there was no time for some, the text says so."""
        self.fill()
        with unittest.mock.patch.object(shortening, "_SECONDS", 10 * SECONDS):
            _, text = self.calls_of(lambda case: case.assertCacheStats("c", hits=99))
        self.assertIn("<Slow instance at 0x", text)
        self.assertTrue(
            text.endswith("(writing the keys takes long: some are shown by their class and address)")
        )

    def test_quick(self):
        """A repr that takes no time is asked for, however many there are."""
        self.fill()
        with unittest.mock.patch.object(shortening, "_clock", lambda: 0.0):
            found = self.caches.as_dict()["caches"]["c"]["operations"]
        self.assertEqual(found[OPERATIONS // 2]["key"], f"Slow({OPERATIONS // 2})")


class Long(str):
    """A long key that counts how much of it is copied."""

    copied = 0

    def __getitem__(self, at):
        found = str.__getitem__(self, at)
        Long.copied += len(found)
        return found


class LongKeyTests(unittest.TestCase):
    def test_not_taken_apart(self):
        """A key of megabytes is not copied in parts."""
        from cachetest._telling.key_parts import components

        key = "x:" * 1_000_000
        ((name, part),) = components(key)
        self.assertEqual(name, "key")
        self.assertIs(part, key)

    def test_shortened(self):
        """To write it takes no more of it than is shown."""
        key = Long("x:" * 1_000_000)
        Long.copied = 0
        shortening.short_repr(key)
        shortening.key_text(key)
        self.assertLess(Long.copied, 10_000)


if __name__ == "__main__":
    unittest.main()
