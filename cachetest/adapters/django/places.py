"""The servers, and databases, that a back end has its entries on, named as operations name them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...errors import CacheTestError
from ..outer_call import servers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .kinds import Kind

__all__ = ["place_named", "places_of"]


def places_of(kind: Kind) -> list[str]:
    """Return the places of a back end, a primary and its replicas as one; none where no server has them."""
    if kind.below == "redis":
        from ..redis.addresses import url_of

        return _each_once(url_of((*servers.get(at, at), db)) for at, db in kind.databases)
    if kind.below == "pymemcache":
        return _each_once(_valid(kind.servers))
    return []


def place_named(kind: Kind, at: str) -> str:
    """Return the place of a back end that a test means by *at*; a clear error where it has none there."""
    known = places_of(kind)
    if not isinstance(at, str):
        raise TypeError(f"at={at!r}: expected a place such as {known[0]!r}")
    try:
        found = _redis(at) if kind.below == "redis" else _memcached(at)
    except ValueError as error:
        raise ValueError(f"at={at!r}: expected a place such as {known[0]!r}: {error}") from None
    if found not in known:
        raise CacheTestError(f"at={at!r}: the cache {kind.alias!r} has its entries in {', '.join(known)}")
    return found


def _redis(url: str) -> str:
    from ..redis.addresses import address_in, url_of

    *server, number = address_in(url)
    return url_of((*servers.get(tuple(server), tuple(server)), number))


def _valid(given: Iterable[Any]) -> Iterator[str]:
    for each in given:
        # What is none is an error of the back end, when it is used.
        with suppress(ValueError):
            yield _memcached(each)


def _memcached(server: Any) -> str:
    from ..pymemcache.addresses import name_of

    return name_of(server)


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
