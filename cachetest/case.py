"""`CacheTestCase`: every test in a scope of its own."""

from __future__ import annotations

import contextvars
import functools
import inspect
import sys
import unittest
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ._assertions.families import Assertions
from ._patching import class_scope, left_open
from ._patching.additions import Additions
from ._patching.class_scope import LastingSession, close_left, origin_of, scope_of, scopes_of
from ._patching.key_functions import key_functions
from ._patching.near_options import warn_of_near_options
from ._patching.options import checked_options, take_options
from ._patching.patch_caches import again_if_interrupted
from ._patching.pytest_items import open_before_fixtures
from ._patching.session import PATIENCE, Session
from ._patching.set_up_hooks import hook_class, hook_module, is_checked, tell_unseen
from ._recording.call_sites import Location, calling_location
from ._recording.log import LOG_LENGTH
from .adapters.registry import resolve_adapters
from .errors import CacheTestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._patching.class_scope import ClassScope

__all__ = ["CacheTestCase", "CacheTestMixin"]

S = TypeVar("S", bound=Session)

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class CacheTestMixin(Additions, Assertions):
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

    patience: ClassVar[float] = PATIENCE
    """For how many seconds, at most, what a test leaves running keeps its patches, and its child processes
    are waited for. The test waits for nothing else."""
    log_outside: ClassVar[Sequence[str]] = ()
    """Names of packages whose lines are not the caller's: layers between the program and its caches."""

    _session: Session | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        if unittest.TestCase in order and order.index(unittest.TestCase) < order.index(CacheTestMixin):
            raise TypeError(
                f"class {cls.__name__}: CacheTestMixin goes in front of the TestCase, not behind it"
            )
        hook_class(cls, class_scope)
        warn_of_near_options(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not open_before_fixtures(CacheTestMixin._open_early):
            # By now all of its module is there; pytest has looked for what sets it up before.
            hook_module(type(self).__module__, class_scope)

    @classmethod
    def doClassCleanups(cls) -> None:
        """Run the cleanups of the class, in the scope of the class, and close that."""
        scopes = scopes_of(cls)
        if not scopes and getattr(cls, "_class_cleanups", None):
            scopes = [scope_of(cls, cls._make_class_session)]
        for each in scopes:
            each.enter()
        try:
            super().doClassCleanups()
        finally:
            for each in scopes:
                each.leave()
                cls._close_class_scope(each)

    @classmethod
    def _close_class_scope(cls, scope: ClassScope) -> None:
        try:
            result = scope.close()
            if result is not None:
                result.raise_or_warn(calling_location(), cls.failureException)
        except Exception:
            # Where unittest has the errors of cleanups.
            cls.tearDown_exceptions.append(sys.exc_info())  # type: ignore[attr-defined]

    @classmethod
    def _make_class_session(cls) -> LastingSession:
        module = cls.__module__
        label = f"the class {module}.{cls.__qualname__}"
        return _session_of(cls, LastingSession, label)

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        if self._session is not None:
            # By the fixtures that pytest runs before and after, which leave it.
            self._enter_state_in_set_up()
            return super().run(result)
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

    def __getstate__(self) -> Any:
        """Return what of a test is pickled: all but what it has of the scope that it runs in.

        Django's parallel runner pickles the test of a subtest that failed.
        """
        bare = object.__new__(type(self))
        vars(bare).update(vars(self))
        for name in ("_own_scope", "_session"):
            vars(bare).pop(name, None)
        # A bound method, which would have the test pickled within itself.
        vars(bare)["_cleanups"] = [each for each in vars(self)["_cleanups"] if each[0] != self._leave_scope]
        # Python 3.10 has it only where a class defines it.
        found = getattr(super(CacheTestMixin, bare), "__getstate__", None)
        return vars(bare) if found is None else found()

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

    def _open_early(self) -> Callable[[], None]:
        self._session = session = self._make_session()
        scope = session.open()
        scope.entered_by = self
        self._own_scope = scope
        if _copies_context(self) and not _COPIES_IN_RUN:
            # It has copied its context as it was made.
            self._asyncioTestContext = contextvars.copy_context()
        return functools.partial(self._leave_scope, session)

    def _make_session(self) -> Session:
        if left_open.entered:
            left_open.close_left()
        take_options(self)
        cls = type(self)
        for result in close_left(cls):
            result.raise_or_warn(self._where(), self.failureException, in_flight=CacheTestError())
        if not is_checked(cls):
            tell_unseen(cls, bool(scopes_of(cls)))
        return _session_of(self, Session, self.id())

    def _open_scope(self) -> None:
        session = self._make_session()
        # The first cleanup is the last to run: what the test cleans up still counts as its own.
        self.addCleanup(self._leave_scope, session)
        self._session = session
        scope = session.open()
        scope.entered_by = self
        self._own_scope = scope

    def _leave_scope(self, session: Session) -> None:
        if session.scope is not None:
            # It is not to be kept for as long as its scope may be.
            session.scope.entered_by = None
        result = again_if_interrupted(session.close)
        self._session = None
        if result is not None:
            result.raise_or_warn(self._where(), self.failureException)

    def _where(self) -> Location:
        # A decorator's own code is no line of the test.
        method: Any = getattr(type(self), self._testMethodName, None)
        code = getattr(inspect.unwrap(method), "__code__", None)
        if code is None:
            return calling_location()
        return Location(code.co_filename, code.co_firstlineno, code.co_name)


def _session_of(case: CacheTestMixin | type[CacheTestMixin], kind: type[S], label: str) -> S:
    """Return the session, of this *kind*, of a test or a class, with the options that it has."""
    cls = case if isinstance(case, type) else type(case)
    given, enable, places, options = checked_options(case)
    adapters = resolve_adapters(given)
    if places:
        adapters += key_functions(places)
    return kind(
        adapters,
        detects=given is None,
        enable=enable,
        label=label,
        whole_test=cls is not case,
        origin=origin_of(cls),
        switches_off=True,
        **options,
    )


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
        self._case._enter_state()
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
