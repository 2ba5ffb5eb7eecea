"""The counts of some of the keys of a cache, taken from its operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from .._caches.counting import KIND_OF, chosen_indexes

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._caches.cache import MockCache
    from .._recording.operation import Kind

__all__ = ["counts_of_some"]


def counts_of_some(
    cache: MockCache,
    chosen: Callable[[object], object] | None,
    process: int | None = None,
    skipped: int = 0,
    *,
    given: str = "",
) -> dict[str, int]:
    """Return the counts, by word, of the operations on the keys that are *chosen* and of *process*.

    The first *skipped* of all operations are left out. Raises ``ValueError`` where some are not known, which
    names what was *given* that needs them.
    """
    if "operations" in cache.unavailable:
        why = cache.unavailable["operations"]
        given = given or ("process" if chosen is None else "keys")
        raise ValueError(f"the operations of cache {cache.name!r} can't be known: {why}; leave {given} out")
    dropped = cache.operations.dropped
    if dropped > skipped:
        of = "the process" if chosen is None else "some keys"
        raise ValueError(
            f"the oldest {dropped - skipped:,} operations of cache {cache.name!r} are not kept, so those of "
            f"{of} can't be counted: have more kept, by log_length"
        )
    snapshot = cache.operations.snapshot()
    kinds = snapshot.kinds()
    found = [kinds[index] for index in chosen_indexes(snapshot, skipped - dropped, chosen, process)]
    return {word: found.count(cast("Kind", kind)) for word, kind in KIND_OF.items()}
