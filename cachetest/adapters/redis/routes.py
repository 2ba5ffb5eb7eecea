"""Which cache of which scope a connection talks to, and what it has there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from ..._caches.attribution import cache_for, scope_of_caller
from ...errors import CacheTestError
from .addresses import Directory, address_of
from .store import store_of

if TYPE_CHECKING:
    from ..._caches.scope import Scope
    from .addresses import Address
    from .store import Store

__all__ = ["route_of", "serve_in", "state_of"]

# What is served in the scopes whose adapter was told which URLs, or all.
_directories: WeakKeyDictionary[Scope, Directory] = WeakKeyDictionary()
_default = Directory({})
# The attributes of connections to what no cache stands for: never connected, but closed by their pools.
_elsewhere: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def serve_in(scope: Scope, directory: Directory) -> None:
    """Have the caches of *directory* be those of *scope*, and of what opens inside it."""
    _directories[scope] = directory


def _directory() -> Directory:
    """Return that of the scope that the calling context belongs to."""
    scope = scope_of_caller()
    around = scope.lineage() if scope is not None else ()
    return next((_directories[each] for each in around if each in _directories), _default)


def state_of(connection: Any) -> dict[str, Any] | None:
    """Return the attributes that *connection* has in this scope; None while it is being made.

    They are found once for each scope, and remembered until the connection connects anew.
    """
    scope = scope_of_caller()
    if scope is None or scope.closed:
        return _find_state(connection)
    remembered, at = scope.remembered, id(connection)
    found = remembered.get(at)
    # Another object may have had this id.
    if found is not None and found[0]() is connection:
        return found[1]  # type: ignore[no-any-return]
    state = _find_state(connection)
    if state is not None:
        remembered[at] = ref(connection, lambda _: remembered.pop(at, None)), state
    return state


def _find_state(connection: Any) -> dict[str, Any] | None:
    address = address_of(connection)
    if address is None:
        return None
    name = _directory().cache_at(address)
    states = _elsewhere if name is None else store_of(cache_for(name)).states
    return states.setdefault(connection, {})


def route_of(connection: Any) -> tuple[Store, Address, int | None]:
    """Return what *connection* is to talk to: the store, the address, and the one database, if it is one.

    Raises `CacheTestError` where no cache stands for its address.
    """
    scope = scope_of_caller()
    if scope is not None:
        # Its address may be another one now.
        scope.remembered.pop(id(connection), None)
    address = address_of(connection) or ("", 0, 0)
    directory = _directory()
    name = directory.cache_at(address)
    if name is None:
        raise CacheTestError(directory.why_none_at(address))
    only = int(str(address[-1])) if directory.has_urls else None
    return store_of(cache_for(name)), address, only
