"""redis-py on the servers that it has: nothing is swapped, and what its commands come to is counted."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import redis.asyncio.client as asyncio_client
import redis.asyncio.connection as asyncio_redis
import redis.client as sync_client
import redis.connection as sync_redis
from redis.exceptions import ResponseError

from ..._patching.undo import Undo
from ..base import Adapter
from ..watching import set_up
from .keys import text_of
from .watched_commands import WATCHED, Calling, note_broken, note_reply, note_sent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches

__all__ = ["WatchedRedis"]


class WatchedRedis(Adapter):
    """The commands of redis-py, sync and asyncio, on their real servers: one cache, ``"redis"``."""

    name = WATCHED
    caches = (WATCHED,)

    def install(self) -> Undo:
        """Wrap what sends and reads, and, for calls that fail, those of the clients."""
        return Undo(lambda undo: undo.set_attributes(list(_attributes())))

    def is_shared(self, cache: MockCache) -> bool:
        """Return True: it is the real store, and nobody asks the parent of a child for an entry."""
        return True

    def scope_context(self, caches: MockCaches) -> None:
        set_up(caches, self.caches)

    def entry_key(self, cache: str, key: object) -> object:
        return text_of(key)


def _execute(found: Any) -> Any:
    @functools.wraps(found)
    def execute_command(self: Any, *args: Any, **options: Any) -> Any:
        with Calling([args]):
            return found(self, *args, **options)

    return execute_command


def _execute_async(found: Any) -> Any:
    @functools.wraps(found)
    async def execute_command(self: Any, *args: Any, **options: Any) -> Any:
        with Calling([args]):
            return await found(self, *args, **options)

    return execute_command


def _execute_all(found: Any) -> Any:
    @functools.wraps(found)
    def execute(self: Any, *args: Any, **options: Any) -> Any:
        with Calling(_stack(self)):
            return found(self, *args, **options)

    return execute


def _execute_all_async(found: Any) -> Any:
    @functools.wraps(found)
    async def execute(self: Any, *args: Any, **options: Any) -> Any:
        with Calling(_stack(self)):
            return await found(self, *args, **options)

    return execute


def _stack(pipeline: Any) -> list[Sequence[Any]]:
    """Return the commands that *pipeline* is about to send."""
    return [args for args, _ in list(getattr(pipeline, "command_stack", ()))]


def _send(found: Any) -> Any:
    @functools.wraps(found)
    def send_packed_command(self: Any, command: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            result = found(self, command, *args, **kwargs)
        except BaseException:
            note_broken(self)
            raise
        note_sent(self, command)
        return result

    return send_packed_command


def _send_async(found: Any) -> Any:
    @functools.wraps(found)
    async def send_packed_command(self: Any, command: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            result = await found(self, command, *args, **kwargs)
        except BaseException:
            note_broken(self)
            raise
        note_sent(self, command)
        return result

    return send_packed_command


def _receive(found: Any) -> Any:
    @functools.wraps(found)
    def read_response(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            reply = found(self, *args, **kwargs)
        except ResponseError as error:
            note_reply(self, error)
            raise
        except BaseException:
            note_broken(self)
            raise
        note_reply(self, reply)
        return reply

    return read_response


def _receive_async(found: Any) -> Any:
    @functools.wraps(found)
    async def read_response(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            reply = await found(self, *args, **kwargs)
        except ResponseError as error:
            note_reply(self, error)
            raise
        except BaseException:
            note_broken(self)
            raise
        note_reply(self, reply)
        return reply

    return read_response


def _attributes() -> Iterator[tuple[object, str, object]]:
    """Yield each attribute that is wrapped, with what is there instead."""
    clients: tuple[Any, Any] = sync_client, asyncio_client
    connections: tuple[Any, Any] = sync_redis, asyncio_redis
    places = (
        *((each.AbstractConnection, "send_packed_command", (_send, _send_async)) for each in connections),
        *((each.AbstractConnection, "read_response", (_receive, _receive_async)) for each in connections),
        *((each.Redis, "execute_command", (_execute, _execute_async)) for each in clients),
        *((each.Pipeline, "immediate_execute_command", (_execute, _execute_async)) for each in clients),
        *((each.Pipeline, "execute", (_execute_all, _execute_all_async)) for each in clients),
    )
    for n, (owner, name, wrappers) in enumerate(places):
        yield owner, name, wrappers[n % 2](getattr(owner, name))
