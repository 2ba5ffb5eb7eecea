"""The backend that torch's remote caches are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..._caches.backend import get_from_library, put_from_library
from .modules import LIBRARIES, loaded_module

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["backend_class", "factory_of"]

_made: dict[type, type] = {}


def backend_class() -> type:
    """Return a ``RemoteCacheBackend`` of the installed torch that is backed by the running test's scope.

    It is made with the name of a cache, and has ``with_name(name)``, a factory without arguments.
    """
    base = loaded_module("torch._inductor.remote_cache").RemoteCacheBackend
    if base not in _made:
        _made[base] = _make_backend_class(base)
    return _made[base]


def _make_backend_class(base: Any) -> type:
    class MockBackend(base):  # type: ignore[misc]
        """A backend of torch's remote caches that is backed by the running test's scope."""

        factories: ClassVar[dict[str, Callable[[], Any]]] = {}

        def __init_subclass__(cls, **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            # Its own: in those of this class it would stand in for it in every later test.
            cls.factories = {}

        def __init__(self, name: str) -> None:
            if not isinstance(name, str):
                raise TypeError(f"a cache has a string for a name, not {name!r}")
            # Sets the name that torch's own counters go by.
            super().__init__()
            self.name = name

        @classmethod
        def with_name(cls, name: str) -> Callable[[], MockBackend]:
            """Return a factory without arguments that makes backends for *name*."""
            return factory_of(name, cls)

        def _get(self, key: str) -> Any:
            return get_from_library(self.name, key, LIBRARIES)

        def _put(self, key: str, data: Any) -> None:
            put_from_library(self.name, key, data, LIBRARIES)

    # Where it can be had from, so that it can be pickled: a compile worker is sent its cache.
    MockBackend.__module__ = "cachetest.mock_cache"
    MockBackend.__qualname__ = "MockBackend"
    return MockBackend


def factory_of(name: str, cls: Any) -> Callable[[], Any]:
    """Return a function that makes backends of *cls* for the cache *name*: the same each time."""

    def make() -> Any:
        return cls(name)

    made: Callable[[], Any] | None = cls.factories.get(name)
    if made is None:
        make.__qualname__ = f"MockBackend.with_name({name!r})"
        made = cls.factories.setdefault(name, make)
    return made
