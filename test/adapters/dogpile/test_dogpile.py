import copy
import threading
import unittest
from contextlib import ExitStack, suppress
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches
from cachetest._caches.attribution import current_scope
from test.support import needs, run_method

# What a test may import by name, as a program's module would have it.
shared = None


def adapter(**targets):
    from cachetest.adapters import Dogpile

    return Dogpile(**targets)


def kinds(name="region"):
    """Return the kinds of the operations of a cache of the running scope, and their keys, oldest first."""
    return [(each.kind, each.key) for each in current_scope().caches[name].operations]


@needs("dogpile", "dogpile.cache")
class DogpileTestCase(unittest.TestCase):
    """A test of `region`, in memory, whose entries last ten seconds, and which held "before" before it."""

    backend = "dogpile.cache.memory"

    def setUp(self):
        from dogpile.cache import make_region
        from dogpile.cache.api import NO_VALUE

        self.make_region, self.nothing = make_region, NO_VALUE
        self.now = 1000.0
        clock = mock.patch("time.time", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)
        self.region = make_region().configure(self.backend, expiration_time=10)
        self.region.set("before", 1)

    def patch(self, **targets):
        """Patch *targets*, or `region`, until the end of the test, and return the scope's caches."""
        stack = ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(PatchCaches(adapter(**(targets or {"region": self.region})))).caches

    def cached(self, **options):
        """Return a function that the region caches, and the list of what it was called with."""
        calls = []

        @self.region.cache_on_arguments(function_key_generator=lambda *_: str, **options)
        def function(n):
            calls.append(n)
            return n * 2

        return function, calls


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
        """What each call on an empty region counts as."""
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
        """What each call on a region of two entries counts as."""
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
        """What is there, but has expired or was invalidated, is an expiration and a miss."""

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
        """What has expired is a hit to who asks for it all the same."""
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
        """What the test finds went through the region's serializer."""
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
        """Where a thread makes the value anew, the lookup of the stale one is a miss; the put is its."""
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
        """What a creator looks up is counted by itself."""
        self.patch()
        self.region.get_or_create("a", lambda: self.region.get_or_create("b", lambda: 1))
        self.region.get_or_create("c", lambda: self.region.get("a"))
        expected = [("miss", "a"), ("miss", "b"), ("put", "b"), ("put", "a")]
        self.assertEqual(kinds(), [*expected, ("miss", "c"), ("hit", "a"), ("put", "c")])


