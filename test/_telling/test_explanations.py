"""What the page on explanations shows is what happens."""

import dataclasses
import functools
import hashlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, NoMissError, PatchCaches
from cachetest.adapters import Functools

from ..documents import blocks, check_block
from ..support import BY_PYTEST, ROOT, make_library, run_method, sample_or_all
from ..warm import run_runner, run_unittest

PAGE = ROOT / "docs" / "explanations.rst"


class ExplanationsTests(unittest.TestCase):
    def test_texts(self):
        """Each text but those of PyTorch is printed by the module of the page."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_prices.py").write_text(blocks(PAGE, "python")[0] + "\n", encoding="utf-8")
            done = run_unittest(cwd=folder)
        shown = [text for text in blocks(PAGE, "text") if "'prices'" in text]
        self.assertEqual(len(shown), 15)
        for text in shown:
            # Paths have backslashes on Windows.
            self.assertIn(f"AssertionError: {text}\n\n".replace("\\", "/"), done.stderr.replace("\\", "/"))

    def test_example(self):
        """What can be asked for runs."""
        check_block(self, blocks(PAGE, "python")[1], PAGE)

    def test_no_frame_of_ours(self):
        """The traceback of a failure is of the test alone, under either runner."""
        with tempfile.TemporaryDirectory() as folder:
            source = blocks(PAGE, "python")[0].replace(
                "    def setUp", "    patch_caches = ()\n\n    def setUp"
            )
            Path(folder, "test_prices.py").write_text(source + "\n", encoding="utf-8")
            for arguments in ((), (*BY_PYTEST, "-q", "--tb=short")):
                with self.subTest(arguments=arguments):
                    done = run_runner(*arguments, cwd=folder) if arguments else run_unittest(cwd=folder)
                    text = done.stdout + done.stderr
                    self.assertIn("expected hits=1, got 0", text)
                    for folder_of_ours in ("_assertions", "_telling"):
                        self.assertNotIn(folder_of_ours, text)


@dataclasses.dataclass(eq=False)
class Query:
    """A key with a field that was never set."""

    sql: str
    plan: object = dataclasses.field(init=False, repr=False)


class Row:
    """A key whose == raises and whose repr is very long."""

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return self.number

    def __eq__(self, other):
        raise ValueError("ambiguous")

    def __repr__(self):
        return f"Row({'1, ' * 2000})"


class Detached:
    """A part of a key that can't be written."""

    def __repr__(self):
        raise RuntimeError("detached")

    __str__ = __repr__


class Names(dict):
    """A key that is a mapping."""

    def __hash__(self):
        return id(self)

    def __eq__(self, other):
        return self is other


def calls_of(function):
    """Return how many calls of functions, those written in C included, *function* comes to."""
    calls = 0

    def count(frame, event, arg):
        nonlocal calls
        calls += event in ("call", "c_call")

    found = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(found)
    return calls


class ManyEntriesTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("readable", lambda n: f"price:{n}:EUR", "price:7:USD", "part 3: 'EUR' -> 'USD'"),
            ("tuple", lambda n: ("price", n, "EUR"), ("price", 7, "USD"), "part 3: 'EUR' -> 'USD'"),
            (
                "JSON",
                lambda n: json.dumps({"item": n, "in": {"currency": "EUR"}}),
                json.dumps({"item": 7, "in": {"currency": "USD"}}),
                "in.currency: 'EUR' -> 'USD'",
            ),
            (
                "hashed",
                lambda n: hashlib.sha256(str(n).encode()).hexdigest(),
                hashlib.sha256(b"absent").hexdigest(),
                "a hash, and what went into it can't be told from it",
            ),
        ]
    )
    def test_named(self, _, make, missed, difference):
        """What differs is found among many entries, and ten times as many take at most ten times the work."""
        work = {}
        few = sample_or_all(200, of=1_000)
        for entries in (few, 10 * few):
            with PatchCaches(make_library()[1]) as patch:
                backend = MockBackend("c")
                for n in range(entries):
                    backend.put(make(n), n)
                backend.get(missed)
                explanation = []
                work[entries] = calls_of(lambda: explanation.append(str(patch.caches.c.explain())))  # noqa: B023
            self.assertIn(difference, explanation[0])
        self.assertLess(work[10 * few], 12 * work[few])


class OddKeyTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("field never set", lambda: (Query("a"), Query("b"))),
            ("== raises", lambda: (Row(1), Row(2))),
            ("str raises", lambda: (Names({Detached(): 1}), Names({Detached(): 2}))),
        ]
    )
    def test_told(self, _, keys):
        """Whatever the keys are, a failure tells the counts and the operations, and so does the rest."""
        one, other = keys()

        def body(case):
            backend = MockBackend("c")
            backend.put(one, 1)
            backend.get(other)
            case.caches.report(io.StringIO())
            json.dumps(case.caches.as_dict())
            str(case.caches.c.explain())
            case.assertCacheStats("c", hits=1)

        _, result = run_method(CacheTestCase, body, patch_caches=())
        ((_, text),) = result.failures
        self.assertEqual(result.errors, [])
        self.assertIn("expected hits=1, got 0", text)
        self.assertIn("2. miss", text)

    def test_beside_a_memoised_function(self):
        """A cache that shows no entries is no obstacle to the explanation of another's miss."""

        @functools.cache
        def price(article):
            return 1

        def body(case):
            MockBackend("c").get("k")
            case.assertCacheStats("c", misses=0)

        _, result = run_method(CacheTestCase, body, patch_caches=(Functools(prices=price),))
        ((_, text),) = result.failures
        self.assertIn("never put", text)

    def test_huge_integer(self):
        """An integer of more digits than Python writes is shown by its size."""
        with PatchCaches() as patch:
            MockBackend("c").put(10**5000, 1)
            self.assertIn("an int of 16610 bits", json.dumps(patch.caches.as_dict()))

    def test_no_miss_of_a_memoised_function(self):
        """Where no operations are known, the error says so."""
        with PatchCaches(Functools(prices=functools.cache(abs))) as patch:
            with self.assertRaisesRegex(NoMissError, "no miss in its log to explain: "):
                patch.caches.prices.explain()


if __name__ == "__main__":
    unittest.main()
