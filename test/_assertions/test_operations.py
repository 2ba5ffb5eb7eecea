"""The operations of a cache, one by one: which are the same, and how others are told."""

import unittest
from functools import lru_cache

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, UnknownCacheError, cache_states
from cachetest.adapters import Functools

from ..support import LibraryAdapter, make_library, run_method

MIXED = ["- put 9", "- put 3", "  put 1", "- put 4", "  put 2", "+ put 3", "+ put 4", "  put 5", "- put 8"]
ALL = ["miss lamp", "put lamp", "hit lamp", "miss lamp", "miss 1", "miss 1"]


class OperationsCase(CacheTestCase):
    """Operations on keys that are written alike."""

    patch_caches = ()

    def setUp(self):
        self.backend = MockBackend("prices")
        self.backend.get("lamp")
        self.backend.put("lamp", 1)
        for key in ("lamp", b"lamp", 1, "1"):
            self.backend.get(key)

    def fails(self, text):
        return self.assertRaisesRegex(self.failureException, text)

    def text(self, *arguments, **options):
        with self.assertRaises(self.failureException) as caught:
            self.assertCacheOperations("prices", *arguments, **options)
        return str(caught.exception)


class OrderedTests(OperationsCase):
    def test_exactly_these(self):
        """Strings go by the text of a key, tuples by the key itself."""
        self.assertCacheOperations("prices", ALL)
        self.assertCacheOperations("prices", tuple(ALL))
        keys = [("miss", "lamp"), "put lamp", ("hit", "lamp"), ("miss", b"lamp"), ("miss", 1), ("miss", "1")]
        self.assertCacheOperations("prices", keys)

    @parameterized.expand(
        [
            ("fewer", ALL[:-1], r"not expected miss 1 \(str\)"),
            ("more", [*ALL, "hit lamp"], "missing hit lamp"),
            ("first", ALL[1:], "not expected miss lamp"),
            ("none", [], "not expected miss lamp and 5 more"),
            ("kind", ["hit lamp", *ALL[1:]], "missing hit lamp; not expected miss lamp"),
            ("key", [*ALL[:-1], "miss 2"], r"missing miss 2; not expected miss 1 \(str\)"),
            ("type", [*ALL[:4], ("miss", "1"), ("miss", "1")], r"missing miss 1 \(str\); .* miss 1 \(int\)"),
            (
                "alike",
                [*ALL[:4], ("miss", True), "miss 1"],
                r"missing miss True; not expected miss 1 \(int\)",
            ),
            ("bytes", [*ALL[:3], ("miss", "lamp"), *ALL[4:]], "missing miss lamp; not expected miss b'lamp'"),
        ]
    )
    def test_differs(self, _, operations, text):
        """The first line says what is missing, and what was not expected."""
        with self.fails(f"^cache 'prices', its operations: {text}\n  - expected, "):
            self.assertCacheOperations("prices", operations)

    def test_order(self):
        """The same ones in another order are others."""
        swapped = ["put lamp", "miss lamp", *ALL[2:]]
        with self.fails("missing put lamp; not expected put lamp"):
            self.assertCacheOperations("prices", swapped)
        self.assertCacheOperations("prices", swapped, ordered=False)

    def test_failure(self):
        """What is equal is told around what differs, with lines of code and why."""
        self.assertRegex(
            self.text([*ALL[:2], "hit lamp", "hit lamp", *ALL[4:]], msg="told"),
            r"""(?x)^cache\ 'prices',\ its\ operations:\ missing\ hit\ lamp;\ not\ expected\ miss\ b'lamp'\n
            \ \ -\ expected,\ \+\ found:\n
            \ \ \ \ \.\.\.\ 1\ as\ expected\n
            \ \ \ \ put\ lamp\ \ \ \ \ \ 2\.\ at\ \S*test_operations\.py:\d+\ in\ setUp\n
            \ \ \ \ hit\ lamp\ \ \ \ \ \ 3\.\ at\ .*\n
            \ \ -\ hit\ lamp\n
            \ \ \+\ miss\ b'lamp'\ \ 4\.\ at\ .*\n
            \ \ \ \ \ \ \ \ never\ put\ before;\ the\ nearest\ key,\ 'lamp',\ put\ by\ operation\ 2,\ .*\n
            \ \ \ \ miss\ 1\ \(int\)\ \ 5\.\ at\ .*\n
            \ \ \ \ miss\ 1\ \(str\)\ \ 6\.\ at\ .*\ :\ told$""",
        )

    def test_hit(self):
        """Of a hit that was not expected it is told where its entry came from."""
        self.assertRegex(
            self.text(ALL[:2]), r"\+ hit lamp +3\. at .*\n +put by operation 2, at .*right before"
        )

    def test_put(self):
        """Of a put, nothing is told but its line."""
        self.assertRegex(self.text([]), r"\+ put lamp +2\. at .*\n  \+ hit lamp")

    def test_long(self):
        """Of many operations those are shown that differ, and the longest sequence in common is found."""
        for n in range(60):
            self.backend.put(n, n)
        expected = [*ALL, *(f"put {n}" for n in range(60) if n != 30)]
        text = self.text(expected)
        self.assertIn("not expected put 30\n", text)
        self.assertIn("\n    ... 34 as expected\n", text)
        self.assertTrue(text.endswith("\n    ... 27 as expected"), text)
        self.assertLess(text.count("\n"), 9)

    def test_several_differences(self):
        """The longest sequence in common is found, wherever it lies."""
        self.caches.reset()
        for n in (1, 2, 3, 4, 5):
            self.backend.put(n, n)
        text = self.text([f"put {n}" for n in (9, 3, 1, 4, 2, 5, 8)])
        self.assertEqual([line[2:9] for line in text.splitlines()[2:]], MIXED)

    def test_miss_and_refusal(self):
        """A refusal is explained as a miss is; of other kinds nothing is told."""
        self.caches.reset()
        self.caches.prices.record("refusal", "lamp", known={"error": "it is damaged"})
        self.caches.prices.record("delete", "lamp")
        self.assertRegex(
            self.text([]), r"refusal lamp .*\n +found, and not used: it is damaged\n  \+ delete lamp"
        )

    def test_all_different(self):
        """A text stays short, and says what it leaves out."""
        for n in range(700):
            self.backend.put(n, n)
        text = self.text(["put x"] * 700)
        self.assertIn("missing put x and 699 more; not expected miss lamp and 705 more\n", text)
        self.assertRegex(
            text, r"\n    \.\.\. 6\d\d missing, 7\d\d not expected$|\n    \.\.\. 7\d\d not expected$"
        )
        self.assertLess(text.count("\n"), 39)

    def test_none(self):
        """No operations at all are told with what is known of that."""
        self.caches.reset()
        self.assertCacheOperations("prices", [])
        self.assertCacheOperations("prices", [], ordered=False)
        self.assertEqual(
            self.text(["hit lamp"]),
            "cache 'prices', its operations: missing hit lamp\n  no operations\n  - hit lamp",
        )


