"""The mock backend for caches that are tested by hand."""

from __future__ import annotations

from sys import _getframe
from typing import TYPE_CHECKING, Any

from .caches import MISSING
from .callers import NO_LIBRARIES
from .scope import cache_for, marked, owner

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MockBackend"]


class MockBackend:
    """What a program calls to get and put, in place of its real backend.

    Two backends of one name share one cache, that of the running test. The cache is made on first use, or
    when a backend for it is made inside the test.
    """

    def __init__(self, name: str) -> None:
        """Make a backend for the cache called *name*."""
        if not isinstance(name, str):
            raise TypeError(f"a cache has a string for a name, not {name!r}")
        self.name = name
        scope = owner()
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
        # As `cache_for`: the call is a tenth of an operation.
        scope = marked()
        cache = None if scope is None or not scope.leaf else scope.by_name.get(self.name)
        value = (cache or cache_for(self.name)).get(key, NO_LIBRARIES, _getframe(1))
        return None if value is MISSING else value

    def put(self, key: Any, value: Any) -> None:
        """Write *value*, over any value that was there."""
        scope = marked()
        cache = None if scope is None or not scope.leaf else scope.by_name.get(self.name)
        (cache or cache_for(self.name)).put(key, value, NO_LIBRARIES, _getframe(1))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"
