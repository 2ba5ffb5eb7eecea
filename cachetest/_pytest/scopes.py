"""The scope of one test that is a function: what the fixture ``caches`` opens and closes."""

from __future__ import annotations

import contextvars
import functools
import inspect
from typing import TYPE_CHECKING, Any

from .._patching import left_open
from .._patching.key_functions import key_functions
from .._patching.patch_caches import again_if_interrupted
from .._patching.session import Session
from .._recording.call_sites import Location
from ..adapters.registry import resolve_adapters
from .assertions import ItemAssertions
from .given import given_for
from .items import state_of
from .lasting import FAILED, origin_of
from .running import CACHES, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from .._caches.caches import MockCaches
    from .._caches.scope import Scope

__all__ = ["open_test"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


def open_test(request: pytest.FixtureRequest) -> Iterator[MockCaches]:
    """Yield the caches of the test of *request*, in a scope that is closed after it."""
    watch(request.config)
    item: Any = request.node
    case = request.instance
    if hasattr(case, "assertCacheStats"):
        # It has a scope of its own, which is open by now.
        yield case.caches
        return
    if left_open.entered:
        left_open.close_left()
    session = _make_session(item, origin_of(item))
    before = contextvars.copy_context()
    function: Any = None
    try:
        scope = session.open()
        scope.entered_by = ItemAssertions(scope.caches, scope, item)
        item.stash[CACHES] = scope.caches
        ends = None
        if state_of(item) is not None:
            from .states import begin

            ends = begin(item, scope.caches)
        if inspect.iscoroutinefunction(item.obj):
            function = item.obj
            item.obj = _in_scope(function, before)
        try:
            yield scope.caches
        finally:
            if ends is not None:
                ends.close()
    finally:
        if function is not None:
            item.obj = function
        _close(session, item)


def _make_session(item: pytest.Item, origin: Scope | None) -> Session:
    given = given_for(item)
    options = dict(given.options)
    places = options.pop("explain_keys", ())
    return Session(
        [*resolve_adapters(given.adapters or None), *(key_functions(places) if places else ())],
        detects=not given.adapters,
        label=item.nodeid,
        whole_test=True,
        origin=origin,
        switches_off=True,
        **options,
    )


def _close(session: Session, item: pytest.Item) -> None:
    if session.scope is not None:
        session.scope.entered_by = None
    result = again_if_interrupted(session.close)
    if result is not None:
        _, line, name = item.location
        result.raise_or_warn(Location(str(item.path), (line or 0) + 1, name), FAILED)


def _in_scope(function: Callable[..., Any], before: contextvars.Context) -> Callable[..., Any]:
    """Return *function*, a coroutine function, such that it runs in the scope that was opened since *before*.

    The task that it runs in may be one that was made before: what has changed since then in the context of
    this caller is the mark of the scope, and the switches that are per context.
    """
    now = contextvars.copy_context()
    changed = [(var, value) for var, value in now.items() if before.get(var, before) is not value]

    @functools.wraps(function)
    async def run(*args: Any, **kwargs: Any) -> Any:
        set_before = [(var, var.set(value)) for var, value in changed]
        try:
            return await function(*args, **kwargs)
        finally:
            for var, token in reversed(set_before):
                var.reset(token)

    return run
