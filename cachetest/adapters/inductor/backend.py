"""The backend that torch's remote caches are given."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from ..._behaving.gate import MISSING
from ..._caches.attribution import scope_of_caller
from ..._caches.backend import get_from_library, put_from_library
from .found import Found, backend_classes, here
from .modules import LIBRARIES, loaded_module

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FACTORIES", "backend_class", "factory_of", "installed_factory"]

FACTORIES = "_inductor_factories"
"""The attribute of a scope with factories of its own, by the name of the cache."""

_DROP_IN = "cachetest.mock_cache"

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
            super().__init__()
            # Torch's own counters go by it, and a subclass of the original may set nothing else.
            self._name = name

        @property
        def name(self) -> str:
            """The name of the cache."""
            return self._name

        @classmethod
        def with_name(cls, name: str) -> Callable[[], MockBackend]:
            """Return a factory without arguments that makes backends for *name*."""
            return factory_of(name, cls)

        def _get(self, key: str) -> Any:
            try:
                value = get_from_library(self._name, key, LIBRARIES)
            except Exception as error:
                here.error = error
                raise
            if value is MISSING:
                return None
            if here.found is not None:
                here.found.append(Found(self._name, key, value))
            return value

        def _put(self, key: str, data: Any) -> None:
            try:
                put_from_library(self._name, key, data, LIBRARIES)
            except Exception as error:
                here.error = error
                raise

    # Where it can be had from, so that it can be pickled: a compile worker is sent its cache.
    MockBackend.__module__ = _DROP_IN
    MockBackend.__qualname__ = "MockBackend"
    backend_classes.append(MockBackend)
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


_installed: dict[tuple[str, type], Callable[[], Any]] = {}


def installed_factory(name: str, cls: Any) -> Callable[[], Any]:
    """Return the factory that torch's cache class for *name* is given: the same each time.

    It makes backends of *cls*, unless the scope has factories of its own, or the drop-in another class.
    """

    def make() -> Any:
        scope = scope_of_caller()
        own = None if scope is None else vars(scope).get(FACTORIES)
        if own is not None:
            return own[name]()
        replaced = getattr(sys.modules.get(_DROP_IN), "MockBackend", cls)
        return cls(name) if replaced is cls else replaced.with_name(name)()

    make.__qualname__ = f"MockBackend.with_name({name!r})"
    return _installed.setdefault((name, cls), make)