class RegionTests(DogpileTestCase):
    def proxy(self):
        from dogpile.cache.proxy import ProxyBackend

        class Seen(ProxyBackend):
            def __init__(self):
                self.keys = []

            def get(self, key):
                self.keys.append(key)
                return self.proxied.get(key)

        return Seen()

    def check_is_as_before(self, region, before):
        self.assertIs(type(region), type(self.make_region()))
        self.assertEqual(vars(region), before)

    def test_restored(self):
        """A test's entries, invalidation and attributes are gone after it, and the region is what it was."""
        before = dict(vars(self.region))
        strategy = dict(vars(self.region.region_invalidator))
        with PatchCaches(adapter(region=self.region)):
            self.assertIs(self.region.get("before"), self.nothing)
            self.region.set("a", 1)
            self.region.invalidate()
            self.region.more = 1
            self.region.expiration_time = 5
            self.region.actual_backend  # noqa: B018
        self.check_is_as_before(self.region, before)
        self.assertEqual(vars(self.region.region_invalidator), strategy)
        self.assertEqual((self.region.get("before"), self.region.get("a")), (1, self.nothing))

    def test_configured_inside(self):
        """A region that is configured in the test only is patched then, and is bare again after it."""
        from dogpile.cache.exception import RegionAlreadyConfigured, RegionNotConfigured

        region = self.make_region()
        before = dict(vars(region))
        with PatchCaches(adapter(region=region)) as patched:
            self.assertFalse(region.is_configured)
            with self.assertRaises(RegionNotConfigured):
                region.backend  # noqa: B018
            self.assertIs(
                region.configure("dogpile.cache.memory_pickle", expiration_time=10, wrap=[self.proxy()]),
                region,
            )
            self.assertTrue(region.is_configured)
            with self.assertRaises(RegionAlreadyConfigured):
                region.configure(self.backend)
            self.assertEqual(region.get_or_create("a", lambda: 1), 1)
            self.assertEqual(patched.caches.region.counts(), (1, 0, 1))
        self.check_is_as_before(region, before)

    def test_configured_anew(self):
        """So is one that is configured anew."""
        before = dict(vars(self.region))
        with PatchCaches(adapter(region=self.region)) as patched:
            self.region.configure("dogpile.cache.memory_pickle", replace_existing_backend=True)
            self.region.set("a", 1)
            self.assertEqual((self.region.get("a"), self.region.expiration_time), (1, None))
            self.assertEqual(patched.caches.region.counts(), (1, 1, 0))
        self.check_is_as_before(self.region, before)

    def test_never_asks_the_backend(self):
        """Neither the backend that the region had, nor one that the test gives it, is asked anything."""
        from dogpile.cache import register_backend
        from dogpile.cache.api import CacheBackend

        class Refusing(CacheBackend):
            def __init__(self, arguments):
                pass

            def get_mutex(self, key):
                raise NotImplementedError

        register_backend("test.refusing", __name__, "Refusing")
        globals()["Refusing"] = Refusing
        region = self.make_region().configure("test.refusing")
        with self.assertRaises(NotImplementedError):
            region.get("a")
        self.patch(region=region)
        region.get_or_create("a", lambda: 1)
        region.configure("test.refusing", replace_existing_backend=True, wrap=[self.proxy()])
        region.get_or_create("b", lambda: 1)
        region.backend = self.proxy().wrap(Refusing({}))
        region.get_or_create("c", lambda: 1)
        region.backend = Refusing({})
        region.get_or_create("d", lambda: 1)
        self.assertEqual(len(kinds()), 8)

    def test_proxies(self):
        """The proxies of a region stay in the path, and have their real backend again after the test."""
        proxy = self.proxy()
        self.region.wrap(proxy)
        real = proxy.proxied
        self.assertIs(self.region.actual_backend, real)
        with PatchCaches(adapter(region=self.region)) as patched:
            self.assertIs(self.region.get("a"), self.nothing)
            self.region.set("a", 1)
            self.assertIsNot(self.region.actual_backend, real)
            self.assertEqual(patched.caches.region.counts(), (1, 0, 1))
        self.assertEqual(proxy.keys, ["a"])
        self.assertIs(proxy.proxied, real)
        self.assertEqual(self.region.get("before"), 1)

    def test_proxy_that_answers(self):
        """A lookup that a proxy answers by itself is a lookup of the region; a put that it drops is none."""
        from dogpile.cache.proxy import ProxyBackend

        class Own(ProxyBackend):
            def get(self, key):
                return region._value("own")

            def set(self, key, value):
                pass

        region = self.region
        region.wrap(Own)
        caches = self.patch()
        region.set("a", 1)
        self.assertEqual(region.get("a"), "own")
        self.assertEqual(caches.region.counts(), (0, 1, 0))

    def test_proxy_with_a_lock(self):
        """A lock that a proxy brings is the one that is taken, and the lookup is counted all the same."""
        from dogpile.cache.proxy import ProxyBackend

        taken = []

        class Locking(ProxyBackend):
            def get_mutex(self, key):
                taken.append(key)
                return CountedLock()

        class CountedLock:
            def __init__(self):
                self.lock = threading.Lock()

            def acquire(self, wait=True):
                return self.lock.acquire(wait)

            def release(self):
                self.lock.release()

        self.region.wrap(Locking)
        caches = self.patch()
        self.region.get_or_create("a", lambda: 1)
        self.region.get_or_create("a", lambda: 1)
        self.assertEqual(taken[0], "a")
        self.assertEqual(caches.region.counts(), (1, 1, 1))

    def test_null(self):
        """A region that keeps nothing keeps nothing in a test."""
        region = self.make_region().configure("dogpile.cache.null")
        self.patch(region=region)
        region.set("a", 1)
        self.assertIs(region.get("a"), self.nothing)
        self.assertEqual(kinds(), [("put", "a"), ("miss", "a")])

    def test_null_explained(self):
        """That it keeps nothing is why a key is missed that was put, until it has a backend that does."""
        region = self.make_region().configure("dogpile.cache.null")
        caches = self.patch(region=region)
        region.set("a", 1)
        region.get("a")
        self.assertTrue(
            str(caches.region.explain()).endswith(
                "put by operation 1, and not kept: its backend keeps nothing"
            )
        )
        region.configure("dogpile.cache.memory", replace_existing_backend=True)
        region.set("a", 1)
        self.assertEqual(region.get("a"), 1)
        caches.region.cache.clear()
        region.get("a")
        self.assertEqual(caches.region.explain().reason, "emptied")

    def test_nested(self):
        """An inner scope is cold, not invalidated, and leaves the outer one alone."""
        outer = self.patch()
        self.region.set("a", 1)
        self.now += 1
        with PatchCaches(adapter(region=self.region)):
            self.assertIs(self.region.get("a"), self.nothing)
            self.region.invalidate()
        self.assertEqual(self.region.get("a"), 1)
        self.assertEqual(outer.region.counts(), (1, 1, 0))

    def test_parallel(self):
        """Of two tests at once one may configure the region in one way, and one in the other."""
        together = threading.Barrier(2)
        region = self.make_region()
        found = {}

        def run(name):
            with PatchCaches(adapter(region=region)) as patched:
                region.configure("dogpile.cache.memory", expiration_time=len(name))
                together.wait()
                region.get_or_create("a", lambda: name)
                together.wait()
                found[name] = region.get("a"), region.expiration_time, patched.caches.region.counts()
                together.wait()

        threads = [threading.Thread(target=run, args=(name,)) for name in ("one", "other")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, {name: (name, len(name), (1, 1, 1)) for name in ("one", "other")})
        self.assertFalse(region.is_configured)

    def test_locks_are_apart(self):
        """Two tests at once may each make the value of one key, and neither waits for the other."""
        together = threading.Barrier(2)
        made = []

        def run():
            with PatchCaches(adapter(region=self.region)):
                made.append(self.region.get_or_create("a", lambda: together.wait(timeout=10) is not None))

        threads = [threading.Thread(target=run) for _ in range(2)]
        with mock.patch.object(threading, "excepthook"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(made, [True, True])

    def test_view(self):
        """`MockCache.cache` shows the values that a get would find, counts nothing, and can be written to."""
        for backend in ("dogpile.cache.memory", "dogpile.cache.memory_pickle"):
            region = self.make_region().configure(backend, expiration_time=10)
            with self.subTest(backend), PatchCaches(adapter(region=region)) as patched:
                view = patched.caches.region.cache
                view["by hand"] = 1
                self.assertEqual(region.get("by hand"), 1)
                self.now += 11
                region.set_multi({"a": None, "b": 2})
                self.assertEqual(
                    (dict(view), len(view), repr(view)), ({"a": None, "b": 2}, 2, "{'a': None, 'b': 2}")
                )
                self.assertNotIn("by hand", view)
                del view["a"]
                self.assertIs(region.get("a"), self.nothing)
                self.assertEqual(patched.caches.region.counts(), (2, 1, 1))
                patched.caches.reset()
                self.assertEqual((dict(view), region.get("b")), ({}, self.nothing))

    def test_copied_inside(self):
        """A copy that is made in a test takes nothing real along, and leaves the region patched."""
        with ExitStack() as stack:
            stack.enter_context(PatchCaches(adapter(region=self.region)))
            self.region.set("q", 1)
            copied = copy.copy(self.region)
            self.assertEqual(self.region.get("q"), 1)
            copied.set("z", 1)
            self.assertEqual(kinds(), [("put", "q"), ("hit", "q"), ("put", "z")])
        self.assertEqual(self.region.get("before"), 1)
        self.assertIs(self.region.get("z"), self.nothing)


class InstallTests(DogpileTestCase):
    def test_by_name(self):
        """A target may be a string, imported when it is patched."""
        global shared
        shared = self.region
        caches = self.patch(region=f"{__name__}:shared")
        shared.set("a", 1)
        self.assertEqual(caches.region.counts(), (1, 0, 0))

    def test_no_region(self):
        """What is no region is an error that says what was given, and what is expected."""
        for target in ({}, len, None, self.region.backend):
            with self.assertRaisesRegex(TypeError, r"Dogpile\(region=...\): expected a region .*, not "):
                self.patch(region=target)

    def test_two_names(self):
        """One region by two names is an error that says the other name, and nothing stays patched."""
        before = dict(vars(self.region))
        with self.assertRaisesRegex(ValueError, "is patched already, as 'one'; use one name"):
            self.patch(one=self.region, two=self.region)
        self.assertIs(type(self.region), type(self.make_region()))
        self.assertEqual(vars(self.region), before)

    def test_names_its_places(self):
        """What is patched can be compared: the class of a region, and what is under its proxies."""
        from dogpile.cache.proxy import ProxyBackend

        self.region.wrap(ProxyBackend)
        named = adapter(region=self.region)
        before = named.patched_attributes()
        with named.install():
            inside = named.patched_attributes()
        self.assertEqual(len(before), 2)
        self.assertEqual(named.patched_attributes(), before)
        for place in before:
            self.assertIsNot(inside[place], before[place])

    def test_instance(self):
        """A patched region is an instance of its class, and can lose an attribute that it has."""
        self.patch()
        self.assertIs(self.region.__class__, type(self.make_region()))
        self.region.more = 1
        del self.region.more
        with self.assertRaises(AttributeError):
            del self.region.more


if __name__ == "__main__":
    unittest.main()
