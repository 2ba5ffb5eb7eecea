"""`inject`: which calls it strikes, how long it lasts, and what it says when it has struck nothing."""

import threading
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, Damaged, Fails, MockBackend, PatchCaches
from cachetest._caches.attribution import bind_to_scope
from cachetest._caches.scope import marked


class InjectCase(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        self.backend = MockBackend("prices")
        self.cache = self.caches.prices

    def met(self, *calls):
        """Return what each of *calls* came to: True where it was struck."""
        return [self.is_struck(call) for call in calls]

    def is_struck(self, call):
        try:
            call()
        except ConnectionError:
            return True
        return False

    def get(self, *keys):
        return self.met(*(lambda key=key: self.backend.get(key) for key in keys))


class MatchingTests(InjectCase):
    @parameterized.expand(
        [
            ("none", None, [True, True, True]),
            ("get", "get", [True, False, False]),
            ("put", "put", [False, True, False]),
            ("delete", "delete", [False, False, True]),
        ]
    )
    def test_on(self, _, on, met):
        """on says which kind of call is struck."""
        with self.cache.inject(Fails(), on=on):
            found = self.met(
                lambda: self.backend.get("a"),
                lambda: self.backend.put("a", 1),
                lambda: self.cache.delete("a"),
            )
        self.assertEqual(found, met)

    @parameterized.expand(
        [
            ("key", {"key": "a"}, [True, False, False, False]),
            ("none", {"key": None}, [False, False, True, False]),
            ("glob", {"keys": "a*"}, [True, True, False, False]),
            ("bytes", {"keys": "b?"}, [False, False, False, True]),
            ("predicate", {"keys": lambda key: key is None or key == "ab"}, [False, True, True, False]),
        ]
    )
    def test_keys(self, _, given, met):
        """key is one key exactly; keys a pattern of its text, or a predicate."""
        with self.cache.inject(Fails(), **given):
            self.assertEqual(self.get("a", "ab", None, b"b1"), met)

    @parameterized.expand(
        [
            ("first", {"nth": 1}, [True, False, False, False]),
            ("set", {"nth": {2, 4}}, [False, True, False, True]),
            ("range", {"nth": range(2, 4)}, [False, True, True, False]),
            ("times", {"times": 2}, [True, True, False, False]),
            ("both", {"nth": range(2, 100), "times": 1}, [False, True, False, False]),
        ]
    )
    def test_nth(self, _, given, met):
        """nth counts the calls that match, from 1; times is how often at most."""
        with self.cache.inject(Fails(), key="a", **given):
            found = []
            for _ in range(4):
                self.backend.get("b")
                found += self.get("a")
        self.assertEqual(found, met)

    def test_one_cache(self):
        """That of one cache strikes no other; that of the scope strikes all."""
        with self.cache.inject(Fails()):
            self.assertEqual(self.met(lambda: MockBackend("other").get("a")), [False])
            self.assertEqual(self.get("a"), [True])
        with self.caches.inject(Fails()) as injected:
            self.assertEqual(self.met(lambda: MockBackend("later").get("a")), [True])
            self.assertEqual(self.get("a"), [True])
        self.assertEqual([each.cache for each in injected.struck], ["later", "prices"])

    def test_keys_that_compare_oddly(self):
        """A key that can't be compared is another one."""

        class Odd:
            __hash__ = object.__hash__

            def __eq__(self, other):
                raise ValueError("ambiguous")

        odd = Odd()
        with self.cache.inject(Fails(), key=odd):
            self.assertEqual(self.get(Odd(), odd), [False, True])

    def test_predicate_that_raises(self):
        """What a predicate raises is an error of the test's, at the end of the block."""
        with self.assertRaisesRegex(TypeError, "keys= raised AttributeError: .*, of the keys of get on 'pri"):
            with self.cache.inject(Fails(), keys=lambda key: key.startswith("a")):
                self.assertEqual(self.get(1, "a"), [False, True])

    def test_threads(self):
        """Of many calls at once, as many are struck as is said."""
        struck = []

        def work():
            for n in range(50):
                struck.extend(self.get(n))

        with self.cache.inject(Fails(), times=7, nth=range(10, 1_000)) as injected:
            threads = [threading.Thread(target=bind_to_scope(marked(), work)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual((sum(struck), len(injected.struck)), (7, 7))


class LastingTests(InjectCase):
    def test_start_and_stop(self):
        """It lasts from start to stop, as a patch of unittest.mock does."""
        injected = self.cache.inject(Fails())
        self.assertEqual(self.get("a"), [False])
        self.assertIs(injected.start(), injected)
        self.assertEqual(self.get("a"), [True])
        injected.stop()
        injected.stop()
        self.assertEqual(self.get("a"), [False])
        self.assertTrue(marked().is_innermost)

    def test_twice(self):
        """It is used once: the second time is an error that says so."""
        injected = self.cache.inject(Fails())
        with injected:
            self.get("a")
            with self.assertRaisesRegex(RuntimeError, r"at .*test_injecting.py:\d+ .* was used twice"):
                injected.start()
        with self.assertRaisesRegex(RuntimeError, "used twice"), injected:
            self.fail("it was entered")

    def test_stop_without_start(self):
        injected = self.cache.inject(Fails())
        with self.assertRaisesRegex(RuntimeError, "was stopped, and had not been started"):
            injected.stop()
        with injected:
            self.get("a")

    def test_exception_in_flight(self):
        """An exception that leaves the block is never replaced, and all is as it was."""
        with self.assertRaises(KeyboardInterrupt), self.cache.inject(Fails()):
            raise KeyboardInterrupt
        self.assertTrue(marked().is_innermost)
        self.assertEqual(self.get("a"), [False])

    def test_out_of_order(self):
        """Two may be stopped in any order."""
        first, second = (self.cache.inject(Fails(), on="get").start() for _ in range(2))
        self.get("a")
        with self.assertRaisesRegex(AssertionError, "never struck"):
            first.stop()
        self.assertEqual(self.get("a"), [True])
        second.stop()
        self.assertEqual(self.get("a"), [False])

    def test_call_under_way(self):
        """A call that is under way when the block is left ends as it has begun."""
        inside, go_on = threading.Event(), threading.Event()

        def damage(stored):
            inside.set()
            go_on.wait()
            return b"damaged"

        self.backend.put("a", b"x")
        found = []
        thread = threading.Thread(target=bind_to_scope(marked(), lambda: found.append(self.backend.get("a"))))
        with self.cache.inject(Damaged(damage)) as injected:
            thread.start()
            inside.wait()
        self.assertTrue(marked().is_innermost)
        go_on.set()
        thread.join()
        self.assertEqual(found, [b"damaged"])
        self.assertEqual([each.kind for each in injected.struck], ["hit"])

    def test_inner_scope(self):
        """A scope inside is not struck."""
        with self.cache.inject(Fails(), must_strike=False), PatchCaches():
            self.assertEqual(self.get("a"), [False])


NOTHING = r"inject\(Fails\(\), on='get', key='lamp', nth=2\) never struck the cache 'prices'"


class NothingStruckTests(InjectCase):
    def test_told(self):
        """An injection that struck nothing fails, and shows the calls that there were."""
        with self.assertRaises(AssertionError) as failure:
            with self.cache.inject(Fails(), on="get", key="lamp", nth=2):
                self.backend.get("lamp")
                self.backend.put("lamp", 1)
                self.cache.perform(None, ("n",), int, lambda _: (), known={"asked": "INCR"})
        self.assertRegex(str(failure.exception), NOTHING)
        self.assertEqual(
            str(failure.exception).splitlines()[1:],
            [
                "the latest calls while it was in force, oldest first, none of which it is about:",
                "  get 'lamp' on 'prices'",
                "  put 'lamp' on 'prices'",
                "  INCR 'n' on 'prices', neither a get, a put nor a delete",
            ],
        )

    def test_no_call(self):
        with self.assertRaisesRegex(AssertionError, "never struck any cache(.|\n)*there was no call"):
            with self.caches.inject(Fails()):
                pass

    def test_let_be(self):
        """must_strike=False lets it be."""
        with self.cache.inject(Fails(), must_strike=False) as injected:
            pass
        self.assertEqual(injected.struck, [])

    def test_at_the_end_of_the_test(self):
        """One that was never stopped, or never entered, fails the test at its end, and strikes no more."""

        class Tests(InjectCase):
            def test_not_entered(self):
                self.cache.inject(Fails())

            def test_not_stopped(self):
                self.cache.inject(Fails()).start()

            def test_has_struck(self):
                self.cache.inject(Fails()).start()
                self.get("a")

            def test_object(self):
                self.backend.put("a", 1)
                self.cache.inject(Damaged()).start()
                self.get("a")

        texts = {name: run_text(Tests(name)) for name in dir(Tests) if name.startswith("test_")}
        self.assertRegex(texts["test_not_entered"], r"inject\(\), at .* was never entered")
        self.assertRegex(texts["test_not_stopped"], r"inject\(\), at .* was not stopped, and inject\(Fails")
        self.assertEqual(texts["test_has_struck"], "")
        self.assertRegex(texts["test_object"], "could not strike the cache 'prices': the entry of 'a'")

    def test_scope_that_has_closed(self):
        """One of a scope that has closed can't be started any more."""
        with PatchCaches() as inner:
            MockBackend("c")
            injected = inner.caches.inject(Fails(), must_strike=False).start()
            injected.stop()
            late = inner.caches
        with self.assertRaisesRegex(RuntimeError, "of a scope that has closed"):
            late.inject(Fails()).start()


def run_text(test):
    """Return the text of the failures of *test*."""
    result = unittest.TestResult()
    test.run(result)
    return "\n".join(text for _, text in [*result.failures, *result.errors])


if __name__ == "__main__":
    unittest.main()
