"""The entries of one alias in one scope, by made key; reading and changing them is not counted."""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.cache import caches
from django.core.cache.backends.base import default_key_func

from ...errors import CacheTestError
from .objects import kinds_of
from .on_servers import MemcachedEntries, RedisEntries
from .places import place_named
from .stores import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches
    from ..._recording.lifetimes import Term
    from .kinds import Kind

__all__ = ["Entries"]


def _prefix_of(alias: str) -> str:
    """Return what all keys of *alias* begin with, as far as that is known."""
    held = caches[alias]
    return str(default_key_func("", held.key_prefix, 0))[:-2] if held.key_func is default_key_func else ""


class Entries(MutableMapping[str, Any]):
    """The entries that have not expired, unpickled, or as the back end of the alias decodes them."""

    def __init__(self, scope: MockCaches, cache: MockCache) -> None:
        self._scope = scope
        self._mock = cache

    def _store(self) -> Any:
        """Return where the entries are now; the settings may have changed since the scope was opened.

        Raises `CacheTestError` for a back end that keeps them itself.
        """
        kind = kinds_of(caches.settings).get(self._mock.name)
        if kind is None:
            return MemoryStore()
        if kind.below == "redis":
            return RedisEntries(self._scope, self._mock, kind, caches[kind.alias])
        if kind.below == "pymemcache":
            return MemcachedEntries(self._scope, self._mock, kind, caches[kind.alias])
        if kind.make_store is None:
            raise CacheTestError(
                f"the entries of the cache {kind.alias!r} can't be known: {kind.why_unknown()}"
            )
        return kind.store_for(self._scope.ensure(kind.home))

    def _on_servers(self) -> Kind:
        """Return the kind of a back end that is on servers; an AttributeError for any other."""
        kind = kinds_of(caches.settings).get(self._mock.name)
        if kind is None or not kind.is_server:
            # Whoever asks goes by that: in memory, or in files, entries are in one place.
            raise AttributeError("its entries are in one place")
        return kind

    def terms_of(self, key: str) -> Mapping[str, Term]:
        """Return when the entry of a made key was put, and when it ends, by the places that have it."""
        found: Mapping[str, Term] = self._store().terms_of(key)
        return found

    @property
    def places_of(self) -> Callable[[Any], Mapping[str, Any]]:
        """What gives the value of a made key in each server, or server and database, that has it."""
        self._on_servers()
        store: RedisEntries | MemcachedEntries = self._store()
        return store.places_of

    @property
    def place_named(self) -> Callable[[str], str]:
        """What gives the server, or server and database, that a test names as a cache has it."""
        return partial(place_named, self._on_servers())

    def __getitem__(self, key: str) -> Any:
        return self._store().read(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._store().write(key, value)

    def __delitem__(self, key: str) -> None:
        self._store().remove(key)

    def __iter__(self) -> Iterator[str]:
        # A report has a line that says why there are none.
        return iter(() if "entries" in self._mock.unavailable else self._store().live())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def drop(self, keys: Sequence[Any] = ()) -> None:
        """Forget the entries of made *keys*; without keys, all that begin as the alias's do."""
        kind, store = kinds_of(caches.settings).get(self._mock.name), self._store()
        if kind is not None:
            store.drop(
                list(keys) or [key for key in list(store.keys()) if key.startswith(_prefix_of(kind.alias))]
            )

    def clear(self) -> None:
        for key in list(self):
            del self[key]
