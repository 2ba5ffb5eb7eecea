"""Uses of libraries' caches, for children that started anew: modules of libraries are imported when asked."""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cachetest import MockBackend

from .children_support import outcome_of, use_own_scope

if TYPE_CHECKING:
    from collections.abc import Callable

# What an adapter is told of: a child finds its own at the same place.
PLACES = "test._sharing.library_objects"
# No server is there: what reaches a socket is told as an error of the library's.
PORT = 1


@lru_cache
def price_of(name: str) -> int:
    """Return the price of what is called *name*."""
    return len(name)


def use_redis() -> Any:
    redis: Any = importlib.import_module("redis")
    return redis.Redis(port=PORT, retry=None).get("lamp")


def use_fakeredis() -> Any:
    fakeredis: Any = importlib.import_module("fakeredis")
    return fakeredis.FakeRedis().get("lamp") or "done"


def use_redis_asyncio() -> Any:
    import asyncio

    async def get() -> Any:
        client = importlib.import_module("redis.asyncio").Redis(port=PORT, retry=None)
        return await client.get("lamp")

    return asyncio.run(get())


def use_pymemcache() -> Any:
    return importlib.import_module("pymemcache").Client(("127.0.0.1", PORT)).get("lamp")


def use_cachetools() -> Any:
    importlib.import_module(PLACES).prices["lamp"] = 4
    return "done"


def use_other_cachetools() -> Any:
    importlib.import_module(PLACES).others["lamp"] = 4
    return "done"


def use_dogpile() -> Any:
    importlib.import_module(PLACES).region.set("lamp", 4)
    return "done"


def use_of_objects(path: str) -> Callable[[], Any]:
    """Return a use of what is called at *path*, or of the cache that is there."""

    def use() -> Any:
        found: Any = importlib.import_module(PLACES)
        for name in path.split("."):
            found = getattr(found, name)
        return found("lamp") if callable(found) else found.get("lamp")

    return use


def use_method() -> Any:
    return importlib.import_module(PLACES).Shop().price("lamp")


def use_functools() -> Any:
    return price_of("lamp")


def use_by_hand() -> str:
    MockBackend("by_hand").put("lamp", 4)
    return "done"


def use_django() -> Any:
    conf: Any = importlib.import_module("django.conf")
    if not conf.settings.configured:
        conf.settings.configure()
    importlib.import_module("django.core.cache").cache.set("lamp", 4)
    return "done"


def use_django_contains() -> Any:
    use = importlib.import_module("django.core.cache").caches["default"]
    return "lamp" in use


USES: dict[str, Callable[[], Any]] = {
    "redis": use_redis,
    "redis.asyncio": use_redis_asyncio,
    "pymemcache": use_pymemcache,
    "cachetools": use_cachetools,
    "dogpile": use_dogpile,
    "functools": use_functools,
    **{path: use_of_objects(path) for path in ("Shop.stock", "Shop.weight", "size_of", "width_of")},
    "Shop.price": use_method,
    "mock": use_by_hand,
}


def try_all(names: list[str]) -> dict[str, Any]:
    """Return the outcome of each of the uses *names*; and of a cache that no test was told of."""
    told = {name: outcome_of(USES[name]) for name in names}
    if "redis" in names:
        told["fakeredis"] = outcome_of(use_fakeredis)
    if "cachetools" in names:
        told["others"] = outcome_of(use_other_cachetools)
    told["own scope"] = outcome_of(use_own_scope)
    return told


def try_django() -> list[Any]:
    """Return the outcome of a set, and of an ``in``."""
    return [outcome_of(use_django), outcome_of(use_django_contains)]
