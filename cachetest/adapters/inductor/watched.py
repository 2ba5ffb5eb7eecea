"""PyTorch's remote caches on the backends that they have: nothing is swapped, and what is asked is counted.

Each cache object of torch asks its backend by two methods, which are wrapped: the key is complete there, and
the value is what the backend has, before torch decodes it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ..._behaving.gate import text_of
from ..._patching.undo import Undo
from ..watching import call_of, fail, note, set_up
from .adapter import REMOTE_CACHES, Inductor
from .cache_classes import CACHE_CLASSES, FBCODE_CACHE_CLASSES
from .found import Found, here, name_of, watched
from .hook import Hook
from .hooks import REMOTE_HOOKS, hook_when_loaded, values
from .modules import AUTOGRAD, LIBRARIES
from .refusals import around_lookup

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches

__all__ = ["WatchedInductor"]

_GIVEN_UP = "PyTorch can't reach its Redis server, and goes on without it"
# Where torch's backend has its client of Redis, and has None from when that has failed.
_CLIENT = "_redis"


class WatchedInductor(Inductor):
    """The remote caches of ``torch.compile``, and the local one of autotuning, on their own backends."""

    caches = REMOTE_CACHES

    def install(self) -> Undo:
        """Wrap what asks a backend, and what `Inductor` hooks; torch goes on to use what it has."""
        return Undo(_watch)

    def is_shared(self, cache: MockCache) -> bool:
        """Return True: it is the real store, and nobody asks the parent of a child for an entry."""
        return True

    def scope_context(self, caches: MockCaches) -> None:
        set_up(caches, self.caches)


def _watch(undo: Undo) -> None:
    undo.add(watched.clear)
    watched.update((each.class_name, each.cache) for each in (*CACHE_CLASSES, *FBCODE_CACHE_CLASSES))
    # What was loaded already is hooked now, and the rest when torch loads it.
    hook_when_loaded(undo, _HOOKS)
    undo.set_attributes(list(values(_HOOKS)))


def _has_given_up(remote: Any) -> bool:
    """Return whether the backend of *remote* asks its server no more, which torch takes for a miss."""
    return getattr(remote.backend, _CLIENT, remote) is None


def _around_get(get: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Wrap the lookup that a cache object of torch makes of its backend."""

    @functools.wraps(get)
    def backend_get(self: Any, key: str) -> Any:
        name = name_of(self)
        if name is None:
            return get(self, key)
        try:
            with call_of(self):
                value = get(self, key)
        except Exception as error:
            here.error = error
            fail(name, (key,), text_of(error), LIBRARIES, {"asked": "get"})
            raise
        if value is None and _has_given_up(self):
            fail(name, (key,), _GIVEN_UP, LIBRARIES, {"asked": "get"})
            return None
        note(name, (("miss" if value is None else "hit", key),), LIBRARIES)
        if value is not None and here.found is not None:
            here.found.append(Found(name, key, value))
        return value

    return backend_get


def _around_put(put: Callable[[Any, str, Any], None]) -> Callable[[Any, str, Any], None]:
    """Wrap the put of a cache object of torch to its backend."""

    @functools.wraps(put)
    def backend_put(self: Any, key: str, data: Any) -> None:
        name = name_of(self)
        if name is None:
            put(self, key, data)
            return
        try:
            with call_of(self):
                put(self, key, data)
        except Exception as error:
            here.error = error
            fail(name, (key,), text_of(error), LIBRARIES, {"asked": "put"})
            raise
        if _has_given_up(self):
            fail(name, (key,), _GIVEN_UP, LIBRARIES, {"asked": "put"})
        else:
            note(name, (("put", key),), LIBRARIES)

    return backend_put


_REMOTE = "torch._inductor.remote_cache"
_HOOKS = (
    Hook(_REMOTE, "RemoteCache", "_backend_get", _around_get),
    Hook(_REMOTE, "RemoteCache", "_backend_put", _around_put),
    Hook(AUTOGRAD, "AOTAutogradCache", "_lookup", around_lookup),
    *REMOTE_HOOKS,
)
