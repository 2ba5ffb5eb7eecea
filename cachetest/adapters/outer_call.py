"""The call of a framework's cache that a client's commands are done for, and that is counted in their place.

A framework such as Django asks a client such as redis-py. What the program has called is the framework, so
the commands below are told to that call, and are not counted as those of the client.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from .._behaving.gate import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._behaving.gate import Behaviour, Effect
    from .._recording.operation import Kind

__all__ = ["TENANTS", "OuterCall", "call_around", "outer_call", "servers", "tenants", "tenants_of"]

T = TypeVar("T")

# What redis-py sends by itself as it connects: it reaches a server, and asks nothing of it.
_CONNECTING = frozenset({"AUTH", "CLIENT", "HELLO", "PING", "SELECT"})


class OuterCall:
    """A call of a framework's cache, in place of the cache that a client's commands are counted in.

    ``effects`` is what the commands came to, and ``reached`` says whether any was done: a framework may have
    swallowed that its server could not be reached. ``places`` has the server, or server and database, that
    each key was asked of. ``held`` is the framework's cache.
    """

    held: object = None
    in_force: tuple[Behaviour, ...] = ()

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.reached = False
        self.places: dict[object, object] = {}

    def __bool__(self) -> bool:
        return True

    def told(self, effects: Sequence[Effect], known: Mapping[str, object]) -> Any:
        """Keep what commands came to that were done; return in place of their caller, which nobody needs."""
        self.effects += effects
        self._note_place([key for _, key in effects], known)
        self.reached = True
        return None, 0, ""

    def perform(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], T],
        effects: Callable[[T], Iterable[Effect]],
        libraries: frozenset[str] = frozenset(),
        known: Mapping[str, object] | None = None,
    ) -> T:
        """Do a command, and keep what it came to."""
        self._note_place(keys, known)
        result = do()
        if keys or known is None or known.get("asked") not in _CONNECTING:
            self.reached = True
        self.effects += effects(result)
        return result

    def lookup(
        self,
        key: object,
        find: Callable[[], Any],
        libraries: frozenset[str] = frozenset(),
        frame: object = None,
        known: Mapping[str, object] | None = None,
    ) -> Any:
        """Do one that looks a key up."""
        if known is not None:
            self.places[key] = known.get("store")
        value = find()
        self.reached = True
        self.effects.append(("miss" if value is MISSING else "hit", key))
        return value

    def write(
        self,
        key: object,
        do: Callable[[], T],
        libraries: frozenset[str] = frozenset(),
        frame: object = None,
        known: Mapping[str, object] | None = None,
    ) -> T:
        """Do one that writes an entry."""
        if known is not None:
            self.places[key] = known.get("store")
        result = do()
        self.reached = True
        self.effects.append(("put", key))
        return result

    def record(
        self,
        kind: Kind,
        key: object,
        libraries: frozenset[str] = frozenset(),
        known: Mapping[str, object] | None = None,
    ) -> None:
        """Keep what a server did without being asked, as an expiration."""
        if known is not None:
            self.places[key] = known.get("store")
        self.effects.append((kind, key))

    def fail(self, *_: object) -> None:
        """Do nothing: where the framework raises too, its call has failed."""

    def remark(self, *_: object) -> None:
        """Do nothing: what came of a script is what came of the framework's call."""

    def _note_place(self, keys: Iterable[object], known: Mapping[str, object] | None) -> None:
        if known is not None:
            self.places.update(dict.fromkeys(keys, known.get("store")))


# Set to what it was before, not reset: up to CPython 3.10 a context that is asked to forget a variable may
# lose others, where it has many of one name, as asgiref makes them (`django_site_checks`).
outer_call: ContextVar[OuterCall | None] = ContextVar("cachetest.outer_call", default=None)
# A method of what is imported would be looked up and bound at each command.
call_around = outer_call.get

servers: dict[tuple[object, ...], tuple[object, ...]] = {}
"""The Redis servers, as (host, port) or (path,), of the caches of frameworks that are patched, with the one
that stands for each: a primary and its replicas are one server in memory."""

tenants: dict[str, tuple[tuple[object, ...], ...]] = {}
"""The caches of frameworks that are patched and on Redis, by name, with the servers of each."""


TENANTS = "caches of frameworks"
"""What the caches of a scope share those of frameworks as, by name."""


def tenants_of(server: tuple[object, ...]) -> list[str]:
    """Return the names of the caches of frameworks that are on a Redis *server*."""
    return [name for name, found in tenants.items() if server in [servers.get(each) for each in found]]
