"""The case about a child process: whose entries it finds, and that what it does is counted once."""

from __future__ import annotations

import os
import pickle
import unittest
import warnings
from typing import TYPE_CHECKING, Any

from .._behaving.callers import why_no_threads
from .._behaving.gate import MISSING
from ..errors import ChildOperationError
from .base import ContractBase, case

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ProcessCases"]


class ProcessCases(ContractBase):
    """The case about a child process."""

    @case
    def test_forked(self) -> None:
        """A forked child finds what is shared, has a copy of what is not, and all is counted in one place.

        Where the adapter can't do either, each call in the child is refused, and the test fails.
        """
        if not hasattr(os, "fork"):
            raise unittest.SkipTest("os.fork is not there")
        if why := why_no_threads():
            raise unittest.SkipTest(why)
        name = self.subject.caches[0]
        if self.subject.adapter.child_support == "refuse":
            self._check_refused(name)
            return
        with self.patched() as patch:
            cache = patch.caches[name]
            self.subject.put(self.subject.open(name), "a", "parent's")

            def use() -> list[Any]:
                client = self.subject.open(name)
                found = [self.subject.get(client, "a")]
                self.subject.put(client, "b", "child's")
                return [*found, self.subject.get(client, "b")]

            self.assertEqual(_in_fork(use), ["parent's", "child's"], "what the child has found")
            self.check(cache, puts=2, hits=2)
            expected = "child's" if self.subject.adapter.is_shared(cache) else MISSING
            self.check_get(self.subject.open(name), "b", expected)
            shared = expected is not MISSING
            self.check(cache, puts=2, hits=3 if shared else 2, misses=0 if shared else 1)

    def _check_refused(self, name: str) -> None:
        def use() -> None:
            self.subject.put(self.subject.open(name), "a", "child's")

        with self.assertRaisesRegex(AssertionError, "was refused"), self.patched() as patch:
            with self.assertRaises(ChildOperationError):
                _in_fork(use)
            self.check(patch.caches[name])


def _in_fork(use: Callable[[], Any]) -> Any:
    """Return what *use* returns in a forked child, or raise what it raises there."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Of threads that the library may have: the child asks for nothing that they hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as file:
                pickle.dump(_outcome(use), file)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        data = file.read()
    os.waitpid(child, 0)
    if not data:
        raise AssertionError("the child has ended without a word")
    error, found = pickle.loads(data)
    if error is not None:
        raise error
    return found


def _outcome(use: Callable[[], Any]) -> tuple[BaseException | None, Any]:
    try:
        return None, use()
    except ChildOperationError as error:
        return error, None
    except BaseException as error:
        # One of a library may not survive being sent.
        return AssertionError(f"in the child: {type(error).__name__}: {error}"), None
