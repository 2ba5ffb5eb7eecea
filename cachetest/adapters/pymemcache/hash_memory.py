"""What a `HashClient` remembers of servers that have failed, for each scope its own.

A server that was down in one test is up in the next, which has servers of its own. The client keeps failures
in dicts, and takes a dead server out of its ring: that stays whole, and the dead are left out as it is asked.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any
from weakref import ref

import pymemcache.client.hash
from pymemcache.client.hash import HashClient

from ..._behaving.clock import now
from ..._caches.attribution import scope_of_caller
from ..clocked import MOVED_TIME, Places

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HASH_HOOKS", "PLACES", "HashClient"]

PLACES = Places([(pymemcache.client.hash, "time")], time, MOVED_TIME)
"""Where it reads how long ago a server has failed."""

# Held while a ring is asked, or changed, with servers left out of it.
_lock = threading.RLock()


class _Ring:
    """The ring of a client as one scope has it: *whole*, without the servers that are dead there."""

    def __init__(self, whole: Any, left_out: list[Any]) -> None:
        """Take the ring *whole*, and servers that are *left_out* of it, as they had died before."""
        self._whole = whole
        self._revived = left_out
        self._dead: list[Any] = []

    def get_node(self, key: Any) -> Any:
        if not self._dead and not self._revived:
            return self._whole.get_node(key)
        with _lock:
            return self._get_node(key)

    def _get_node(self, key: Any) -> Any:
        try:
            self._change(self._whole.add_node, self._whole.remove_node)
            return self._whole.get_node(key)
        finally:
            self._change(self._whole.remove_node, self._whole.add_node)

    def _change(self, revive: Callable[[Any], None], kill: Callable[[Any], None]) -> None:
        for node in self._revived:
            revive(node)
        for node in self._dead:
            kill(node)

    def remove_node(self, node: Any) -> None:
        if node in self._revived:
            self._revived.remove(node)
        elif node not in self._dead:
            self._dead.append(node)

    def add_node(self, node: Any) -> None:
        if node in self._dead:
            self._dead.remove(node)
        else:
            self._whole.add_node(node)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


def _no_failures(client: Any) -> dict[Any, Any]:
    return {}


def _ring_of(client: Any) -> _Ring:
    own = vars(client)
    return _Ring(own["hasher"], list(map(client._make_client_key, own.get("_dead_clients", ()))))


class _PerScope:
    """An attribute of a client that each scope has its own of, begun by *begin*; the client's own is kept."""

    def __init__(self, name: str, begin: Callable[[Any], Any]) -> None:
        self._name = name
        self._begin = begin

    def __get__(self, client: Any, cls: type) -> Any:
        if client is None:
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {self._name!r}")
        memory = _memory_of(client)
        if memory is None:
            return self._own(client)
        found = memory.get(self._name)
        if found is None:
            # Only where it has been set before: a client that is half made has none.
            self._own(client)
            found = memory.setdefault(self._name, self._begin(client))
        return found

    def _own(self, client: Any) -> Any:
        if self._name not in vars(client):
            raise AttributeError(f"{type(client).__name__!r} object has no attribute {self._name!r}")
        return vars(client)[self._name]

    def __set__(self, client: Any, value: Any) -> None:
        memory = _memory_of(client)
        own = vars(client)
        if memory is None:
            own[self._name] = value
        elif self._name not in own:
            # Of a client that is made now: the next scope begins as this one does.
            own[self._name] = value.copy() if isinstance(value, dict) else value
        else:
            memory[self._name] = value


def _memory_of(client: Any) -> dict[str, Any] | None:
    """Return what the running scope has for *client*, by the names of attributes; None outside any."""
    scope = scope_of_caller()
    if scope is None or scope.closed:
        return None
    remembered, at = scope.remembered, id(client)
    found = remembered.get(at)
    if found is None or found[0]() is not client:
        found = remembered[at] = ref(client, lambda _: remembered.pop(at, None)), {}
    memory: dict[str, Any] = found[1]
    return memory


HASH_HOOKS: dict[str, object] = {
    "hasher": _PerScope("hasher", _ring_of),
    "_failed_clients": _PerScope("_failed_clients", _no_failures),
    "_dead_clients": _PerScope("_dead_clients", _no_failures),
    "_last_dead_check_time": _PerScope("_last_dead_check_time", lambda client: now()),
}
