"""What was done to caches in a block: counts and operations from its beginning on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .._recording.stats import Stats
from ..errors import NotPatchedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from .._recording.operation import Operation

    # To import it would make the chain of files longer than anybody can follow.
    Snapshot = Any
    Chosen = Callable[[object], object]

__all__ = [
    "KIND_OF",
    "CacheDelta",
    "CountingCache",
    "CountingCaches",
    "Delta",
    "chosen_indexes",
    "own_counts",
]

KIND_OF = {
    "puts": "put",
    "hits": "hit",
    "misses": "miss",
    "refusals": "refusal",
    "deletes": "delete",
    "evictions": "eviction",
    "expirations": "expiration",
    "failures": "failure",
}
"""The kind of operation that each word for a count counts."""

_OF_STATS = 3


class CountedCache(Protocol):
    """A cache, as far as it is counted."""

    name: str
    operations: Any

    @property
    def unavailable(self) -> Mapping[str, str]: ...
    @property
    def num_refusal(self) -> int: ...
    def counts(self) -> tuple[int, int, int]: ...


def own_counts(cache: CountedCache) -> dict[str, int]:
    """Return how much was done to *cache*, by the words of `KIND_OF`."""
    tally = cache.operations.tally
    found = dict(zip(KIND_OF, cache.counts(), strict=False))
    found["refusals"] = cache.num_refusal
    for word, kind in list(KIND_OF.items())[_OF_STATS + 1 :]:
        found[word] = tally(kind)
    return found


def chosen_indexes(snapshot: Snapshot, start: int, chosen: Chosen | None, process: int | None) -> list[int]:
    """Return which operations of *snapshot*, from *start* on, have a *chosen* key and are of *process*."""
    indexes = range(max(0, start), len(snapshot))
    if process is not None:
        processes = snapshot.processes()
        indexes = [index for index in indexes if processes[index] == process]  # type: ignore[assignment]
    if chosen is None:
        return list(indexes)
    keys = snapshot.keys()
    return [index for index in indexes if chosen(keys[index])]


class CacheDelta:
    """What was done to one cache inside a block: ``stats`` and ``operations``.

    Both are as they are now while the block lasts, and stay as they were at its end. Those of another block,
    if it is entered again, take their place.
    """

    _asked = "counting()"
    _began: tuple[object, int, dict[str, int]] | None = None
    _ended: tuple[object, dict[str, int], Snapshot, int] | None = None

    def __init__(self, cache: CountedCache, chosen: Chosen | None = None) -> None:
        """Count what is done to *cache*: operations on *chosen* keys alone, where given."""
        self._counted = cache
        self._chosen = chosen

    @property
    def _process(self) -> int | None:
        """The process whose operations alone are counted."""
        return None

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        self._end()

    def _begin(self) -> None:
        log = self._counted.operations
        self._ended = None
        self._began = log.generation, len(log) + log.dropped, own_counts(self._counted)

    def _end(self) -> None:
        self._ended = self._now()

    def _now(self) -> tuple[object, dict[str, int], Snapshot, int]:
        log = self._counted.operations
        return log.generation, own_counts(self._counted), log.snapshot(), log.dropped

    def _known(self) -> tuple[dict[str, int], Snapshot, int]:
        """Return the counts in all, the operations that are known, and how many are not."""
        began = self._beginning()
        generation, counts, snapshot, dropped = self._ended or self._now()
        if generation is not began[0]:
            raise ValueError(f"cache {self._counted.name!r} was reset inside the block of {self._asked}")
        return counts, snapshot, dropped

    def _beginning(self) -> tuple[object, int, dict[str, int]]:
        if self._began is None:
            raise NotPatchedError(f"{self._asked} has counted nothing yet: enter it, with a with statement")
        return self._began

    @property
    def skipped(self) -> int:
        """How many operations on the cache there were before the block."""
        return self._beginning()[1]

    def counts(self) -> dict[str, int]:
        """Return how much was done, by word: ``"puts"``, ``"hits"``, ``"misses"``, ``"deletes"``, ..."""
        before = self._beginning()[2]
        if self._chosen is not None or self._process is not None:
            snapshot, indexes = self._found()
            kinds = snapshot.kinds()
            of_each = [kinds[index] for index in indexes]
            return {word: of_each.count(kind) for word, kind in KIND_OF.items()}
        counts, _, _ = self._known()
        return {word: count - before[word] for word, count in counts.items()}

    @property
    def stats(self) -> Stats:
        """The puts, hits and misses of the block."""
        return Stats(*list(self.counts().values())[:_OF_STATS])

    @property
    def operations(self) -> list[Operation]:
        """The operations of the block, the oldest first.

        Raises ``ValueError`` where they can't be known one by one, or are no longer kept.
        """
        snapshot, indexes = self._found()
        return [snapshot[index] for index in indexes]

    def _found(self) -> tuple[Snapshot, list[int]]:
        _, skipped, _ = self._beginning()
        name = self._counted.name
        if "operations" in self._counted.unavailable:
            why = self._counted.unavailable["operations"]
            raise ValueError(f"the operations of cache {name!r} can't be known: {why}")
        _, snapshot, dropped = self._known()
        if dropped > skipped:
            raise ValueError(
                f"the oldest {dropped - skipped:,} operations of cache {name!r} are not kept: have more "
                "kept, by log_length"
            )
        return snapshot, chosen_indexes(snapshot, skipped - dropped, self._chosen, self._process)

    def __repr__(self) -> str:
        name = self._counted.name
        return (
            f"<delta of {name!r}, not begun>" if self._began is None else f"<delta of {name!r}: {self.stats}>"
        )


class Delta:
    """What was done to the caches of a scope inside a block: ``stats`` and ``operations`` of all together.

    ``delta["prices"]`` is what was done to one of them.
    """

    def __init__(self, caches: Mapping[str, CountedCache]) -> None:
        """Count what is done to any of *caches*, also those that come into being inside the block."""
        self._caches = caches
        self._deltas: dict[str, CacheDelta] | None = None
        self._is_open = False

    def __enter__(self) -> Self:
        self._deltas = {cache.name: CacheDelta(cache).__enter__() for cache in self._caches.values()}
        self._is_open = True
        return self

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        self._is_open = False
        for delta in self._of_each(are_new_ones_known=True).values():
            delta._end()

    def _of_each(self, *, are_new_ones_known: bool) -> dict[str, CacheDelta]:
        if self._deltas is None:
            raise NotPatchedError("counting() has counted nothing yet: enter it, with a with statement")
        for cache in self._caches.values() if are_new_ones_known else ():
            if cache.name not in self._deltas:
                # All that was ever done to it was done inside.
                delta = self._deltas[cache.name] = CacheDelta(cache)
                delta._began = cache.operations.generation, 0, dict.fromkeys(KIND_OF, 0)
        return self._deltas

    def __getitem__(self, name: str) -> CacheDelta:
        found = self._of_each(are_new_ones_known=self._is_open)
        # An unknown name is an error of the caches, which knows the closest ones.
        return found[name] if name in found else found[self._caches[name].name]

    @property
    def stats(self) -> Stats:
        """The puts, hits and misses of the block, on all caches together."""
        found = Stats()
        for delta in self._of_each(are_new_ones_known=self._is_open).values():
            found += delta.stats
        return found

    @property
    def operations(self) -> list[Operation]:
        """The operations of the block on all caches, the oldest first.

        Raises ``ValueError`` where those of a cache that was used can't be known one by one, or are no longer
        kept.
        """
        found: list[Operation] = []
        for delta in self._of_each(are_new_ones_known=self._is_open).values():
            if any(delta.counts().values()) or "operations" not in delta._counted.unavailable:
                found += delta.operations
        return sorted(found, key=lambda operation: operation.number)

    def __repr__(self) -> str:
        return "<delta, not begun>" if self._deltas is None else f"<delta: {self.stats}>"


class CountingCache:
    """The base of a cache that can be counted in a block."""

    def counting(self) -> CacheDelta:
        """Return a context manager that gives what is done to the cache in its block, and asks for nothing.

        ``with cache.counting() as delta:`` has ``delta.stats`` and ``delta.operations``.
        """
        cache: Any = self
        return CacheDelta(cache)


class CountingCaches:
    """The base of the caches of a scope, which can be counted in a block."""

    def counting(self) -> Delta:
        """Return a context manager that gives what is done to the caches in its block, and asks for nothing.

        ``with caches.counting() as delta:`` has ``delta.stats`` and ``delta.operations``, of all caches
        together, and ``delta["prices"]``, with the same of one.
        """
        caches: Any = self
        return Delta(caches)
