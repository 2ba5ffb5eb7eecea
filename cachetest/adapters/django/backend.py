"""The backend in place of a Django cache: each of its calls goes through the gate of its alias."""

from __future__ import annotations

from functools import partial
from sys import _getframe
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from ..._behaving.gate import MISSING
from ..._caches.attribution import cache_for, scope_of_caller
from . import steps
from .store import LIBRARIES, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..._caches.cache import MockCache
    from .store import Store

__all__ = ["SET_BY_BASE", "DjangoBackend"]

SET_BY_BASE = tuple(vars(BaseCache({})))


class DjangoBackend(BaseCache):  # type: ignore[misc]
    """The cache of an alias while it is patched: the one that a program gets, and the one that it has.

    Keys are made and checked by *real*, the cache that the settings ask for, which is used for nothing else.
    """

    def __init__(self, alias: str, real: Any) -> None:
        # Not from the settings, because a class may have had its own say on them.
        for name in SET_BY_BASE:
            setattr(self, name, getattr(real, name))
        self._alias = alias
        self.real = real

    def __getattribute__(self, name: str) -> Any:
        # Replaced while Django is patched. What a program took in a test and has kept is a real cache again
        # afterwards, save to what is left of that test.
        if name.startswith("__") or scope_of_caller() is not None:
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "real"), name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise AttributeError(
            f"the cache {self._alias!r} has no {name!r} while cachetest has patched it: it has what every "
            f"Django cache has, and not what {type(self.real).__name__} adds"
        )

    def make_key(self, key: Any, version: int | None = None) -> Any:
        return self.real.make_key(key, version=version)

    def validate_key(self, key: Any) -> None:
        self.real.validate_key(key)

    def make_and_validate_key(self, key: Any, version: int | None = None) -> Any:
        return self.real.make_and_validate_key(key, version=version)

    def _store(self, mock: MockCache) -> Store:
        store = open_store(mock)
        # A test may have changed them by override_settings since the store was made.
        store.default_timeout = self.default_timeout
        store._max_entries, store._cull_frequency = self._max_entries, self._cull_frequency
        return store

    def _made(self, keys: Iterable[Any], version: int | None) -> list[Any]:
        make = self.real.make_and_validate_key
        return [make(key, version=version) for key in keys]

    def _perform(self, step: steps.Step, keys: Sequence[Any], version: int | None, *args: Any) -> Any:
        """Take *step* for the program's *keys*."""
        mock = cache_for(self._alias)
        try:
            made = self._made(keys, version)
        except Exception as error:
            # The call has failed for keys that can't be made, so it is logged with those of the program.
            mock.fail(keys, error, LIBRARIES, _getframe(1), step.known, step.kind)
            raise
        do, effects = partial(step.do, self._store(mock), made, *args), partial(step.effects, made)
        return mock.perform(step.kind, made, do, effects, LIBRARIES, step.known)

    async def _perform_async(
        self, step: steps.Step, keys: Sequence[Any], version: int | None, *args: Any
    ) -> Any:
        """Take *step* on another thread, as Django does, and count it here, where it is awaited.

        Only here is the line of the caller on the stack.
        """
        mock = cache_for(self._alias)
        made = list(keys)

        def make() -> None:
            # A key function may ask for what Django keeps for each thread.
            made[:] = self._made(keys, version)

        def do() -> Any:
            if not seen_before:
                make()
            return step.do(self._store(mock), made, *args)

        # The way to the other thread is long, and taken once unless somebody is to see the keys before.
        seen_before = bool(mock.in_force)
        if seen_before:
            try:
                await _on_thread(make)
            except Exception as error:
                mock.fail(keys, error, LIBRARIES, _getframe(0), step.known_async, step.kind)
                raise
        effects = partial(step.effects, made)
        return await mock.perform_async(
            step.kind, made, partial(_on_thread, do), effects, LIBRARIES, step.known_async
        )

    # The two that a program calls most are written out.

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        mock = cache_for(self._alias)
        try:
            made = self.real.make_and_validate_key(key, version=version)
        except Exception as error:
            mock.fail((key,), error, LIBRARIES, _getframe(1), None, "get")
            raise
        value = mock.lookup(made, partial(self._store(mock).get, made, MISSING), LIBRARIES)
        return default if value is MISSING else value

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        mock = cache_for(self._alias)
        known = steps.SET.known
        try:
            made = self.real.make_and_validate_key(key, version=version)
        except Exception as error:
            mock.fail((key,), error, LIBRARIES, _getframe(1), known)
            raise
        mock.write(made, partial(self._store(mock).set, made, value, timeout), LIBRARIES, known=known)

    async def aget(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        value = await self._perform_async(steps.GET, (key,), version)
        return default if value is MISSING else value

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        asked = list(keys)
        return _by_key(asked, self._perform(steps.GET_MANY, asked, version))

    async def aget_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        asked = list(keys)
        return _by_key(asked, await self._perform_async(steps.GET_MANY, asked, version))

    async def aset(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        await self._perform_async(steps.SET, (key,), version, value, timeout)

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        self._perform(steps.SET_MANY, list(data), version, list(data.values()), timeout)
        return []

    async def aset_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        await self._perform_async(steps.SET_MANY, list(data), version, list(data.values()), timeout)
        return []

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._perform(steps.ADD, (key,), version, value, timeout))

    async def aadd(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return bool(await self._perform_async(steps.ADD, (key,), version, value, timeout))

    def get_or_set(
        self, key: Any, default: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> Any:
        value = self._perform(steps.GET_OR_SET_GET, (key,), version)
        if value is MISSING:
            if callable(default):
                default = default()
            self._perform(steps.GET_OR_SET_ADD, (key,), version, default, timeout)
            value = self._perform(steps.GET_OR_SET_AGAIN, (key,), version)
        return default if value is MISSING else value

    async def aget_or_set(
        self, key: Any, default: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> Any:
        value = await self._perform_async(steps.GET_OR_SET_GET, (key,), version)
        if value is MISSING:
            if callable(default):
                default = default()
            await self._perform_async(steps.GET_OR_SET_ADD, (key,), version, default, timeout)
            value = await self._perform_async(steps.GET_OR_SET_AGAIN, (key,), version)
        return default if value is MISSING else value

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> Any:
        return self._perform(steps.INCR, (key,), version, delta)

    def decr(self, key: Any, delta: int = 1, version: int | None = None) -> Any:
        return self._perform(steps.DECR, (key,), version, -delta)

    async def aincr(self, key: Any, delta: int = 1, version: int | None = None) -> Any:
        return await self._perform_async(steps.AINCR, (key,), version, delta, key)

    async def adecr(self, key: Any, delta: int = 1, version: int | None = None) -> Any:
        return await self._perform_async(steps.ADECR, (key,), version, -delta, key)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._perform(steps.TOUCH, (key,), version, timeout))

    async def atouch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(await self._perform_async(steps.TOUCH, (key,), version, timeout))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return bool(self._perform(steps.HAS_KEY, (key,), version))

    async def ahas_key(self, key: Any, version: int | None = None) -> bool:
        return bool(await self._perform_async(steps.HAS_KEY, (key,), version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._perform(steps.DELETE, (key,), version))

    async def adelete(self, key: Any, version: int | None = None) -> bool:
        return bool(await self._perform_async(steps.DELETE, (key,), version))

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        self._perform(steps.DELETE_MANY, list(keys), version)

    async def adelete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        await self._perform_async(steps.DELETE_MANY, list(keys), version)

    def clear(self) -> None:
        self._perform(steps.CLEAR, (), None)

    async def aclear(self) -> None:
        await self._perform_async(steps.CLEAR, (), None)


def _by_key(keys: Sequence[Any], values: Sequence[Any]) -> dict[Any, Any]:
    return {key: value for key, value in zip(keys, values, strict=True) if value is not MISSING}


async def _on_thread(work: Callable[..., Any], *args: Any) -> Any:
    return await sync_to_async(work, thread_sensitive=True)(*args)
