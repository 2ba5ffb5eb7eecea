"""The assertions as methods of caches: those of the test case that runs, or of a scope without one."""

from __future__ import annotations

from typing import Any

from .._caches.caches import MockCaches
from ..errors import NotPatchedError
from .base import AssertionBase
from .families import Assertions

__all__ = ["OwnAssertions", "asserting", "asserting_for"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class OwnAssertions(Assertions):
    """The assertions on *caches*, those of a block or a function that no test case runs."""

    failureException = AssertionError

    def __init__(self, caches: MockCaches, scope: Any) -> None:
        self.caches = caches
        self._own_scope = scope
        self._session = None if scope is None else scope.session
        self._label = "a copy of caches" if scope is None else str(scope.label)
        if self._session is not None and not self._session._detects:
            # An instance's own goes before that of the class.
            vars(self)["patch_caches"] = tuple(self._session.adapters)

    def id(self) -> str:
        """Return what texts call the test."""
        return self._label

    def assertCacheSnapshot(self, *names: str, volatile: Any = (), msg: object = None) -> None:
        """Raise an error: the file of a snapshot is named after a test."""
        raise NotPatchedError(
            f"{self._label} is no test of a CacheTestCase, nor one with the fixture caches of pytest, after "
            "which the file of a snapshot is named: call assert_snapshot() in one"
        )

    def _formatMessage(self, msg: object, standardMsg: str) -> str:  # noqa: N803 (as unittest calls it)
        return standardMsg if msg is None else f"{standardMsg} : {msg}"


def asserting(caches: Any) -> Assertions:
    """Return what has the assertions for *caches*: the test case whose they are, while it runs."""
    scope = None if caches._scope is None else caches._scope()
    case = None if scope is None else scope.entered_by
    if isinstance(case, AssertionBase) and case._own_scope is scope:
        return case  # type: ignore[return-value]
    return OwnAssertions(caches, scope)


def asserting_for(cache: Any) -> Assertions:
    """Return what has the assertions for *cache*, which may be a copy that is in no scope."""
    caches = None if cache.scope_caches is None else cache.scope_caches()
    return asserting(MockCaches(by_name={cache.name: cache}) if caches is None else caches)
