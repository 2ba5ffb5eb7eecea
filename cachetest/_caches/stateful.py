"""The part of a cache by which it is put in a state: its entries dropped, its counts forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .._recording.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence

__all__ = ["Stateful"]


class Stateful:
    """The base of `MockCache` that has these."""

    counts: Callable[[], tuple[int, int, int]]

    name: str
    cache: MutableMapping[Any, Any]
    unavailable: Mapping[str, str]
    library_counts: Callable[[], Stats] | None
    explainer: Any
    _refused: int

    def drop_entries(self, keys: Sequence[object] = ()) -> None:
        """Drop the entries of *keys*, or of more; all without keys. Nothing is logged."""
        drop = getattr(self.explainer, "drop_entries", None)
        if drop is None:
            self.cache.clear()
        else:
            drop(self, keys)

    def why_never_off(self) -> str:
        """Return why there is always an entry to be found, or nothing where that can be helped."""
        if self.library_counts is not None:
            return "it is only watched, since its library looks its entries up itself"
        why = self.unavailable.get("entries", "")
        return f"its entries can't be dropped: {why}" if why else ""

    def note_state(self, state: str, where: object) -> Callable[[], None]:
        """Have texts say that it was in a *state* from *where* on, until what is returned is called."""
        # Loaded here: few tests put a cache in one.
        from .._telling.facts import remember_state

        return remember_state(cast("Any", self), state, where)

    def forget_counts(self) -> None:
        """Have its counts begin anew; entries and operations stay."""
        puts, hits, misses = self.counts()
        own: Any = self
        own += Stats(-puts, -hits, -misses)
        self._refused -= own.num_refusal
