"""What the page on explanations shows is what happens."""

import dataclasses
import functools
import io
import json
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, NoMissError, PatchCaches
from cachetest.adapters import Functools

from .documents import blocks, check_block
from .support import ROOT, run_method, run_python

PAGE = ROOT / "docs" / "explanations.rst"


class ExplanationsTests(unittest.TestCase):
    def test_texts(self):
        """Each text but those of PyTorch is printed by the module of the page."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_prices.py").write_text(blocks(PAGE, "python")[0] + "\n", encoding="utf-8")
            done = run_python("-m", "unittest", cwd=folder)
        shown = [text for text in blocks(PAGE, "text") if "'prices'" in text]
        self.assertEqual(len(shown), 9)
        for text in shown:
            self.assertIn(f"AssertionError: {text}\n\n", done.stderr.replace("\\", "/"))

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
            for runner in (["unittest"], ["pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]):
                with self.subTest(runner[0]):
                    done = run_python("-m", *runner, cwd=folder)
                    text = done.stdout + done.stderr
                    self.assertIn("expected hits=1, got 0", text)
                    self.assertNotIn("assertions.py", text)
                    self.assertNotIn("messages.py", text)


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
