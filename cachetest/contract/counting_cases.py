"""The cases about counting: what each call of the library is logged as, and what it returns."""

from __future__ import annotations

from typing import Any
from unittest import TestResult

from parameterized import parameterized

from .._behaving.gate import MISSING
from .base import ContractBase, case

__all__ = ["CountingCases"]


def _named_falsy(_method: object, _number: object, parameters: Any) -> str:
    return f"test_falsy_{parameters.args[0]}"


def _described_falsy(_method: object, _number: object, parameters: Any) -> str:
    return f"A stored {parameters.args[1]!r} is a hit, and comes back as it was."


class CountingCases(ContractBase):
    """The cases about counting."""

    @case
    def test_cold(self) -> None:
        """The first lookup of a scope is a miss."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            self.check(patch.caches[name])
            self.check_get(self.subject.open(name), "a", MISSING)
            self.check(patch.caches[name], misses=1)

    @case
    def test_warm(self) -> None:
        """A lookup after a put is a hit, of the value that was put."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
            self.check(patch.caches[name], puts=1)
            self.check_get(cache, "a", "first")
            self.check(patch.caches[name], puts=1, hits=1)

    @case
    def test_overwrite(self) -> None:
        """A value over another is a put too, and is what is found."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
            self.subject.put(cache, "a", "second")
            self.check_get(cache, "a", "second")
            self.check(patch.caches[name], puts=2, hits=1)

    @case
    def test_delete(self) -> None:
        """A deleted entry is gone; the delete is logged, and is no lookup and no put."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
            self.subject.delete(cache, "a")
            self.check_get(cache, "a", MISSING)
            self.check(patch.caches[name], puts=1, misses=1)
            self.check_kinds(patch.caches[name], "put", "delete", "miss")

    @parameterized.expand(  # type: ignore[untyped-decorator]
        [("none", None), ("false", False), ("zero", 0), ("bytes", b""), ("text", "")],
        name_func=_named_falsy,
        doc_func=_described_falsy,
    )
    @case
    def test_falsy(self, _name: str, value: object) -> None:  # noqa: PT019
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", value)
            self.check_get(cache, "a", value)
            self.check(patch.caches[name], puts=1, hits=1)

    @case
    def test_many(self) -> None:
        """A call for three keys, two of them there, is two hits and a miss; one that puts two is two puts."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put_many(cache, {"a": "first", "b": "second"})
            found = self.subject.get_many(cache, ["a", "b", "c"])
            self.assertEqual(dict(found), {"a": "first", "b": "second"})
            self.check(patch.caches[name], puts=2, hits=2, misses=1)

    @case
    def test_expiry(self) -> None:
        """What has expired is a miss, and an expiration in the log."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put_for(cache, "a", "first", 60)
            self.check_get(cache, "a", "first")
            if self.subject.offers("advance"):
                self.subject.advance(61)
            else:
                patch.caches.clock.advance(61)
            self.check_get(cache, "a", MISSING)
            self.check(patch.caches[name], puts=1, hits=1, misses=1)
            self.check_kinds(patch.caches[name], "put", "hit", "expiration", "miss")

    @case
    def test_two_names(self) -> None:
        """Two caches have counts and entries of their own."""
        self.assertEqual(len(self.subject.caches), 2, "this case needs the names of two caches")
        name, other = self.subject.caches
        with self.patched() as patch:
            cache, another = self.subject.open(name), self.subject.open(other)
            self.subject.put(cache, "a", "first")
            self.check_get(another, "a", MISSING)
            self.subject.put(another, "b", "second")
            self.check_get(cache, "a", "first")
            self.check(patch.caches[name], puts=1, hits=1)
            self.check(patch.caches[other], puts=1, misses=1)

    @case
    def test_stale(self) -> None:
        """`assertCacheFresh` fails for an entry that a write has left, and for one that it wrote does not."""
        # Loaded here: suites are imported for their cases alone, by tools that list them as well.
        from ..case import CacheTestCase

        subject, name, table = self.subject, self.subject.caches[0], {"a": "first"}

        def read() -> Any:
            cache = subject.open(name)
            found = subject.get(cache, "a")
            if found is MISSING:
                found = table["a"]
                subject.put(cache, "a", found)
            return found

        def write() -> None:
            table["a"] = "second"
            subject.put(subject.open(name), "a", "second")

        def forget_to_write() -> None:
            table["a"] = "third"

        class Reads(CacheTestCase):
            patch_caches = (subject.adapter,)

            def runTest(self) -> None:
                self.assertCacheFresh(read, after=write, caches=(name,))
                with self.assertRaisesRegex(AssertionError, "gives 'second'; a cold read gives 'third'"):
                    self.assertCacheFresh(read, after=forget_to_write, caches=(name,))

        result = TestResult()
        Reads().run(result)
        self.assertEqual([text for _, text in result.errors + result.failures], [])
