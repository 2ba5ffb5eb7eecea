"""What a forked child has of its parent's caches: counts, logs, entries and the clock, as they are."""

import unittest

from cachetest import MockBackend, Stats
from cachetest.adapters import MISSING

from .children_support import counted_in, needs_fork, outcome_of, run_forked


def body_of(change):
    """Return a block in which a child does *change*, and what its parent has afterwards."""

    def body(caches):
        MockBackend("prices").put("desk", 90.0)
        return run_forked(change, caches)

    return body


@needs_fork
class ChangingTests(unittest.TestCase):
    def test_counts(self):
        """A child adds to counts, and resets them, as its parent may."""

        def change(caches):
            caches.prices.num_put += 1
            caches.prices.num_get_hit += 2
            caches.prices.num_get_miss += 3
            found = [caches.prices.counts(), caches.prices.num_refusal, caches.prices.num_get_miss]
            return [*found, caches.prices == Stats(2, 2, 3)]

        found, counts, _ = counted_in(body_of(change))
        self.assertEqual((found, counts), ([(2, 2, 3), 0, 3, True], (2, 2, 3)))

    def test_log(self):
        """The log tells how much there is, how much is gone, and whether it has begun anew."""

        def change(caches):
            log = caches.prices.operations
            caches.prices.record("eviction", "desk")
            found = [len(log), log.total, log.dropped, log.tally("eviction"), log.tally("put")]
            before = log.generation
            caches.prices.reset()
            return [*found, before is log.generation, len(log)]

        found, counts, operations = counted_in(body_of(change))
        self.assertEqual((found, counts, operations), ([2, 2, 0, 1, 1, False, 0], (0, 0, 0), []))

    def test_entries(self):
        """Its entries are a mapping, and what is changed there is changed in the parent."""

        def change(caches):
            entries = caches.prices.cache
            entries["lamp"] = 4.0
            found = [dict(entries), entries.copy(), repr(entries), len(entries), sorted(entries)]
            del entries["desk"]
            errors = [outcome_of(entries.__getitem__, "desk"), outcome_of(entries.__delitem__, "desk")]
            found.append("lamp" in entries)
            entries.clear()
            return found, errors, len(entries)

        def body(caches):
            MockBackend("prices").put("desk", 90.0)
            return run_forked(change, caches), dict(caches.prices.cache)

        (((whole, copied, shown, count, keys, has), errors, left), entries), _, _ = counted_in(body)
        self.assertEqual((whole, copied), ({"desk": 90.0, "lamp": 4.0},) * 2)
        self.assertEqual((shown, count, keys, has), (repr(whole), 2, ["desk", "lamp"], True))
        self.assertEqual((errors, left, entries), (["KeyError: 'desk'"] * 2, 0, {}))

    def test_clock(self):
        """The clock is that of the test: a child moves it, and its parent finds it moved."""

        def change(caches):
            caches.clock.advance(60)
            caches.clock.reach(90)
            ahead = caches.clock.now()
            return caches.clock.offset, ahead

        def body(caches):
            (offset, there), here = run_forked(change, caches), caches.clock.now()
            return offset, caches.clock.offset, abs(here - there) < 60

        self.assertEqual(counted_in(body)[0], (90.0, 90.0, True))

    def test_by_hand(self):
        """What is put, found and deleted through a cache is done in the parent, with a time to live."""

        def change(caches):
            cache = caches.prices
            cache.put("lamp", 4.0, ttl=60)
            found = [cache.get("lamp"), cache.delete("lamp"), cache.delete("lamp"), cache.get("lamp")]
            cache.drop_entries()
            return [*found, cache.get("desk")]

        found, counts, operations = counted_in(body_of(change))
        self.assertEqual(found, [4.0, True, False, MISSING, MISSING])
        self.assertEqual(counts, (2, 1, 2))
        self.assertEqual(
            [each.kind for each in operations if each.key == "lamp"][:3], ["put", "hit", "delete"]
        )


if __name__ == "__main__":
    unittest.main()
