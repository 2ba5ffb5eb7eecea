"""`CacheTestCase`: every test in a scope of its own."""

from __future__ import annotations

import sys
import unittest
from typing import TYPE_CHECKING, Any, ClassVar

from ._assertions.counts import CountAssertions
from ._assertions.entries import EntryAssertions
from ._assertions.use import UseAssertions
from ._patching.patch_caches import again_if_interrupted
from ._patching.session import Session
from ._patching.validation import validate_length, validate_names, validate_sequence
from ._recording.call_sites import Location, calling_location
from ._recording.log import LOG_LENGTH
from .adapters.registry import resolve_adapters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["CacheTestCase", "CacheTestMixin"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class CacheTestMixin(CountAssertions, EntryAssertions, UseAssertions):
    """Gives each test of your own TestCase a scope; list it first among the bases.

    Every switch of the adapters in use is turned off, those in `enable_caches` are turned on, and the caches
    are patched. All of it is undone after the test, its ``tearDown`` and its cleanups, whatever happened, and
    whether or not a subclass's ``setUp`` calls ``super().setUp()``.
    """

    enable_caches: ClassVar[Sequence[str]] = ()
    """The names of the switches that are on during the tests; all others are off."""

    explain_misses: ClassVar[bool] = True
    """Whether adapters record how each key was built, so that a miss can name the part that changed."""

    log_length: ClassVar[int] = LOG_LENGTH
    """How many operations each cache keeps, the newest ones; counts stay exact beyond that."""

    _session: Session | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        if unittest.TestCase in order and order.index(unittest.TestCase) < order.index(CacheTestMixin):
            raise TypeError(
                f"class {cls.__name__}: CacheTestMixin goes in front of the TestCase, not behind it"
            )

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        patched = self._patch_set_up()
        try:
            return super().run(result)
        finally:
            self._after_run(patched)

    def debug(self) -> None:
        patched = self._patch_set_up()
        try:
            super().debug()
        finally:
            try:
                # Unlike run(), debug() leaves out the cleanups once something has failed.
                self.doCleanups()
            finally:
                self._after_run(patched)

    def setUp(self) -> None:
        super().setUp()
        if self._session is not None:
            # The TestCase behind may turn caches on for its own tests, as torch's does.
            self._session.override_again()

    def _patch_set_up(self) -> _ScopeOpeningSetUp:
        """Have the scope opened before `setUp`, once, and return the object that takes this back."""
        # On the instance, and not by a setUp of the class: a subclass need not call super().setUp(), and
        # of all that unittest calls only setUp and the cleanups are sure to run in the context of the test
        # method. For IsolatedAsyncioTestCase that is a copy, taken before run(). Until Python 3.11 it takes
        # that copy in run(), and calls setUp outside it.
        early = _Outcome(self._open_scope) if _COPIES_IN_RUN and _copies_context(self) else None
        patched = _ScopeOpeningSetUp(self, early)
        self.setUp = patched  # type: ignore[method-assign]
        return patched

    def _after_run(self, patched: _ScopeOpeningSetUp) -> None:
        try:
            patched.put_back()
        finally:
            if self._session is not None:
                # A KeyboardInterrupt ends run() without the cleanups.
                again_if_interrupted(self._session.close)
                self._session = None

    def _open_scope(self) -> None:
        given = self.patch_caches
        session = Session(
            resolve_adapters(None if given is None else validate_sequence(given, "patch_caches")),
            enable=validate_names(self.enable_caches, "enable_caches"),
            label=self.id(),
            whole_test=True,
            switches_off=True,
            explain_misses=self.explain_misses,
            log_length=validate_length(self.log_length),
        )
        # The first cleanup is the last to run: what the test cleans up still counts as its own.
        self.addCleanup(self._leave_scope, session)
        self._session = session
        self.caches = session.open().caches

    def _leave_scope(self, session: Session) -> None:
        result = again_if_interrupted(session.close)
        self._session = None
        if result is not None:
            result.raise_or_warn(self._where(), self.failureException)

    def _where(self) -> Location:
        code = getattr(getattr(type(self), self._testMethodName, None), "__code__", None)
        if code is None:
            return calling_location()
        return Location(code.co_filename, code.co_firstlineno, code.co_name)


class _ScopeOpeningSetUp:
    """A stand-in for the ``setUp`` of *case* that opens the scope when it is called, if not done *early*."""

    __slots__ = ("_case", "_early", "_found", "_is_own")

    def __init__(self, case: CacheTestMixin, early: _Outcome | None) -> None:
        self._case = case
        self._early = early
        found = self._found = case.setUp
        # Asking for vars() makes every attribute slower to read from then on.
        self._is_own = getattr(found, "__func__", None) is not type(case).setUp and "setUp" in vars(case)

    def put_back(self) -> None:
        """Give the case its own ``setUp`` back; harmless when that was done."""
        if self._case.setUp is self:
            if self._is_own:
                self._case.setUp = self._found  # type: ignore[method-assign]
            else:
                del self._case.setUp

    def __call__(self) -> None:
        self.put_back()
        if self._early is not None:
            self._early.result()
        else:
            self._case._open_scope()
        self._case.setUp()


class _Outcome:
    """The outcome of calling a function, to be had later."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._error: Exception | None = None
        try:
            function()
        except Exception as error:
            self._error = error

    def result(self) -> None:
        if self._error is not None:
            raise self._error


_COPIES_IN_RUN = sys.version_info < (3, 11)


def _copies_context(case: unittest.TestCase) -> bool:
    # Not imported for this: where it was not, the case is none.
    module = sys.modules.get("unittest.async_case")
    return module is not None and isinstance(case, module.IsolatedAsyncioTestCase)


class CacheTestCase(CacheTestMixin, unittest.TestCase):
    """A TestCase whose tests run with their caches counted; see `CacheTestMixin`."""
