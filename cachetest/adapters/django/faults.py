"""How a fault strikes an alias on a server: below its back end, so that serialiser and client are met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.cache import caches

from ..struck_below import leave_below
from .call import Call
from .objects import kinds_of
from .places import places_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._behaving.injection import Strike
    from ..._behaving.storage import Storage
    from ..._caches.cache import MockCache
    from .kinds import Kind

__all__ = ["carry_out", "failure", "storage_below", "too_large"]


def _below(kind: Kind | None) -> Any:
    """Return what says how the client of a back end is struck; None for one without a server."""
    if kind is None or kind.below is None:
        return None
    if kind.below == "redis":
        from ..redis import storage as below
    else:
        from ..pymemcache import storage as below  # type: ignore[no-redef]
    return below


def _kind_of(cache: MockCache) -> Kind | None:
    return kinds_of(caches.settings).get(cache.name)


def carry_out(default: Any, strike: Strike, proceed: Callable[[], Any]) -> Any:
    """Carry *strike* out: the client of a server meets it below; else *default* does what there is to do."""
    call, cache = strike.call.keys, strike.call.gate
    if _below(_kind_of(cache)) is None:
        return default(strike, proceed)
    if isinstance(call, Call):
        call.struck = strike.call
    return leave_below(strike, proceed)


def failure(cache: MockCache) -> Exception | None:
    """Return what the client of a back end raises whose server is down; None for one in this process."""
    kind = _kind_of(cache)
    below = _below(kind)
    return None if below is None or kind is None else below.failure_at(places_of(kind))


def too_large(cache: MockCache) -> Exception | None:
    """Return what the client of a back end raises whose server refuses an entry for its size."""
    below = _below(_kind_of(cache))
    return None if below is None else below.too_large()


def storage_below(kind: Kind, cache: MockCache) -> Storage:
    """Return what the servers of a back end keep, in the scope of *cache*."""
    scope = None if cache.scope_caches is None else cache.scope_caches()
    beside = () if scope is None else tuple(scope.by_name().values())
    found: Storage = _below(kind).storage_at(beside, places_of(kind))
    return found
