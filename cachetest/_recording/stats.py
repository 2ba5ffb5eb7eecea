"""The three counts of a cache."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Stats"]


@dataclass(eq=False)
class Stats:
    """How often a cache was written to, and how often a lookup found what it looked for.

    ``num_put`` counts values written, overwrites included. ``num_get_hit`` and ``num_get_miss``
    count lookups that found a live value, and that did not. The positional order is that of
    ``torch._inductor.mock_cache.Stats``.
    """

    num_put: int = 0
    num_get_hit: int = 0
    num_get_miss: int = 0

    @property
    def num_get(self) -> int:
        """All lookups: hits and misses."""
        return self.num_get_hit + self.num_get_miss

    @property
    def hit_ratio(self) -> float | None:
        """Hits per lookup, from 0.0 to 1.0; None when there was no lookup.

        An idle cache has no ratio: "never consulted" is usually the bug, and must not pass for
        "always hit".
        """
        return self.num_get_hit / self.num_get if self.num_get else None

    def reset(self) -> None:
        """Set the three counts to zero."""
        self.num_put = 0
        self.num_get_hit = 0
        self.num_get_miss = 0

    def counts(self) -> tuple[int, int, int]:
        """Return puts, hits and misses, in the positional order of the class."""
        return self.num_put, self.num_get_hit, self.num_get_miss

    def __iadd__(self, other: Stats) -> Self:
        if not isinstance(other, Stats):
            return NotImplemented
        put, hit, miss = other.counts()
        self.num_put += put
        self.num_get_hit += hit
        self.num_get_miss += miss
        return self

    def __add__(self, other: Stats) -> Stats:
        if not isinstance(other, Stats):
            return NotImplemented
        return Stats(*(a + b for a, b in zip(self.counts(), other.counts(), strict=True)))

    def __sub__(self, other: Stats) -> Stats:
        """Return what happened between *other* and now.

        Raises ``ValueError`` when a count went down in between, as after a ``reset()``.
        """
        if not isinstance(other, Stats):
            return NotImplemented
        for field, now, before in zip(fields(Stats), self.counts(), other.counts(), strict=True):
            if now < before:
                raise ValueError(f"{field.name} went down, from {before} to {now}")
        return Stats(*(a - b for a, b in zip(self.counts(), other.counts(), strict=True)))

    def __eq__(self, other: object) -> bool:
        # Not the dataclass's own, which is False for a subclass: a MockCache is compared with Stats. Nor by
        # class at all: torch's own Stats has the same three counts.
        if isinstance(other, Stats):
            return self.counts() == other.counts()
        try:
            return self.counts() == (other.num_put, other.num_get_hit, other.num_get_miss)  # type: ignore[attr-defined]
        except AttributeError:
            return False

    # Counts change, so a hash of them would go stale inside a set.
    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"puts: {self.num_put}, misses: {self.num_get_miss}, hits: {self.num_get_hit}"
