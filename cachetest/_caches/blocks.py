"""What was done in a block inside a scope, which has caches of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    # To import it would make the chain of files longer than anybody can follow.
    MockCache = Any

__all__ = ["Block"]


class Block:
    """A block inside a scope, which has caches of its own: its *label*, and what was done in it."""

    __slots__ = ("_caches", "_names", "_used", "label")

    def __init__(self, label: object, caches: Mapping[str, MockCache]) -> None:
        self.label = label
        self._caches: Mapping[str, MockCache] | None = caches
        self._names: tuple[str, ...] = ()
        self._used: dict[str, int] = {}

    def close(self) -> None:
        """Keep how much was done, and let go of the caches with all that is in them."""
        self._names, self._used, self._caches = self.names(), self.used(), None

    def names(self) -> tuple[str, ...]:
        """Return the names of its caches."""
        return self._names if self._caches is None else tuple(self._caches)

    def used(self) -> dict[str, int]:
        """Return how many operations there were on each of its caches that was used."""
        if self._caches is None:
            return self._used
        found = {name: sum(cache.counts()) for name, cache in self._caches.items()}
        for name, cache in self._caches.items():
            # Beside puts, hits and misses there may have been deletes, say; or the counts may be a library's.
            found[name] = max(found[name], cache.operations.total)
        return {name: count for name, count in found.items() if count}
