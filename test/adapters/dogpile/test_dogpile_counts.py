"""The operations that each call of a region is logged as."""

import threading
import unittest
from contextlib import suppress
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches
from test.support import run_method

from .dogpile_support import DogpileTestCase, adapter, kinds


class CountTests(DogpileTestCase):
    @parameterized.expand(
        [
            ("get", lambda r: r.get("a"), [("miss", "a")]),
            ("get_value_metadata", lambda r: r.get_value_metadata("a"), [("miss", "a")]),
            (
                "get_multi",
                lambda r: r.get_multi(["a", "b", "a"]),
                [("miss", "a"), ("miss", "b"), ("miss", "a")],
            ),
            ("get_multi_of_none", lambda r: r.get_multi([]), []),
            ("set", lambda r: r.set("a", 1), [("put", "a")]),
            ("set_multi", lambda r: r.set_multi({"a": 1, "b": 2}), [("put", "a"), ("put", "b")]),
            ("delete", lambda r: r.delete("a"), [("delete", "a")]),
            ("delete_multi", lambda r: r.delete_multi(["a", "b"]), [("delete", "a"), ("delete", "b")]),
            ("get_or_create", lambda r: r.get_or_create("a", lambda: 1), [("miss", "a"), ("put", "a")]),
            (
                "get_or_create_uncached",
                lambda r: r.get_or_create("a", lambda: 1, should_cache_fn=lambda value: False),
                [("miss", "a")],
            ),
            (
                "get_or_create_multi",
                lambda r: r.get_or_create_multi(["a", "b", "a"], lambda *keys: list(keys)),
                [("miss", "a"), ("miss", "b"), ("put", "a"), ("put", "b")],
            ),
            ("failing", lambda r: r.get_or_create("a", lambda: 1 / 0), [("miss", "a")]),
            ("invalidate", lambda r: r.invalidate(), []),
            ("key_is_locked", lambda r: r.key_is_locked("a"), []),
        ]
    )
    def test_cold(self, _, call, expected):
        """Each call on an empty region is logged as these operations."""
        self.patch()
        with suppress(ZeroDivisionError):
            call(self.region)
        self.assertEqual(kinds(), expected)

    @parameterized.expand(
        [
            ("get", lambda r: r.get("a"), [("hit", "a")]),
            ("get_value_metadata", lambda r: r.get_value_metadata("a"), [("hit", "a")]),
            (
                "get_multi",
                lambda r: r.get_multi(["a", "b", "c"]),
                [("hit", "a"), ("hit", "b"), ("miss", "c")],
            ),
            ("overwrite", lambda r: r.set("a", 2), [("put", "a")]),
            ("delete", lambda r: r.delete("a"), [("delete", "a")]),
            ("get_or_create", lambda r: r.get_or_create("a", lambda: 1), [("hit", "a")]),
            (
                "get_or_create_multi",
                lambda r: r.get_or_create_multi(["a", "c", "b"], lambda *keys: list(keys)),
                [("miss", "c"), ("put", "c"), ("hit", "a"), ("hit", "b")],
            ),
            (
                "get_or_create_multi_of_one",
                lambda r: r.get_or_create_multi(["a", "a"], lambda *keys: list(keys)),
                [("hit", "a")],
            ),
        ]
    )
    def test_warm(self, _, call, expected):
        """Each call on a region of two entries is logged as these operations."""
        self.patch()
        self.region.set_multi({"a": 1, "b": 2})
        call(self.region)
        self.assertEqual(kinds()[2:], expected)

    @parameterized.expand(
        [
            ("get", lambda r: r.get("a"), []),
            ("get_value_metadata", lambda r: r.get_value_metadata("a"), []),
            ("get_multi", lambda r: r.get_multi(["a"]), []),
            ("get_or_create", lambda r: r.get_or_create("a", lambda: 1), [("put", "a")]),
            (
                "get_or_create_multi",
                lambda r: r.get_or_create_multi(["a"], lambda *keys: list(keys)),
                [("put", "a")],
            ),
        ]
    )
    def test_stale(self, _, call, more):
        """A value that is there, but has expired or was invalidated, is an expiration and a miss."""

        def pass_time():
            self.now += 11

        ways = [
            pass_time,
            lambda: self.region.invalidate(hard=True),
            lambda: self.region.invalidate(hard=False),
        ]
        for make_stale in ways:
            with self.subTest(make_stale), PatchCaches(adapter(region=self.region)):
                self.region.set("a", 1)
                self.now += 1
                make_stale()
                self.now += 1
                call(self.region)
                self.assertEqual(kinds()[1:], [("expiration", "a"), ("miss", "a"), *more])

    def test_stale_is_asked_for(self):
        """An expired value is a hit to a caller who asks for it all the same."""
        self.patch()
        self.region.set("a", 1)
        self.now += 11
        self.assertEqual(self.region.get("a", ignore_expiration=True), 1)
        self.assertEqual(self.region.get("a", expiration_time=60), 1)
        self.assertEqual(self.region.get_or_create("a", lambda: 2, expiration_time=-1), 1)
        self.assertEqual(kinds()[1:], [("hit", "a")] * 3)

    @parameterized.expand([(repr(value), value) for value in (None, False, 0, "", b"", ())])
    def test_falsy_value(self, _, value):
        """A stored value that is false is a hit."""
        caches = self.patch()
        self.region.set("a", value)
        self.assertEqual(self.region.get("a"), value)
        self.assertEqual(self.region.get_or_create("a", lambda: 1), value)
        self.assertEqual(self.region.get_multi(["a"]), [value])
        self.assertEqual(caches.region.counts(), (1, 3, 0))

    def test_decorated(self):
        """A call of a decorated function is one lookup; its set, get, and so on are what they say."""
        function, calls = self.cached()
        self.patch()
        self.assertEqual((function(1), function(1)), (2, 2))
        function.set(5, 1)
        self.assertEqual((function.get(1), function.original(1)), (5, 2))
        function.invalidate(1)
        function.refresh(1)
        self.assertEqual(calls, [1, 1, 1])
        expected = ["miss", "put", "hit", "put", "hit", "delete", "put"]
        self.assertEqual(kinds(), [(kind, "1") for kind in expected])

    def test_decorated_multi(self):
        """So is each key of a call of a function that was decorated for several."""

        @self.region.cache_multi_on_arguments(
            function_multi_key_generator=lambda *_, **__: lambda *n: [*map(str, n)]
        )
        def function(*numbers):
            return [n * 2 for n in numbers]

        self.patch()
        self.assertEqual((function(1, 2), function(2, 3)), ([2, 4], [4, 6]))
        expected = [("miss", "1"), ("miss", "2"), ("put", "1"), ("put", "2")]
        self.assertEqual(kinds(), [*expected, ("miss", "3"), ("put", "3"), ("hit", "2")])

    def test_mangled_key(self):
        """Keys are logged as the backend sees them, and asserted on as the program has them."""
        region = self.make_region(key_mangler=lambda key: f"mangled:{key}").configure(self.backend)

        def body(case):
            region.get_or_create("a", lambda: 1)
            region.get_multi(["a", "b"])
            self.assertEqual(
                kinds(),
                [("miss", "mangled:a"), ("put", "mangled:a"), ("hit", "mangled:a"), ("miss", "mangled:b")],
            )
            case.assertCached("region", "a", 1)
            case.assertNotCached("region", "b")

        _, result = run_method(CacheTestCase, body, patch_caches=(adapter(region=region),))
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)

    def test_where(self):
        """An operation is at the line of the program."""
        caches = self.patch()
        self.region.get_or_create("a", lambda: 1)
        self.region.set_multi({"b": 1})
        self.region.get_multi(["a", "c"])
        self.assertEqual({each.where.function for each in caches.region.operations}, {"test_where"})
        self.assertEqual({each.where.filename for each in caches.region.operations}, {__file__})


