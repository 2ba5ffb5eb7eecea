"""The cases about states: a cache that is off, and one whose puts are compared."""

from __future__ import annotations

from .._behaving.gate import MISSING
from .base import ContractBase, case

__all__ = ["StateCases"]


class StateCases(ContractBase):
    """The cases about states."""

    @case
    def test_off(self) -> None:
        """A cache that is off finds nothing, counts what is put, and has nothing afterwards."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache, counts = self.subject.open(name), patch.caches[name]
            self.subject.put(cache, "a", "first")
            with patch.caches.in_state("off", caches=(name,)):
                self.check_get(cache, "a", MISSING)
                self.subject.put(cache, "a", "second")
                self.check_get(cache, "a", MISSING)
                self.assertEqual(len(counts.cache), 0)
                if self.subject.offers("get_many"):
                    self.subject.put_many(cache, {"a": "first", "b": "second"})
                    self.assertEqual(dict(self.subject.get_many(cache, ["a", "b"])), {})
            self.check_get(cache, "a", MISSING)
            many = 2 * self.subject.offers("get_many")
            self.check(counts, puts=2 + many, misses=3 + many)
            self.subject.put(cache, "a", "third")
            self.check_get(cache, "a", "third")

    @case
    def test_verify(self) -> None:
        """A value that is put over another one is told; the same again is not."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache, counts = self.subject.open(name), patch.caches[name]
            self.subject.put(cache, "a", "first")
            with counts.verifying():
                self.check_get(cache, "a", MISSING)
                self.subject.put(cache, "a", "first")
            for second in ("first", "second"):
                try:
                    with counts.verifying():
                        self.subject.put(cache, "a", "first")
                        self.check_get(cache, "a", MISSING)
                        self.subject.put(cache, "a", second)
                except AssertionError as error:
                    self.assertIn("1 of 1 put over an entry wrote another value", str(error))
                    self.assertEqual(second, "second", error)
                else:
                    self.assertEqual(second, "first", "another value was put, and not told")
