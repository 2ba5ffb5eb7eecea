"""The helpers of all cases: how a case is declared an exception, and how counts are checked."""

from __future__ import annotations

import functools
import unittest
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .._behaving.gate import MISSING
from .._patching.late_patches import wait_for_held
from ..errors import closest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from unittest import TestCase as _TestCase

    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches
    from .subject import Subject
else:
    _TestCase = object

__all__ = ["ContractBase", "case", "name_of_case"]


def case(method: Callable[..., None]) -> Callable[..., None]:
    """Return the test of one case, with a new subject; one that is declared an exception has to fail."""

    @functools.wraps(method)
    def test(self: ContractBase, *parameters: Any) -> None:
        reason = self.exceptions.get(name_of_case(self._testMethodName))
        # A worker of an earlier case may end just now, and its patches would go in the middle of this one.
        wait_for_held()
        self.subject = self.make_subject()
        if reason is None:
            method(self, *parameters)
            return
        try:
            method(self, *parameters)
        except Exception:
            raise unittest.SkipTest(reason) from None
        self.fail(f"the case passes, but is declared as an exception: {reason!r}")

    test.is_case = True  # type: ignore[attr-defined]
    return test


def name_of_case(method: str) -> str:
    """Return the name of the case that is the test *method*."""
    return method.removeprefix("test_")


class Patch(Protocol):
    """A scope that is open, as far as a case asks it."""

    @property
    def caches(self) -> MockCaches: ...


class ContractBase(_TestCase):
    """The subject of the running case, and the checks that the cases share."""

    exceptions: ClassVar[Mapping[str, str]] = {}
    """The cases that do not apply, each with the reason."""

    subject: Subject
    """The subject of the running case."""

    def make_subject(self) -> Subject:
        """Return a new subject; it is called outside any patch."""
        raise NotImplementedError(f"{type(self).__name__}.make_subject has to return a Subject")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        known = cls.cases()
        for name, reason in cls.exceptions.items():
            if name not in known:
                closest = ", ".join(closest_first(name, known))
                raise ValueError(f"{cls.__name__}.exceptions: no case {name!r}; the closest first: {closest}")
            if not isinstance(reason, str) or not reason.strip():
                raise ValueError(f"{cls.__name__}.exceptions[{name!r}]: give the reason, not {reason!r}")

    @classmethod
    def cases(cls) -> list[str]:
        """Return the names of the cases, in the order they are written in."""
        return [
            name_of_case(name)
            for group in cls.__mro__
            for name, test in vars(group).items()
            if hasattr(test, "is_case")
        ]

    def patched(self) -> AbstractContextManager[Patch]:
        """Return a fresh scope with the adapter of the subject."""
        raise NotImplementedError

    def check(self, cache: MockCache, *, puts: int = 0, hits: int = 0, misses: int = 0) -> None:
        """Fail unless *cache* has counted this; what can't be known of it is left out."""
        misses += puts * self.subject.misses_per_put
        got = dict(zip(("puts", "hits", "misses"), cache.counts(), strict=True))
        expected = {"puts": puts, "hits": hits, "misses": misses}
        known = got.keys() - cache.unavailable.keys()
        self.assertEqual(
            {word: got[word] for word in known},
            {word: expected[word] for word in known},
            f"the counts of {cache!r}",
        )

    def check_get(self, cache: Any, key: str, expected: object) -> None:
        """Look *key* up, and fail unless that comes to *expected*, in type too."""
        got = self.subject.get(cache, key)
        if expected is MISSING or got is MISSING:
            self.assertIs(got, expected, f"what a lookup of {key!r} has found")
        self.assertEqual((type(got), got), (type(expected), expected), f"what a lookup of {key!r} has found")

    def check_kinds(self, cache: MockCache, *kinds: str) -> None:
        """Fail unless *cache* has logged operations of these *kinds*, in any order."""
        self.assertEqual(Counter(each.kind for each in cache.operations), Counter(kinds))
