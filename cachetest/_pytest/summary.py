"""What a run has done with its caches, in a line or in a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._caches.cache import MockCache

    class Reporting(Protocol):
        """What keeps the report."""

        def add(self, item: Any, call: Any, report: Any) -> None: ...
        def as_bytes(self) -> bytes: ...
        def take(self, found: bytes) -> None: ...


__all__ = ["REPORTING", "Totals", "used"]

REPORTING = pytest.StashKey["Reporting"]()
"""What keeps the report of a run, in its config: loaded where one was asked for."""

_WORDS = ("tests", "puts", "hits", "misses", "refusals")


def used(caches: Mapping[str, MockCache]) -> dict[str, MockCache]:
    """Return those of *caches* that were used."""
    return {name: cache for name, cache in caches.items() if cache.operations.total or any(cache.counts())}


class Totals:
    """How many tests have used each cache, and what they have done to it."""

    def __init__(self) -> None:
        self.tests = 0
        self.by_cache: dict[str, list[int]] = {}

    def add(self, caches: Mapping[str, MockCache]) -> None:
        """Add what one test has done to its *caches*."""
        found = used(caches)
        self.tests += bool(found)
        for name, cache in found.items():
            self._add(name, [1, *cache.counts(), cache.num_refusal])

    def _add(self, name: str, counts: list[int]) -> None:
        before = self.by_cache.get(name, [0] * len(counts))
        self.by_cache[name] = [one + other for one, other in zip(before, counts, strict=True)]

    def as_json(self) -> str:
        """Return it for another process."""
        return json.dumps([self.tests, self.by_cache])

    def merge(self, found: str) -> None:
        """Add what another process has found, as its `as_json` gives it."""
        tests, by_cache = json.loads(found)
        self.tests += tests
        for name, counts in by_cache.items():
            self._add(name, counts)

    def line(self) -> str:
        """Return the line of the summary."""
        _, *counts = (sum(each) for each in zip(*self.by_cache.values(), strict=True))
        told = [f"{count:,} {_word(word, count)}" for word, count in zip(_WORDS[1:], counts, strict=True)]
        told = told if counts[-1] else told[:-1]
        tests, caches = self.tests, len(self.by_cache)
        return (
            f"cachetest: {tests:,} {_word('tests', tests)} used {caches} {_word('caches', caches)}: "
            f"{', '.join(told)}"
        )

    def table(self) -> list[str]:
        """Return the lines of the table, a cache each."""
        rows: list[list[Any]] = [["cache", *_WORDS]]
        rows += [[name, *(f"{each:,}" for each in self.by_cache[name])] for name in sorted(self.by_cache)]
        first, *widths = (max(len(str(row[n])) for row in rows) for n in range(len(rows[0])))
        return [
            "  ".join(
                [row[0].ljust(first), *(each.rjust(w) for each, w in zip(row[1:], widths, strict=True))]
            )
            for row in rows
        ]


def _word(word: str, count: int) -> str:
    return word if count != 1 else {"misses": "miss"}.get(word, word.removesuffix("s"))
