"""What the caches of a test begin with: the entries that its class, or its module, has set up."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from .._recording.locks import make_lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .cache import MockCache

__all__ = ["Inheritance"]

# Nobody can change them.
_IMMUTABLE = (bytes, str, int, float, bool, type(None))


class Inheritance:
    """The caches that those of one scope begin as, each copied when it is first used.

    *origins* are the caches by name of the scopes that were set up before, the nearest first. All copies have
    one memo: what two entries share in those scopes, their copies share too.
    """

    def __init__(self, origins: Sequence[Mapping[str, MockCache]]) -> None:
        self._origins = origins
        self._memo: dict[int, Any] = {}
        self._lock = make_lock()

    def names(self) -> Iterable[str]:
        """Return the names of the caches that were used there."""
        found = [cache for origin in self._origins for cache in tuple(origin.values())]
        return [cache.name for cache in found if cache.operations.total]

    def begin(self, cache: MockCache) -> None:
        """Give *cache*, which is new, the entries of the one that it begins as, if there is one."""
        origin = next((each[cache.name] for each in self._origins if cache.name in each), None)
        if origin is None:
            return
        cache.origin, cache.inheritance = origin, self
        # What else a cache has its entries in is an adapter's, which copies it when it asks for its state.
        begin_in = getattr(origin.cache, "begin_in", None)
        if type(origin.cache) is dict or begin_in is not None:
            entries: Mapping[Any, Any] = origin.cache.copy()  # type: ignore[attr-defined]
            cache.inherited = tuple(entries)
            cache.cache = {key: self.copied(cache, key, value) for key, value in entries.items()}
        if begin_in is not None:
            # They have a time to live.
            begin_in(cache)

    def copied(self, cache: MockCache, key: object, value: Any) -> Any:
        """Return a copy of *value*, the entry of *key*; itself where it has none, which *cache* notes."""
        if type(value) in _IMMUTABLE:
            return value
        # Two threads may be the first to use two caches.
        with self._lock:
            return self._copy(cache, key, value)

    def _copy(self, cache: MockCache, key: object, value: Any) -> Any:
        memo = self._memo
        known = len(memo)
        try:
            return copy.deepcopy(value, memo)
        except Exception as error:
            # Half of a copy is in the memo, and must not become part of another.
            while len(memo) > known:
                memo.popitem()
            cache.by_reference[key] = f"{type(error).__name__}: {error}"
            return value
