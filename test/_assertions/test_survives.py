"""`assertCacheSurvives`: a function gives the same answer whatever happens to its caches."""

import json
import re
import unittest
from contextlib import suppress
from types import SimpleNamespace

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
    Stats,
)
from cachetest._caches.scope import marked

from .._caches.test_injecting import run_text

table = {"lamp": 4.25, "chair": 9.5}
backend = MockBackend("prices")


def sound(item="lamp"):
    """Survive all of it."""
    try:
        found = json.loads(backend.get(item) or "{}").get("price")
    except (ConnectionError, ValueError):
        found = None
    if found is None:
        found = table[item]
        with suppress(ConnectionError):
            backend.put(item, json.dumps({"price": found}))
    return found


def put_fails():
    try:
        found = backend.get("lamp")
    except ConnectionError:
        found = None
    if found is None:
        found = json.dumps(table["lamp"])
        backend.put("lamp", found)
    return json.loads(found)


def asks_twice():
    """Look up what was found a moment ago."""
    if backend.get("lamp") is None:
        backend.put("lamp", "[4.25]")
    return json.loads(backend.get("lamp"))[0]


def is_late():
    """Remember for how long it took: an answer of its own where a call was slow."""
    clock = marked().caches.clock
    before = clock.offset
    backend.get("lamp")
    return clock.offset - before < 30


class SurvivesTests(CacheTestCase):
    patch_caches = ()

    def text(self, function, **given):
        with self.assertRaises(AssertionError) as failure:
            self.assertCacheSurvives(function, **given)
        return str(failure.exception)

    def test_survives(self):
        """One that survives all of it passes; nothing of it is in the test's own counts."""
        backend.put("lamp", "mine")
        self.assertCacheSurvives(sound)
        self.assertEqual(self.caches.prices, Stats(1, 0, 0))
        self.assertEqual(self.caches.prices.cache, {"lamp": "mine"})
        self.assertTrue(marked().is_innermost)

    @parameterized.expand(
        [
            ("fails", put_fails, Fails(), "put", "raised ConnectionError"),
            ("loses reply", put_fails, LosesReply(), "put", "raised ConnectionError"),
            ("other error", put_fails, Fails(TimeoutError), "get", "raised TimeoutError"),
            ("damaged", put_fails, Damaged(lambda _: "5"), "get", "gave 5 in place of 4.25"),
            ("gone", asks_twice, Gone(), "get", "raised TypeError"),
            ("dropped", asks_twice, Dropped(), "put", "raised TypeError"),
            ("slow", is_late, Slow(60), "get", "gave False in place of True"),
        ]
    )
    def test_breaks(self, _, function, fault, kind, outcome):
        """What breaks it is told, with its line, and a line of code that repeats just that."""
        text = self.text(function, faults=(fault,))
        name = function.__name__
        self.assertRegex(text, rf"^{name}\(\) does not survive what can happen to its caches: it breaks in")
        self.assertRegex(
            text,
            rf"1. {re.escape(repr(fault))} (at|from) {kind} 'lamp' of cache 'prices'.*, "
            rf"at .*test_survives.py:\d+ in {name}\n       it {outcome}",
        )
        # The entry is damaged for good; all else is over when the fault is.
        self.assertEqual("poisoned" in text, type(fault) is Damaged)
        codes = [line.strip() for line in text.splitlines() if line.strip().startswith("with ")]
        self.assertGreater(len(codes), 0)

    @parameterized.expand(
        [("put", put_fails, Fails()), ("warm", asks_twice, Gone()), ("cold", asks_twice, Dropped())]
    )
    def test_repeated(self, _, function, fault):
        """Each line of code does what is said of it."""
        text = self.text(function, faults=(fault,))
        names = {function.__name__: function, type(fault).__name__: type(fault)}
        for code in re.findall(r"^ +(with .*)$", text, re.MULTILINE):
            ran = []

            class Repeated(CacheTestCase):
                patch_caches = ()

                def test(self, code=code, ran=ran):
                    try:
                        exec(code, {**names, "self": self})
                    except (ConnectionError, TypeError) as error:
                        ran.append(type(error))

            self.assertEqual(run_text(Repeated("test")), "")
            self.assertEqual(len(ran), 1, code)

    def test_poisoned(self):
        """A wrong answer afterwards is told."""
        text = self.text(put_fails, faults=(Damaged(lambda _: "5"),))
        self.assertIn("afterwards, without a fault, it gave 5 in place of 4.25: the cache was poisoned", text)
        self.assertIn("warm, at", text)

    def test_from_there_on(self):
        """A fault that lasts breaks what survives one."""

        def tries_twice():
            try:
                return backend.get("lamp")
            except ConnectionError:
                return backend.get("lamp")

        text = self.text(tries_twice, faults=(Fails(),))
        self.assertIn("Fails() from get 'lamp' of cache 'prices' on", text)
        self.assertIn("inject(Fails(), nth=range(1, 10000)): tries_twice()", text)
        self.assertNotIn(" at get 'lamp'", text)

    def test_failed_assertion(self):
        """An assertion of the function that fails is a way to break."""

        def checks():
            self.assertIsNone(backend.get("lamp"))
            backend.put("lamp", "x")
            marked().caches.prices.cache.clear()

        text = self.text(checks, faults=(Fails(self.failureException("mine")),))
        self.assertIn("it raised AssertionError: mine", text)

    def test_reset(self):
        """reset puts the rest of the program back."""
        rows = []

        def insert():
            backend.get("lamp")
            rows.append(1)
            return len(rows)

        self.assertIn("insert() is not the same each time", self.text(insert))
        rows.clear()
        self.assertCacheSurvives(insert, faults=(Slow(1),), reset=rows.clear)

    def test_equal(self):
        with self.assertRaisesRegex(TypeError, "not a bool: for tensors give equal=torch.equal"):
            self.assertCacheSurvives(sound, equal=lambda one, other: SimpleNamespace())
        self.assertCacheSurvives(put_fails, faults=(Damaged(lambda _: "5"),), equal=lambda one, other: True)

    def test_raises_cold(self):
        """A function that raises by itself has its own exception."""

        def broken():
            backend.get("lamp")
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            self.assertCacheSurvives(broken)

    def test_interrupt(self):
        """An interrupt goes on, and leaves nothing in force."""
        calls = []

        def interrupted():
            calls.append(backend.get("lamp"))
            if len(calls) == 5:
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.assertCacheSurvives(interrupted, faults=(Slow(1),))
        self.assertTrue(marked().is_innermost)
        self.assertEqual(self.caches.prices.in_force, ())


if __name__ == "__main__":
    unittest.main()
