"""The counts of some of the keys of a cache, taken from its operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._recording.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._caches.cache import MockCache

__all__ = ["counts_of_keys"]


def counts_of_keys(
    cache: MockCache, chosen: Callable[[object], object], skipped: int = 0
) -> tuple[Stats, int]:
    """Return the counts of the operations on the keys that are *chosen*, and how many refusals there were.

    The first *skipped* of all operations are left out. Raises ``ValueError`` where some are not known.
    """
    if "operations" in cache.unavailable:
        why = cache.unavailable["operations"]
        raise ValueError(f"the operations of cache {cache.name!r} can't be known: {why}; leave keys out")
    dropped = cache.operations.dropped
    if dropped > skipped:
        raise ValueError(
            f"the oldest {dropped - skipped:,} operations of cache {cache.name!r} are not kept, so those of "
            "some keys can't be counted: have more kept, by log_length"
        )
    snapshot = cache.operations.snapshot()
    counts = dict.fromkeys(("put", "hit", "miss", "refusal"), 0)
    start = skipped - dropped
    for kind, key in zip(snapshot.kinds()[start:], snapshot.keys()[start:], strict=True):
        if kind in counts and chosen(key):
            counts[kind] += 1
    return Stats(counts["put"], counts["hit"], counts["miss"]), counts["refusal"]