class UnorderedTests(OperationsCase):
    def test_any_order(self):
        """As often as they are given, in any order; a key is taken before a text that fits it too."""
        self.assertCacheOperations("prices", ALL[::-1], ordered=False)
        mixed = ["miss lamp", ("miss", "lamp"), "miss 1", ("miss", 1), "hit lamp", "put lamp"]
        self.assertCacheOperations("prices", mixed, ordered=False)

    @parameterized.expand(
        [
            ("fewer", ALL[1:], "not expected miss lamp|not expected miss b'lamp'"),
            ("more", [*ALL, "hit lamp"], "missing hit lamp"),
            ("other", [*ALL[:-1], "miss 2"], r"missing miss 2; not expected miss 1 \(str\)"),
        ]
    )
    def test_differs(self, _, operations, text):
        with self.fails(f"^cache 'prices', its operations, in any order: ({text})\n"):
            self.assertCacheOperations("prices", operations, ordered=False)

    def test_failure(self):
        """What is missing comes first, then what was found, in order."""
        text = self.text(["miss 2", *ALL[:-1]], ordered=False)
        self.assertRegex(
            text, r"found:\n  - miss 2\n    miss lamp .*\n    put lamp .*\n(.*\n)+  \+ miss 1 \(str\)  "
        )


class StateTests(CacheTestCase):
    patch_caches = ()

    @cache_states("cold", "off")
    def test_passed_over(self):
        """In any state but the test's own they are not evaluated; a mistake is one in each."""
        backend = MockBackend("prices")
        backend.put("lamp", 1)
        backend.get("lamp")
        self.assertCacheOperations("prices", ["put lamp", "hit lamp"])
        with self.assertCacheDelta("prices", hits=1):
            backend.get("lamp")
        with self.assertRaisesRegex(ValueError, "no kind of operation"):
            self.assertCacheOperations("prices", ["mis lamp"])


