"""Each test in several states of its caches, as ``--cachetest-states`` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .._assertions.cache_states import StateOfTest, cache_states
from .._caches.in_state import begin_state
from .items import STATE, state_of
from .running import CACHES

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from contextlib import ExitStack

    from .._caches.caches import MockCaches

__all__ = ["States", "begin"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

_CASE_STATE = "cache_state"


class States:
    """A plugin that makes a test of each state of a test."""

    def __init__(self, states: Sequence[str], fixtures: Sequence[str]) -> None:
        self._states = tuple(states)
        self._fixtures = frozenset(fixtures)

    @pytest.hookimpl(trylast=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        has_mark = metafunc.definition.get_closest_marker("caches") is not None
        if has_mark or not self._fixtures.isdisjoint(metafunc.fixturenames):
            metafunc.fixturenames.append(STATE)
            metafunc.parametrize(STATE, self._states)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self, obj: object) -> None:
        if isinstance(obj, type) and issubclass(obj, StateOfTest):
            tests = [getattr(obj, name, None) for name in dir(obj) if name.startswith("test")]
            if any(callable(test) and not hasattr(test, _CASE_STATE) for test in tests):
                cache_states(*self._states)(obj)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        caches = pyfuncitem.stash.get(CACHES, None)
        if caches is not None and state_of(pyfuncitem) == "warm":
            _warm(pyfuncitem, caches)
        return (yield)


_WARMING = pytest.StashKey[bool]()


def _warm(item: pytest.Function, caches: MockCaches) -> None:
    """Call the function once, with the fixtures that it has, and have counts begin anew."""
    if item.stash.get(_WARMING, False):
        return
    item.stash[_WARMING] = True
    # What it asserts of counts is meant for a cold run, which this one is.
    assertions: Any = caches._asserting()
    assertions._test_state = "cold"
    try:
        item.ihook.pytest_pyfunc_call(pyfuncitem=item)
    except Exception as error:
        raise AssertionError("the call that was to warm the caches of this test failed") from error
    finally:
        assertions._test_state = "warm"
        del item.stash[_WARMING]
    for cache in caches.values():
        cache.forget_counts()


def begin(item: pytest.Item, caches: Any) -> ExitStack | None:
    """Put *caches* in the state that *item* is to be run in; return what ends it, if there is any."""
    state = state_of(item)
    if state in (None, "cold", "warm"):
        return None
    begun = begin_state(caches, str(state), asked=False)
    if not begun.is_in_force:
        begun.ends.close()
        why = "; ".join(f"{cache!r}: {why}" for cache, why in begun.left_out.items())
        pytest.skip(f"no cache of this test can be {state}: {why}")
    return begun.ends
