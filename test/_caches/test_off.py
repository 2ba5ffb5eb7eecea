"""A cache that is off has no entry before a call and none after it, whoever calls."""

import asyncio
import threading
import unittest

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest._behaving.states import Off
from cachetest._caches.caches import MockCaches


class OffTests(CacheTestCase):
    def setUp(self):
        self.prices = MockBackend("prices")

    def test_off(self):
        """Every lookup misses, puts are counted and dropped, and what was there before is gone."""
        self.prices.put("lamp", 1)
        with self.caches.in_state("off"):
            found = [self.prices.get("lamp")]
            self.prices.put("lamp", 2)
            found.append(self.prices.get("lamp"))
            self.assertNotCached("prices", "lamp")
        self.assertEqual(found, [None, None])
        self.assertIsNone(self.prices.get("lamp"))
        self.assertCacheStats("prices", puts=2, hits=0, misses=3)
        kinds = [each.kind for each in self.caches.prices.operations]
        self.assertEqual(kinds, ["put", "miss", "put", "miss", "miss"])

    def test_ends(self):
        """After the block an entry stays, and nothing is in force; also where it ends by an exception."""
        with self.assertRaises(ZeroDivisionError), self.caches.in_state("off"):
            self.prices.put("lamp", 1)
            raise ZeroDivisionError
        self.prices.put("lamp", 2)
        self.assertEqual(self.prices.get("lamp"), 2)
        self.assertEqual(self.caches.prices.in_force, ())

    def test_by_hand(self):
        """An entry that the test itself puts there is not found either."""
        with self.caches.in_state("off"):
            self.caches.prices.cache["lamp"] = 1
            self.assertIsNone(self.prices.get("lamp"))

    def test_raises(self):
        """The entry of a call that raises is dropped as well."""
        cache = self.caches.prices

        def do():
            cache.cache["lamp"] = 1
            raise OSError

        with self.caches.in_state("off"):
            with self.assertRaises(OSError):
                cache.write("lamp", do)
            self.assertNotIn("lamp", cache.cache)

    def test_made_inside(self):
        """So is a cache off that is made in the block."""
        with self.caches.in_state("off"):
            made = MockBackend("made inside")
            made.put("lamp", 1)
            self.assertIsNone(made.get("lamp"))

    def test_named(self):
        """With names, the others go on."""
        rates = MockBackend("rates")
        with self.caches.in_state("off", caches=("prices",)):
            for each in (self.prices, rates):
                each.put("lamp", 1)
            self.assertEqual((self.prices.get("lamp"), rates.get("lamp")), (None, 1))

    def test_nested(self):
        """Within a block that is off, another may be; a scope inside has caches of its own."""
        with self.caches.in_state("off"):
            with self.caches.in_state("off"):
                self.prices.put("lamp", 1)
            with PatchCaches():
                self.prices.put("lamp", 1)
                self.assertEqual(self.prices.get("lamp"), 1)
            self.assertIsNone(self.prices.get("lamp"))

    def test_threads(self):
        """No thread finds what another is about to put."""
        found = []
        barrier = threading.Barrier(4, timeout=60)

        def work():
            barrier.wait()
            for _ in range(200):
                self.prices.put("lamp", 1)
                found.append(self.prices.get("lamp"))

        threads = [threading.Thread(target=work) for _ in range(4)]
        with self.caches.in_state("off"):
            for each in threads:
                each.start()
            for each in threads:
                each.join()
        self.assertEqual(set(found), {None})
        self.assertCacheStats("prices", puts=800, hits=0, misses=800)

    def test_one_call_at_a_time(self):
        """A call waits for that of another thread which is about to drop its entry."""
        cache, inside, go, order = self.caches.prices, threading.Event(), threading.Event(), []

        def do():
            cache.cache["lamp"] = 1
            inside.set()
            go.wait(60)
            order.append("put")

        with self.caches.in_state("off"):
            writer = threading.Thread(target=cache.write, args=("lamp", do))
            writer.start()
            inside.wait(60)
            reader = threading.Thread(target=lambda: order.append(self.prices.get("lamp")))
            reader.start()
            go.set()
            writer.join()
            reader.join()
        self.assertEqual(order, ["put", None])

    def test_tasks(self):
        """So does one that is awaited; another cache does not wait."""
        caches, order = self.caches, []

        async def call(name, key, *, writes):
            cache = caches.ensure(name)

            async def do():
                if writes:
                    cache.cache[key] = 1
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
                order.append((name, cache.cache.get(key) if not writes else "put"))

            await cache.perform_async("put" if writes else "get", (key,), do, lambda _: [("miss", key)])

        async def main():
            await asyncio.gather(
                call("prices", "lamp", writes=True),
                call("prices", "lamp", writes=False),
                call("rates", "lamp", writes=False),
            )

        with self.caches.in_state("off"):
            asyncio.run(main())
        self.assertEqual(order, [("rates", None), ("prices", "put"), ("prices", None)])
        self.assertEqual(dict(self.caches.prices.cache), {})

    def test_explained(self):
        """A miss says that the cache was off, and not that it was emptied by hand; later one may be."""
        with self.caches.in_state("off"):
            self.prices.put("lamp", 1)
            self.prices.get("lamp")
        text = str(self.caches.prices.explain())
        self.assertRegex(text, r"the cache was off from \S*test_off\.py:\d+ in test_explained on")
        self.assertNotIn("by hand", text)
        self.prices.put("lamp", 1)
        self.caches.prices.cache.clear()
        self.prices.get("lamp")
        self.assertIn("by hand", str(self.caches.prices.explain()))

    def test_nearest_to_the_entries(self):
        """What is begun inside the block acts before, as a fault that is met on the way to the cache."""
        order = []

        def notes(call, proceed):
            order.append(dict(self.caches.prices.cache))
            return proceed()

        self.caches._begin(notes)
        with self.caches.in_state("off"):
            self.caches.prices.cache["lamp"] = 1
            self.prices.get("lamp")
        self.assertEqual(order, [{"lamp": 1}])


class OffItselfTests(unittest.TestCase):
    def test_who_is_never_off(self):
        """Those that are to be on are, whichever are named."""
        self.assertEqual([Off((), ("a",)).is_for(each) for each in "ab"], [False, True])
        self.assertEqual([Off(("a", "b"), ("a",)).is_for(each) for each in "abc"], [False, True, False])

    def test_who_is_left_out(self):
        """A cache whose entries can't be dropped goes on as it is, and is named."""
        caches = MockCaches(("prices",))
        caches.prices.unavailable = {"entries": "nobody shows them"}
        off = Off()
        caches._begin_at_entries(off)
        caches.prices.put("lamp", 1)
        self.assertEqual(caches.prices.get("lamp"), 1)
        self.assertEqual(off.left_out, {"prices": "its entries can't be dropped: nobody shows them"})


if __name__ == "__main__":
    unittest.main()
