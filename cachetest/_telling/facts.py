"""What a cache knows beside its log, put together for its history."""

from __future__ import annotations

import math
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .._behaving.clock import clock_in
from .._recording.lifetimes import LIFETIMES
from .._recording.operation import A_SCRIPT, SCRIPTS
from .._recording.sameness import same_key
from .history import CacheFacts, History
from .key_parts import components
from .origins import CLASS, given_origin
from .processes import named_apart, processes_of
from .timeline import Aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping, Sequence

    from .._recording.log import OperationLog
    from .._recording.operation import Operation
    from .explained_keys import ExplainedKeys
    from .key_parts import Part

    T = TypeVar("T")

__all__ = ["ORIGINS", "components_of", "history_of", "origin_without_put", "remember_aside", "remember_state"]

ORIGINS = "origins"
"""The adapter's state of a cache that says where an entry came from that no operation put, by its key."""

_ASIDES = "asides"
_PROCESSES = "processes"
# So many calls that are not counted are remembered.
_REMEMBERED = 100


class KnownCache(Protocol):
    """A cache, as far as it is told of."""

    name: str
    cache: MutableMapping[Any, Any]
    operations: OperationLog
    explainer: Any
    explains_misses: bool
    shared: dict[str, Any]
    inherited: Sequence[object]
    in_force: tuple[Any, ...]
    scope_caches: Any

    def adapter_state(self, what: str, make: Callable[[], T]) -> T: ...


def history_of(
    cache: KnownCache,
    others: Iterable[KnownCache],
    forgotten: Sequence[object],
    in_blocks: Sequence[tuple[str, int]],
    since: object,
    *,
    all_known: bool,
) -> History:
    """Return the history of *cache*; *forgotten* are keys that had been put before a reset.

    *all_known* says whether these are all of them.

    The others are as for `MockCache.history`.
    """
    dropped = cache.operations.dropped
    others = [each for each in others if each is not cache]
    facts = CacheFacts(
        components=components_of(cache),
        why_opaque=_why_opaque(cache),
        forgotten=forgotten,
        present=cache.cache,
        unkept=tuple(cache.adapter_state("keys not kept", set)),
        dropped=dropped,
        # What is in a real store may have been put by anybody, before.
        complete=all_known and not dropped and not getattr(cache.cache, "is_real", False),
        elsewhere=lambda key: [other.name for other in others if _has(other, key)],
        changed_elsewhere=lambda key: [each for other in others for each in _changes(other, key)],
        is_plain=_is_plain(cache),
        asides=tuple(cache.adapter_state(_ASIDES, deque)),
        origins=cache.adapter_state(ORIGINS, dict),
        inherited=cache.inherited,
        why_unused=lambda: "\n".join(
            filter(None, [_ask(cache, "why_unused", since), _used_beside(cache, others)])
        ),
        why_fewer=partial(_ask, cache, "why_fewer", since),
        in_blocks=in_blocks,
        places_of=getattr(cache.cache, "places_of", None),
        lifetimes=cache.adapter_state(LIFETIMES, dict),
        processes=partial(_processes, cache, others),
        ahead=0.0 if "clock" not in cache.shared else clock_in(cache.shared).offset,
    )
    return History(cache.name, cache.operations.snapshot(), facts)


def _processes(cache: KnownCache, others: Sequence[KnownCache]) -> dict[int, str]:
    caches = None if cache.scope_caches is None else cache.scope_caches()
    beside = others if caches is None else list(caches.by_name().values())
    logs = [each.operations for each in [cache, *beside]]
    # Numbers rise, so that nothing has happened since where these are the same.
    now = sorted({log.newest for log in logs})
    known: tuple[list[int], dict[int, str]] | None = cache.shared.get(_PROCESSES)
    if known is None or known[0] != now:
        known = cache.shared[_PROCESSES] = now, named_apart(processes_of(logs))
    return known[1]