class SerializedCountTests(CountTests):
    """The same with a backend that pickles."""

    backend = "dogpile.cache.memory_pickle"

    def test_serialized(self):
        """The values that a test finds went through the region's serializer."""
        caches = self.patch()
        value = {"a": [1]}
        self.region.set("a", value)
        value["a"].append(2)
        self.assertEqual(self.region.get("a"), {"a": [1]})
        self.assertEqual(dict(caches.region.cache), {"a": {"a": [1]}})


class ThreadTests(DogpileTestCase):
    def test_stampede(self):
        """Of several that want one cold key one makes it; each is one miss, and there is one put."""
        function, calls = self.cached()
        caches = self.patch()
        looked = threading.Barrier(4)
        get = type(self.region.backend).get

        def get_together(backend, key):
            found = get(backend, key)
            if not calls:
                with suppress(threading.BrokenBarrierError):
                    looked.wait(timeout=30)
                looked.abort()
            return found

        with mock.patch.object(type(self.region.backend), "get", get_together):
            threads = [threading.Thread(target=function, args=(1,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(calls, [1])
        self.assertEqual(caches.region.counts(), (1, 0, 4))
        self.assertNotIn("expiration", [kind for kind, _ in kinds()])

    def test_async_creation(self):
        """A stale value that a thread makes anew is a miss at the lookup, and the put is the thread's."""
        threads = []

        def run(region, key, creator, mutex):
            def work():
                try:
                    region.set(key, creator())
                finally:
                    mutex.release()

            threads.append(threading.Thread(target=work, name="maker"))
            threads[-1].start()

        region = self.make_region(async_creation_runner=run).configure(self.backend, expiration_time=10)
        caches = self.patch(region=region)
        region.set("a", 1)
        self.now += 11
        self.assertEqual(region.get_or_create("a", lambda: 2), 1)
        threads[0].join()
        self.assertEqual(region.get_or_create("a", lambda: 3), 2)
        self.assertEqual([kind for kind, _ in kinds()], ["put", "expiration", "miss", "put", "hit"])
        self.assertEqual(caches.region.operations[3].thread, "maker")

    def test_creator_that_uses_the_region(self):
        """The lookups of a creator are counted by themselves."""
        self.patch()
        self.region.get_or_create("a", lambda: self.region.get_or_create("b", lambda: 1))
        self.region.get_or_create("c", lambda: self.region.get("a"))
        expected = [("miss", "a"), ("miss", "b"), ("put", "b"), ("put", "a")]
        self.assertEqual(kinds(), [*expected, ("miss", "c"), ("hit", "a"), ("put", "c")])


if __name__ == "__main__":
    unittest.main()
