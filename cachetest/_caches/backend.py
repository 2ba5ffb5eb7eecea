"""The mock backend for caches that are tested by hand, and the short way that its operations take.

`MockBackend.get` and `put`, and the functions below them for libraries and children, are `MockCache.get` and
`put` written out: they record exactly the same, and take half the time, since nothing is called that need not
be. They stand together because a change has to be made to all of them; ``test/_caches/test_backend.py`` holds
them to the gate. The short way is open while the context is marked with the innermost scope of its test and
nothing is in force. Otherwise the gate is asked.
"""

from __future__ import annotations

from sys import _getframe
from typing import TYPE_CHECKING, Any

from .._behaving.gate import MISSING
from .._recording.call_sites import NO_LIBRARIES, calling_frame, is_outside, this_thread
from .attribution import cache_for, scope_of_caller
from .backend_names import remember_backend
from .scope import marked

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from typing_extensions import Self

    from .._recording.makers import SavedFrame

__all__ = ["MockBackend", "get_for_child", "get_from_library", "put_from_library"]


class MockBackend:
    """The backend that a program calls to get and put, in place of its real one.

    Two backends of one name share one cache, that of the running test. The cache is made on first use, or
    when a backend for it is made inside the test; its name is known in every test while a backend is there.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        # Not in __init__, which a copy and an unpickled one do without.
        made = super().__new__(cls)
        remember_backend(made)
        return made

    # Of one that was unpickled, or copied, from before it was told.
    shared = True

    def __init__(self, name: str, *, shared: bool = True) -> None:
        """Make a backend for the cache called *name*.

        Where it is *shared*, as a server is, a child process of a test finds the entries of its parent. If
        not, as in memory, a child has entries of its own, and only its operations are counted in the parent:
        a cache is shared if all backends of its name are.
        """
        if not isinstance(name, str):
            raise TypeError(f"a cache has a string for a name, not {name!r}")
        if not isinstance(shared, bool):
            raise TypeError(f"MockBackend({name!r}, shared={shared!r}): expected True or False")
        self.name = name
        if not shared:
            self.shared = False
        scope = scope_of_caller()
        if scope is not None and not scope.closed:
            # So that a test can assert that the cache was not used.
            scope.caches.ensure(name)

    @classmethod
    def with_name(cls, name: str) -> Callable[[], MockBackend]:
        """Return a factory without arguments that makes backends for *name*."""

        def make() -> MockBackend:
            return cls(name)

        return make

    def get(self, key: Any) -> Any:
        """Look *key* up: a hit returns the value, a miss None."""
        scope = marked()
        cache = None if scope is None or not scope.is_innermost else scope.by_name.get(self.name)
        if cache is None:
            value = cache_for(self.name).get(key, NO_LIBRARIES, _getframe())
            return None if value is MISSING else value
        try:
            value = cache.cache.get(key, MISSING)
        except Exception as error:
            cache.fail((key,), error, NO_LIBRARIES, _getframe(), None, "get")
            raise
        log = cache.operations
        try:
            frame = _getframe(1)
        except ValueError:
            # It is what a thread or greenlet was given to do, and nobody's line has called it.
            frame = _getframe()
        code = frame.f_code
        if code is not log.caller:
            frame = calling_frame(frame)  # type: ignore[assignment]
            code = frame.f_code
            if is_outside(frame):
                log.caller = code
        state = log.state
        if value is MISSING:
            state.misses.append(None)
            state.latest.append((next(log.numbers), "miss", key, this_thread.name, code, frame.f_lasti))
            return None
        state.hits.append(None)
        state.latest.append((next(log.numbers), "hit", key, this_thread.name, code, frame.f_lasti))
        return value

    def put(self, key: Any, value: Any, ttl: float | timedelta | None = None) -> None:
        """Write *value*, over any value that was there; with *ttl*, in seconds, it is gone after so long.

        Raises ``TypeError`` or ``ValueError`` for a *ttl* that is none, or not more than 0.
        """
        scope = marked()
        cache = None if scope is None or not scope.is_innermost else scope.by_name.get(self.name)
        if cache is None or ttl is not None:
            cache_for(self.name).put(key, value, NO_LIBRARIES, _getframe(), ttl)
            return
        try:
            cache.cache[key] = value
        except Exception as error:
            cache.fail((key,), error, NO_LIBRARIES, _getframe(), None, "put")
            raise
        log = cache.operations
        try:
            frame = _getframe(1)
        except ValueError:
            # It is what a thread or greenlet was given to do, and nobody's line has called it.
            frame = _getframe()
        code = frame.f_code
        if code is not log.caller:
            frame = calling_frame(frame)  # type: ignore[assignment]
            code = frame.f_code
            if is_outside(frame):
                log.caller = code
        state = log.state
        state.puts.append(None)
        state.latest.append((next(log.numbers), "put", key, this_thread.name, code, frame.f_lasti))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


def get_from_library(name: str, key: object, libraries: frozenset[str]) -> Any:
    """Look *key* up in the cache *name*, as a backend of *libraries* does; return the value, or `MISSING`."""
    scope = marked()
    cache = None if scope is None or not scope.is_innermost else scope.by_name.get(name)
    if cache is None:
        return cache_for(name).get(key, libraries, _getframe())
    try:
        value = cache.cache.get(key, MISSING)
    except Exception as error:
        cache.fail((key,), error, libraries, _getframe(), None, "get")
        raise
    log = cache.operations
    frame = calling_frame(_getframe(1), libraries)
    state = log.state
    if value is MISSING:
        state.misses.append(None)
        state.latest.append((next(log.numbers), "miss", key, this_thread.name, frame.f_code, frame.f_lasti))
        return MISSING
    state.hits.append(None)
    state.latest.append((next(log.numbers), "hit", key, this_thread.name, frame.f_code, frame.f_lasti))
    return value


def put_from_library(name: str, key: object, value: object, libraries: frozenset[str]) -> None:
    """Write *value* in the cache *name*, as a backend of *libraries* does."""
    scope = marked()
    cache = None if scope is None or not scope.is_innermost else scope.by_name.get(name)
    if cache is None:
        cache_for(name).put(key, value, libraries, _getframe())
        return
    try:
        cache.cache[key] = value
    except Exception as error:
        cache.fail((key,), error, libraries, _getframe(), None, "put")
        raise
    log = cache.operations
    frame = calling_frame(_getframe(1), libraries)
    state = log.state
    state.puts.append(None)
    state.latest.append((next(log.numbers), "put", key, this_thread.name, frame.f_code, frame.f_lasti))


def get_for_child(frame: SavedFrame, name: str, key: object) -> Any:
    """Look *key* up in the cache *name*, as a child that has asked for it at the line of *frame*."""
    scope = marked()
    cache = None if scope is None or not scope.is_innermost else scope.by_name.get(name)
    if cache is None:
        return cache_for(name).get(key, NO_LIBRARIES, frame)  # type: ignore[arg-type]
    try:
        value = cache.cache.get(key, MISSING)
    except Exception as error:
        cache.fail((key,), error, NO_LIBRARIES, frame, None, "get")  # type: ignore[arg-type]
        raise
    log = cache.operations
    state = log.state
    if value is MISSING:
        state.misses.append(None)
        state.latest.append((next(log.numbers), "miss", key, this_thread.name, frame.f_code, frame.f_lasti))
        return MISSING
    state.hits.append(None)
    state.latest.append((next(log.numbers), "hit", key, this_thread.name, frame.f_code, frame.f_lasti))
    return value
