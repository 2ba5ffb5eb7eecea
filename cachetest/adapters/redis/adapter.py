"""redis-py: connections, sync and asyncio, talk to a server in memory that each scope has its own of."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import redis.asyncio.connection as asyncio_redis
import redis.asyncio.retry as asyncio_retry
import redis.connection as sync_redis
import redis.retry as sync_retry

from ..._caches.attribution import scope_of_caller
from ..._patching.undo import Undo, own_attribute
from ...errors import MissingLibraryError
from ..base import Adapter
from ..own_servers import own_servers
from ..tries import sleep

try:
    from .addresses import Directory
    from .commands import OVERWRITING, QueuedKeys
    from .connection import connect, connect_async, per_scope, settle, without_time_limit
    from .keys import text_of
    from .moved import PLACES, WAITS
    from .refusals import async_sleep
    from .routes import calls, is_passed_over, rest, serve_in
    from .storage import RedisStorage, failure_at, too_large
    from .store import store_of
    from .waits import EndOfWaits
except ModuleNotFoundError as error:
    raise MissingLibraryError(
        f"the adapter 'redis' needs {error.name}, which is not installed: pip install 'cachetest[redis]'",
        name=error.name,
    ) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ..._behaving.gate import Call
    from ..._behaving.injection import Strike
    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches

__all__ = ["Redis"]


class Redis(Adapter):
    """Redis: ``Redis()`` is one cache, ``"redis"``; ``Redis(sessions="redis://h:6379/0")`` one for each URL.

    With URLs, to connect to anything else is an error; without, a cache has all servers and databases. The
    connections that a program holds from before are reached: what they have open is left alone, and is there
    again afterwards. A test has one ``Redis(...)``.
    """

    name = "redis"

    def __init__(self, **urls: str) -> None:
        """Check the URLs, by the names of their caches; raises ``ValueError`` for what is none."""
        self._directory = Directory(urls)
        self.caches = self._directory.names

    def given(self) -> tuple[Sequence[object], Mapping[str, object]]:
        return (), self._directory.urls

    def install(self) -> Undo:
        """Swap what a connection holds its socket and parser in, and how it connects."""
        return Undo(_install)

    def patched_attributes(self) -> Mapping[str, object]:
        found = {
            f"{each.__module__}.{each.__qualname__}.{name}": own_attribute(each, name)
            for each, name, _ in _attributes()
        }
        return {
            **found,
            **{f"{module.__name__}.sleep": own_attribute(module, "sleep") for module in _RETRIES},
        }

    def scope_context(self, caches: MockCaches) -> AbstractContextManager[object] | None:
        """Remember what is served in the scope that opens; when it closes, nothing waits in it any more."""
        scope = scope_of_caller()
        if scope is None:
            return None
        serve_in(scope, self._directory)
        # Here, and not with the first command: what the scope begins with is there for an assertion before.
        for name in self.caches:
            store_of(caches[name], self._directory.places_of(name))
        return EndOfWaits(scope)

    def drop_entries(self, cache: MockCache, keys: Sequence[object] = ()) -> None:
        """Drop all entries: what a script or a transaction has put is not known by its keys."""
        store_of(cache).drop()

    def overwritten(self, call: Call) -> Sequence[object]:
        """Return the keys that are set: what counts, adds or appends writes a part."""
        if isinstance(call.keys, QueuedKeys):
            return call.keys.overwritten
        return call.keys if call.asked.upper().encode() in OVERWRITING else ()

    def entry_key(self, cache: str, key: object) -> object:
        return text_of(key)

    def carry_out(self, strike: Strike, proceed: Callable[[], Any]) -> Any:
        """Leave it to the link, which decides for all commands of a packet before it executes any."""
        if getattr(strike.call, "is_planned", False):
            return proceed()
        return super().carry_out(strike, proceed)

    def failure(self, cache: MockCache) -> Exception | None:
        return failure_at([url for url, _ in store_of(cache).databases()])

    def too_large(self, cache: MockCache, key: object, size: int, limit: int) -> Exception | None:
        return too_large()

    def storage(self, cache: MockCache) -> RedisStorage:
        """Return the items in all databases of *cache*."""
        store = store_of(cache)
        return RedisStorage(store.places, store.lifetimes)


# What waits between two tries.
_RETRIES: dict[Any, Callable[[Any], Any]] = {sync_retry: sleep, asyncio_retry: async_sleep}


def _attributes() -> Iterator[tuple[type, str, Callable[[Any], Any]]]:
    """Yield each attribute that is changed: class, name, and what makes the new of the old one."""
    for module, names, new in (
        (sync_redis, ("_sock", "_parser"), connect),
        (asyncio_redis, ("_reader", "_writer", "_parser"), connect_async),
    ):
        for name in names:
            yield module.AbstractConnection, name, partial(per_scope, name)
        for each in (module.Connection, module.SSLConnection, module.UnixDomainSocketConnection):
            if "_connect" in vars(each):
                yield each, "_connect", partial(_instead, new)
    yield asyncio_redis.AbstractConnection, "send_packed_command", without_time_limit


def _instead(new: Any, found: Any) -> Any:
    def connect(connection: Any) -> Any:
        ours = not is_passed_over(connection) and calls.is_for_scope(connection)
        return (new if ours else found)(connection)

    return connect


def _install(undo: Undo) -> None:
    undo.add(partial(rest, False))
    undo.at_rest(rest)
    own_servers.watch(undo)
    PLACES.move(undo)
    WAITS.move(undo)
    calls.begin()
    undo.add(settle)
    for each, name, make in _attributes():
        undo.set_attribute(each, name, make(own_attribute(each, name)))
    for module, make in _RETRIES.items():
        undo.set_attribute(module, "sleep", make(module.sleep))
    undo.add(calls.end)
    calls.look()
