"""The decorator that makes a test of each state of the caches, and how such a test is put in its state."""

from __future__ import annotations

import inspect
import sys
import unittest
from typing import TYPE_CHECKING, Any, TypeVar

from .._behaving.states import states_of
from .._caches.in_state import begin_state
from .base import AssertionBase
from .with_state import STATE, with_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["StateOfTest", "cache_states", "in_states"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

C = TypeVar("C")

_PREFIX = "test"


def cache_states(*states: str) -> Callable[[C], C]:
    """Make a test of each of the *states*, such as ``test_price_warm``, of a test method, or all of a class.

    They are ``"cold"``, ``"warm"``, ``"off"`` and ``"failing"``. The test is in its state from before
    ``setUp`` until its cleanups have run; ``"warm"``: all of it is run once before, and counts begin anew. In
    any state but cold, assertions of counts and of entries are not evaluated; ``caches.report()`` says how
    many. Above other decorators of a method; with ``parameterized.expand``, on the class.

    Raises ``ValueError``, with the closest first, for a state that is none.
    """
    chosen = states_of(states)

    def decorate(decorated: Any) -> Any:
        if isinstance(decorated, type):
            _decorate_class(decorated, chosen)
            return decorated
        names = sys._getframe(1).f_locals
        if not inspect.isfunction(decorated) or "__qualname__" not in names:
            raise TypeError(
                f"cache_states is for a test method or a class of tests, not {decorated!r}; with "
                "parameterized.expand, decorate the class"
            )
        names.update(_tests_of(decorated, chosen))
        # The test itself is none any more.
        return None

    return decorate


def _decorate_class(cls: type, states: Sequence[str]) -> None:
    if not issubclass(cls, StateOfTest):
        raise TypeError(f"cache_states is for a CacheTestCase, or one with CacheTestMixin, not {cls!r}")
    names = [name for name in dir(cls) if name.startswith(_PREFIX)]
    tests = {name: inspect.getattr_static(cls, name) for name in names}
    found = {name: test for name, test in tests.items() if inspect.isfunction(test)}
    found = {name: test for name, test in found.items() if not hasattr(test, STATE)}
    if not found:
        raise TypeError(f"cache_states: {cls!r} has no test method")
    for name, test in found.items():
        for made_name, made in _tests_of(test, states).items():
            setattr(cls, made_name, made)
        # The loader passes over what can't be called.
        setattr(cls, name, None)


def _tests_of(test: Any, states: Sequence[str]) -> dict[str, Any]:
    """Return a test for each of the *states*, by its name."""
    # Loaded here: few need it, and it is slow to load.
    from parameterized import parameterized

    expand = parameterized.expand(
        [(state,) for state in states],
        name_func=lambda test, _, parameters: f"{test.__name__}_{parameters.args[0]}",
        doc_func=lambda test, _, parameters: test.__doc__,
    )

    class Made:
        # The decorator puts them where it is used.
        _ = expand(with_state(test))

    names = {state: f"{test.__name__}_{state}" for state in states}
    made = {name: vars(Made)[name] for name in names.values()}
    for state, name in names.items():
        setattr(made[name], STATE, state)
        made[name].__qualname__ = test.__qualname__.rpartition(".")[0] + f".{name}"
    return made


def in_states(case: unittest.TestCase, states: Sequence[str]) -> dict[str, StateOfTest]:
    """Return a test of each of *states* for the test that *case* is; none where that can't be in a state."""
    cls, name = type(case), case._testMethodName
    test = inspect.getattr_static(cls, name, None)
    if not issubclass(cls, StateOfTest) or not inspect.isfunction(test) or hasattr(test, STATE):
        return {}
    made = _tests_of(test, states)
    others = [inspect.getattr_static(cls, each, None) for each in made]
    if any(each is not None and not hasattr(each, STATE) for each in others):
        # Another test is called so. One with a state was made for a base of it.
        return {}
    for each, function in made.items():
        setattr(cls, each, function)
    return {state: cls(f"{name}_{state}") for state in states}


class StateOfTest(AssertionBase):
    """The base of test cases whose tests are put in a state."""

    # The state of the test as a whole, where it was run to warm the caches for that.
    _warms: str | None = None
    # The caches that are never off.
    _never_off: frozenset[str] = frozenset()
    # How many operations each cache had had when it was warm.
    _warmed: Mapping[str, int] | None = None

    def _enter_state(self) -> None:
        """Put the scope, which is open, in the state of the test; called where an exception is the test's."""
        method = getattr(type(self), self._testMethodName, None)
        state = getattr(method, STATE, None)
        if state is None or self._warms is not None:
            return
        self._test_state = state
        if state == "warm":
            self._warm()
        elif state != "cold":
            begun = begin_state(self.caches, state, asked=False, without=self._never_off)
            self.addCleanup(begun.ends.close)
            if not begun.is_in_force:
                why = "; ".join(f"{cache!r}: {why}" for cache, why in begun.left_out.items())
                self.skipTest(f"no cache of this test can be {state}: {why}")

    def _enter_state_in_set_up(self) -> None:
        """Have that done as `setUp` is called, where the scope is open already."""
        method = getattr(type(self), self._testMethodName, None)
        if hasattr(method, STATE) and self._warms is None:
            set_up = self.setUp

            def enter_and_set_up() -> None:
                del self.setUp
                self._enter_state()
                set_up()

            self.setUp = enter_and_set_up  # type: ignore[method-assign]

    def _warm(self) -> None:
        """Run the test, all of it, in the scope that is open, and have counts begin anew."""
        first = type(self)(self._testMethodName)
        made = vars(first)
        # What fixtures have set on the case, and its scope; not what every case has of its own.
        made.update({name: value for name, value in vars(self).items() if name not in made})
        # Pytest has its method be one of the case, which would be run in place of that of this one.
        made.pop(self._testMethodName, None)
        first._warms, first._test_state = self._test_state, "cold"
        loop = _loop_of(self)
        result = unittest.TestResult()
        try:
            first(result)
        finally:
            if loop is not None:
                sys.modules["asyncio"].set_event_loop(loop)
        if result.skipped:
            self.skipTest(result.skipped[0][1])
        failed = result.errors + result.failures
        if failed:
            raise self.failureException(
                f"the run that was to warm the caches of this test failed:\n{failed[0][1]}"
            )
        for cache in self.caches.values():
            cache.forget_counts()
        self._warmed = {name: cache.operations.total for name, cache in self.caches.items()}


def _loop_of(case: Any) -> Any:
    """Return the event loop that an asynchronous *case* has for its test; None where it has none."""
    runner = getattr(case, "_asyncioRunner", None)
    return getattr(case, "_asyncioTestLoop", None) if runner is None else runner.get_loop()
