"""A test that takes the state of its caches.

Apart from the decorator, so that unittest shows the lines of the test that come after these in a traceback.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

__all__ = ["STATE", "with_state"]

STATE = "cache_state"
"""The attribute of a test that says its state."""


def with_state(test: Any) -> Any:
    """Return *test* with one more argument, the state that its test case has to be in."""

    def run(self: Any, state: str) -> Any:
        _check(self, state)
        return test(self)

    async def run_awaited(self: Any, state: str) -> Any:
        _check(self, state)
        return await test(self)

    made = functools.wraps(test)(run_awaited if inspect.iscoroutinefunction(test) else run)
    # What is patched for the test is patched by it: parameterized would do it once more.
    vars(made).pop("patchings", None)
    return made


def _check(case: Any, state: str) -> None:
    if state not in (getattr(case, "_test_state", None), getattr(case, "_warms", None)):
        raise TypeError(
            f"{case!r} was not put in the state {state!r}: cache_states is for tests of a CacheTestCase, or "
            "of a TestCase with CacheTestMixin, that are run by unittest or pytest"
        )