def components_of(cache: KnownCache) -> Callable[[object], list[Part]]:
    """Return what takes the keys of *cache* apart."""
    explainer = cache.explainer if cache.explains_misses else None
    apart = components if explainer is None else partial(explainer.components, cache)
    explained = _explained(cache)
    return apart if explained is None else partial(explained.apart, apart)


def _explained(cache: KnownCache) -> ExplainedKeys | None:
    found: ExplainedKeys | None = cache.shared.get("explained keys") if cache.explains_misses else None
    return found


def _why_opaque(cache: KnownCache) -> str:
    """Return why keys of *cache* can't be taken apart, in lines."""
    askable = cache.explains_misses and cache.explainer is not None
    explained = _explained(cache)
    lines = [
        cache.explainer.why_opaque(cache) if askable else "",
        "" if explained is None else explained.why_opaque(),
    ]
    return "\n".join(filter(None, lines))


def _used_beside(cache: KnownCache, others: Iterable[KnownCache]) -> str:
    """Return which of *others* had operations: the program may have used another one by mistake."""
    if cache.operations.total:
        return ""
    used = [f"{other.name!r} ({other.operations.total:,})" for other in others if other.operations.total]
    return f"in this test there were operations on {', '.join(used)}" if used else ""


def _ask(cache: KnownCache, what: str, since: object) -> str:
    ask = getattr(cache.explainer, what, None)
    if ask is None:
        return ""
    text: str = ask(cache) if since is None else ask(cache, since)
    return text


def _is_plain(cache: KnownCache) -> bool:
    """Return whether nothing writes to its entries but counted operations, and the test by hand."""
    return (type(cache.cache) is dict or hasattr(cache.cache, "put_for")) and not cache.in_force


def _has(cache: KnownCache, key: object) -> bool:
    try:
        return key in cache.cache
    except Exception:
        # A key that this cache could not hold, or whose == raises; or entries that nobody can read.
        return False


def _changes(cache: KnownCache, key: object) -> list[Operation]:
    found = cache.operations.snapshot()
    pairs = enumerate(zip(found.kinds(), found.keys(), strict=True))
    return [found[n] for n, (kind, each) in pairs if kind in ("put", "delete") and same_key(each, key)]


def remember_aside(cache: KnownCache, asked: str, where: object, store: str | None) -> None:
    """Have it told where it may matter that *asked*, which is not counted, was called after all until now."""
    latest = cache.operations.snapshot().numbers()[-1:]
    asides: deque[Aside] = cache.adapter_state(_ASIDES, partial(deque, maxlen=_REMEMBERED))
    asides.append(Aside(latest[0] if latest else 0, asked, where, store))


def remember_state(cache: KnownCache, state: str, where: object) -> Callable[[], None]:
    """Have it told that the cache was in a *state*, from *where* on, until what is returned is called."""

    def latest() -> int:
        return next(iter(cache.operations.snapshot().numbers()[-1:]), 0)

    asides: deque[Aside] = cache.adapter_state(_ASIDES, partial(deque, maxlen=_REMEMBERED))
    lasting = Aside(latest(), state, where, None, math.inf)
    asides.append(lasting)

    def end() -> None:
        if lasting in asides:
            asides[asides.index(lasting)] = lasting._replace(until=latest())

    return end


def origin_without_put(cache: KnownCache, key: object, store: str | None, number: int) -> str | None:
    """Return where the entry of *key* came from, which the operation *number* hit and none had put."""
    given = given_origin(cache.adapter_state(ORIGINS, dict), key)
    if given is not None:
        return given
    if any(same_key(each, key) for each in cache.inherited):
        return CLASS
    asides: Iterable[Aside] = cache.adapter_state(_ASIDES, deque)
    before = [each for each in asides if each.concerns(number, store)]
    if before:
        return A_SCRIPT if before[-1].asked in SCRIPTS else None
    return "by hand" if _is_plain(cache) and not cache.operations.dropped else None
