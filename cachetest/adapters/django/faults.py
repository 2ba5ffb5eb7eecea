"""How a fault strikes an alias: on the server below its back end, or, in this process, on its entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.cache import caches

from ..._behaving.call import MISSING
from ..._behaving.carrying import MappingStorage, keep_entries
from ...faults import Damaged, Dropped, LosesReply, Slow, Stale
from ..stored import Stored, stored
from ..struck_below import leave_below
from .call import Call
from .objects import kinds_of
from .places import places_of
from .stores import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..._behaving.carrying import Storage
    from ..._behaving.injection import Strike
    from ..._caches.cache import MockCache
    from .kinds import Kind

__all__ = ["carry_out", "failure", "storage", "too_large"]


def _kind_of(cache: MockCache) -> Kind | None:
    return kinds_of(caches.settings).get(cache.name)


def _below(cache: MockCache) -> tuple[Kind, Any] | None:
    """Return the kind of a back end on a server, and the adapter of its client; None for any other."""
    kind = _kind_of(cache)
    if kind is None or kind.below is None:
        return None
    if kind.below == "redis":
        from ..redis import storage as below
    else:
        from ..pymemcache import storage as below  # type: ignore[no-redef]
    return kind, below


def carry_out(default: Any, strike: Strike, proceed: Callable[[], Any]) -> Any:
    """Carry *strike* out: the client of a server meets it below; else *default* does what there is to do."""
    cache, call = strike.call.gate, strike.call.keys
    is_async = False
    if isinstance(call, Call):
        call.struck, is_async = strike.call, call.is_async
    if _below(cache) is not None:
        return leave_below(strike, proceed)
    return _carried(default, strike, proceed) if is_async else default(strike, proceed)


async def _carried(default: Any, strike: Strike, proceed: Callable[[], Any]) -> Any:
    """Carry *strike* out where *proceed* returns what is to be awaited."""
    fault, cache = strike.fault, strike.call.gate
    is_after = isinstance(fault, LosesReply) or (isinstance(fault, Damaged) and strike.call.kind == "put")
    if is_after:
        result = await proceed()
        default(strike, _nothing)
        return result
    if isinstance(fault, Slow):
        end = strike.clock.offset + fault.seconds
        result = await proceed()
        strike.clock.reach(end)
        return result
    if not isinstance(fault, (Dropped, Stale)):
        default(strike, _nothing)
        return await proceed()
    entries = cache.carrier.storage(cache)
    now = [(key, entries.read(key)) for key in strike.keys]
    if isinstance(fault, Stale):
        then = keep_entries(cache.carrier, strike.injection.kept, cache)
        now = [(key, found) for key, found in now if found is not then.get(key, MISSING)]
        strike.only([key for key, _ in now])
        for key, _ in now:
            entries.write(key, then.get(key, MISSING))
    try:
        return await proceed()
    finally:
        for key, found in now:
            entries.write(key, found)


def _nothing() -> None: ...


def failure(cache: MockCache) -> Exception | None:
    """Return what the client of a back end raises whose server is down; None for one in this process."""
    found = _below(cache)
    if found is None:
        return None
    kind, below = found
    return below.failure_at(places_of(kind))  # type: ignore[no-any-return]


def too_large(cache: MockCache) -> Exception | None:
    """Return what the client of a back end raises whose server refuses an entry for its size."""
    found = _below(cache)
    return None if found is None else found[1].too_large()


def storage(cache: MockCache) -> Storage:
    """Return what the entries of an alias are kept in."""
    found = _below(cache)
    if found is not None:
        kind, below = found
        return below.storage_at(_caches_beside(cache), places_of(kind))  # type: ignore[no-any-return]
    own = _kind_of(cache)
    if own is not None and own.make_store is MemoryStore:
        return _MemoryStorage(own.store_for(cache))
    return MappingStorage(cache.cache, holds_objects=True)


def _caches_beside(cache: MockCache) -> Iterable[MockCache]:
    scope = None if cache.scope_caches is None else cache.scope_caches()
    return () if scope is None else tuple(scope.by_name().values())


class _MemoryStorage:
    """The entries of an in-memory back end, each with the time until which it lives."""

    holds_objects = True

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def live_keys(self) -> Iterable[object]:
        return self._store.live()

    def read(self, key: Any) -> Any:
        store = self._store
        return MISSING if store.is_over(key) else _kept(store.cache[key], store.expire_info[key])

    def write(self, key: Any, kept: Any) -> None:
        store = self._store
        with store.lock:
            if kept is MISSING:
                store.cache.pop(key, None)
                store.expire_info.pop(key, None)
            else:
                store.cache[key], store.expire_info[key] = kept.items[""]

    def content(self, kept: Any) -> Any:
        return kept

    def with_content(self, kept: Any, content: Any) -> Any:
        return content


def _kept(pickled: bytes, expires: float | None) -> Stored:
    return stored({"": (pickled, expires)}, id(pickled), expires)
