"""The same calls on a patched cache and on one that is not come to the same."""

import unittest

from hypothesis import given, settings
from hypothesis import strategies as st

from cachetest import PatchCaches
from test.support import needs, sample_or_all

from ...support import expand

KEYS = st.integers(0, 5)
VALUES = st.integers(1, 5)


def on(name, *arguments):
    """Return a strategy of calls: a method's name, and its arguments."""
    return st.tuples(st.just(name), *arguments)


CALLS = st.one_of(
    on("__getitem__", KEYS),
    on("__getitem__", st.just([])),
    on("__setitem__", KEYS, VALUES),
    on("__setitem__", KEYS, VALUES),
    on("__setitem__", KEYS, st.just(100)),
    on("__delitem__", KEYS),
    on("__contains__", KEYS),
    on("__len__"),
    on("__repr__"),
    on("get", KEYS),
    on("get", KEYS, VALUES),
    on("pop", KEYS),
    on("pop", KEYS, VALUES),
    on("setdefault", KEYS, VALUES),
    on("setdefault", KEYS, st.just(100)),
    on("popitem"),
    on("clear"),
    on("update", st.dictionaries(KEYS, VALUES, max_size=3)),
    on("items"),
    on("values"),
    on("keys"),
    on("expire"),
    on("currsize"),
    on("maxsize"),
    on("nothing"),
)


class Clock:
    """A timer that moves on each time it is read, so that one reading more is one result less."""

    def __init__(self):
        self.now = 0

    def __call__(self):
        self.now += 1
        return self.now

    def rewind(self, now):
        self.now = now


def classes():
    """Return the name of each kind of cache, and what makes one of them with a new clock."""
    try:
        import cachetools
    except ImportError:
        return [("none", None)]

    class Counting(cachetools.LRUCache):
        """A subclass that keeps books of its entries, and fills what is missing."""

        def __init__(self, maxsize, name):
            super().__init__(maxsize)
            self.name = name
            self.reads = 0
            self.order = []

        def __getitem__(self, key):
            value = super().__getitem__(key)
            self.reads += 1
            return value

        def __setitem__(self, key, value):
            super().__setitem__(key, value)
            self.order.append(key)

        def __missing__(self, key):
            if key == 5:
                raise KeyError(f"{self.name}: {key}")
            self[key] = key + 1
            return key + 1

        def popitem(self):
            key, value = super().popitem()
            self.order = [each for each in self.order if each != key]
            return key, value

        @property
        def nothing(self):
            return self.reads, self.order, self.name

    class Told(cachetools.TTLCache):
        """A subclass that is told of what has expired, and says nothing of it."""

        def expire(self, time=None):
            super().expire(time)

    size = {"getsizeof": lambda value: value}
    made = [
        ("Cache", lambda: cachetools.Cache(100)),
        ("sized_Cache", lambda: cachetools.Cache(8, **size)),
        ("FIFOCache", lambda: cachetools.FIFOCache(3)),
        ("LFUCache", lambda: cachetools.LFUCache(3)),
        ("LRUCache", lambda: cachetools.LRUCache(3)),
        ("sized_LRUCache", lambda: cachetools.LRUCache(8, **size)),
        ("RRCache", lambda: cachetools.RRCache(3, choice=min)),
        ("TTLCache", lambda: cachetools.TTLCache(3, 12, timer=Clock())),
        ("sized_TTLCache", lambda: cachetools.TTLCache(8, 12, timer=Clock(), **size)),
        ("TLRUCache", lambda: cachetools.TLRUCache(3, lambda key, value, now: now + 5 * key, timer=Clock())),
        ("subclass", lambda: Counting(3, "counting")),
        ("timed_subclass", lambda: Told(3, 12, timer=Clock())),
        ("empty", lambda: cachetools.LRUCache(0)),
    ]
    if hasattr(cachetools, "MRUCache"):
        made.append(("MRUCache", lambda: cachetools.MRUCache(3)))
    return made


def outcome(cache, name, *arguments):
    """Return what a call, or the reading of an attribute, comes to."""
    try:
        found = getattr(cache, name)
        result = found(*arguments) if callable(found) else found
    except Exception as error:
        return type(error), str(error)
    return list(result) if name in ("items", "values", "keys", "expire") and result is not None else result


@needs("cachetools", "cachetools")
class ReplayTests(unittest.TestCase):
    @expand(classes(), quick=4)
    def test_same_outcome(self, _, make):
        """Results, exceptions and the library's own order are those of a cache that is not patched."""
        from cachetest.adapters import Cachetools

        @settings(max_examples=sample_or_all(15, of=100), deadline=None)
        @given(st.lists(CALLS, max_size=25))
        def replay(calls):
            real, patched = make(), make()
            with PatchCaches(Cachetools(cache=patched)):
                for call in calls:
                    # An AttributeError names the class, and may so.
                    self.assertEqual(outcome(patched, *call), outcome(real, *call), (call, calls))

        replay()

    @expand(classes(), quick=4)
    def test_what_it_held(self, _, make):
        """Whatever the test does, the cache holds afterwards what it held before, in the order it had."""
        from cachetest.adapters import Cachetools

        @settings(max_examples=sample_or_all(10, of=40), deadline=None)
        @given(st.lists(CALLS, max_size=10), st.lists(CALLS, max_size=10), st.lists(CALLS, max_size=10))
        def replay(before, during, after):
            real, patched = make(), make()
            for call in before:
                self.assertEqual(outcome(patched, *call), outcome(real, *call))
            clock = getattr(patched, "timer", None)
            now = clock.now if clock is not None else 0
            with PatchCaches(Cachetools(cache=patched)):
                for call in during:
                    outcome(patched, *call)
            self.assertIs(type(patched), type(real))
            if clock is not None:
                clock.rewind(now)
            for call in after:
                self.assertEqual(outcome(patched, *call), outcome(real, *call), (before, during, after))

        replay()


if __name__ == "__main__":
    unittest.main()