class GivenTests(OperationsCase):
    @parameterized.expand(
        [
            ("near", ["mis lamp"], "operation 1, 'mis lamp': 'mis' is no kind of .*, the closest is 'miss'"),
            ("case", [("PUT", 1)], r"operation 1, \('PUT', 1\): 'PUT' is no kind .* the closest is 'put'"),
            (
                "get",
                ["hit 1", "get 1"],
                "operation 2, 'get 1': .*the closest is 'hit' or 'miss'; .*also put,",
            ),
            ("no_key", ["miss"], "operation 1, 'miss', has no key: it must be a string such as"),
        ]
    )
    def test_no_operation(self, _, operations, text):
        with self.assertRaisesRegex(ValueError, text):
            self.assertCacheOperations("prices", operations)

    @parameterized.expand(
        [
            ("number", [5], "operation 1 must be a string such as .*, not 5"),
            ("pair", [["miss", 1]], r"or a tuple \(kind, key\), not \['miss', 1\]"),
            ("three", [("miss", 1, 2)], r"not \('miss', 1, 2\)"),
            ("kind", [(1, "miss")], r"not \(1, 'miss'\)"),
            ("text", "miss lamp", r"operations must be a list of them.*not 'miss lamp'"),
            ("none", None, r"operations must be a list of them.*not None"),
        ]
    )
    def test_types(self, _, operations, text):
        with self.assertRaisesRegex(TypeError, text):
            self.assertCacheOperations("prices", operations)

    def test_others(self):
        """So are a name that is none, and an order that is no bool."""
        with self.assertRaisesRegex(UnknownCacheError, "closest first: prices"):
            self.assertCacheOperations("price", [])
        with self.assertRaisesRegex(TypeError, "ordered must be True or False, not 'no'"):
            self.assertCacheOperations("prices", [], ordered="no")

    def test_keys_of_the_program(self):
        """A key is what the program gives, and may be what its library makes of it."""

        class Prefixing(LibraryAdapter):
            def entry_key(self, cache, key):
                return key if str(key).startswith("v1:") else f"v1:{key}"

        def body(case):
            library.backend.get("v1:lamp")
            for key in ("lamp", "v1:lamp"):
                case.assertCacheOperations("lib", [f"miss {key}"])
                case.assertCacheOperations("lib", [("miss", key)])
            with case.assertRaisesRegex(AssertionError, "missing miss chair; not expected miss v1:lamp"):
                case.assertCacheOperations("lib", ["miss chair"])

        library, _ = make_library()
        _, result = run_method(CacheTestCase, body, patch_caches=(Prefixing(library),))
        self.assertEqual(result.errors + result.failures, [])

    def test_not_known(self):
        """Where operations are not known, or not all of them, it can't be told."""

        @lru_cache
        def price_of(name):
            return len(name)

        def body(case):
            with case.assertRaisesRegex(ValueError, "the operations of cache 'price' can't be known"):
                case.assertCacheOperations("price", [])
            backend = MockBackend("c")
            for n in range(5):
                backend.put(n, n)
            with case.assertRaisesRegex(ValueError, "the oldest 2 operations of cache 'c' are not kept"):
                case.assertCacheOperations("c", ["put 2", "put 3", "put 4"])

        options = {"patch_caches": (Functools(price=price_of),), "log_length": 3}
        _, result = run_method(CacheTestCase, body, **options)
        self.assertEqual(result.errors + result.failures, [])


if __name__ == "__main__":
    unittest.main()
