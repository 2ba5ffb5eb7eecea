"""The way from a connection to the cache that it is of, in the scope that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from ..._caches.attribution import cache_for, is_late, scope_of_caller
from ..._caches.scope import Scope, marked
from ...errors import CacheTestError
from ..calls_into import CallsInto, Undecidable
from ..outer_call import call_around, servers
from ..own_servers import own_servers
from .addresses import Directory, address_of
from .store import store_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._caches.cache import MockCache
    from .addresses import Address
    from .store import Store

__all__ = ["calls", "is_passed_over", "rest", "route_of", "serve_in", "state_of", "state_of_call"]

# The URLs that are served, by the scope whose adapter was told them.
_directories: WeakKeyDictionary[Scope, Directory] = WeakKeyDictionary()
_default = Directory({})
# What a thread from before has begun on a real connection ends on it.
calls = CallsInto("redis")
# The attributes of connections to what no cache stands for: never connected, but closed by their pools.
_elsewhere: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


_at_rest = False


def rest(at_rest: bool) -> None:
    """Serve those alone who are late, if *at_rest*."""
    global _at_rest
    _at_rest = at_rest


def is_passed_over(connection: Any) -> bool:
    """Return whether the caller, of *connection*, has the server that is at its address."""
    return (_at_rest and not is_late()) or own_servers.has((address_of(connection) or ())[:-1])


def serve_in(scope: Scope, directory: Directory) -> None:
    """Have the caches of *directory* be those of *scope*, and of what opens inside it."""
    _directories[scope] = directory


def _directory(scope: Scope | None) -> Directory:
    """Return that of *scope*."""
    around = scope.lineage() if scope is not None else ()
    return next((_directories[each] for each in around if each in _directories), _default)


def state_of(connection: Any) -> dict[str, Any] | None:
    """Return the attributes that *connection* has in this scope; None for its own.

    It has its own while it is being made, and where it connects to a server that the test has started. Those
    of the scope are found once for each, and remembered until the connection connects anew.
    """
    if _at_rest and not is_late():
        return None
    scope = scope_of_caller()
    if scope is None or scope.closed:
        return _find_state(connection, scope, cache_for)
    found = scope.remembered.get(id(connection))
    # Another object may have had this id.
    if found is not None and found[0]() is connection:
        return found[1]  # type: ignore[no-any-return]
    return _remember(scope, connection, _find_state(connection, scope, cache_for))


def _remember(
    scope: Scope | Undecidable, connection: Any, state: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return *state*, which is what *connection* has in *scope* from now on."""
    if state is not None:
        remembered, at = scope.remembered, id(connection)
        remembered[at] = ref(connection, lambda _: remembered.pop(at, None)), state
    return state


def state_of_call(connection: Any) -> dict[str, Any] | None:
    """Return the attributes that *connection* has in the call that the calling thread is in.

    None for those that it has itself: while it is made, and in a call of the real server.
    """
    if marked() is not None:
        return state_of(connection)
    # A thread from before: the call is decided once, and goes on so when scopes have opened and closed.
    scope = calls.scope_of(connection)
    if scope is None:
        return None
    found = scope.remembered.get(id(connection))
    if found is not None and found[0]() is connection:
        return found[1]  # type: ignore[no-any-return]
    # What the rest of the call uses, and what `settle` looks for.
    return _remember(scope, connection, _find_state(connection, *_as_decided(scope)))


def _as_decided(scope: Scope | Undecidable | None) -> tuple[Scope | None, Callable[[str], MockCache]]:
    """Return the scope of a call that was decided to be for *scope*, and what gives its caches, by name."""
    if isinstance(scope, Scope):
        # Not by the calling context: another scope may have opened, and this one may have closed.
        return scope, scope.caches.ensure
    return scope_of_caller(), cache_for


def _find_state(
    connection: Any, scope: Scope | None, cache_of: Callable[[str], MockCache]
) -> dict[str, Any] | None:
    address = _address_of(connection)
    if address is None or own_servers.has(address[:-1]):
        return None
    directory = _directory(scope)
    name = _name_at(address, directory)
    states = _elsewhere if name is None else store_of(cache_of(name), directory.places_of(name)).states
    return states.setdefault(connection, {})


def _address_of(connection: Any) -> Address | None:
    """Return where *connection* connects to; for a replica of a framework's cache, its primary."""
    address = address_of(connection)
    if not servers or address is None:
        return address
    return *servers.get(address[:-1], address[:-1]), address[-1]


def _name_at(address: Address, directory: Directory) -> str | None:
    """Return the name of the cache of *directory* at *address*; the caches of frameworks are at any."""
    name = directory.cache_at(address)
    if name is None and (call_around() is not None or address[:-1] in servers):
        return "redis"
    return name


def route_of(connection: Any) -> tuple[Store, Address, int | None]:
    """Return what *connection* is to talk to: the store, the address, and the one database, if it is one.

    Raises `CacheTestError` where no cache stands for its address.
    """
    decided = None if marked() is not None else calls.scope_of(connection)
    scope, cache_of = _as_decided(decided)
    if scope is not None:
        # Its address may be another one now.
        scope.remembered.pop(id(connection), None)
    address = _address_of(connection) or ("", 0, 0)
    directory = _directory(scope)
    name = _name_at(address, directory)
    if name is None:
        raise CacheTestError(directory.why_none_at(address))
    for other in directory.beside(address):
        # A command may change their databases, too: they have what is there.
        store_of(cache_of(other), directory.places_of(other))
    only = int(str(address[-1])) if directory.has_urls and directory.cache_at(address) else None
    return store_of(cache_of(name), directory.places_of(name)), address, only
