"""The part of a cache by which it is put in a state: its entries dropped, its counts forgotten."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, cast

from .._recording.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence
    from contextlib import AbstractContextManager

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
        if not why and self.explainer is not None:
            ask: Callable[[Any], str] = getattr(self.explainer, "why_never_off", lambda _: "")
            why = ask(self)
        return f"its entries can't be dropped: {why}" if why else ""

    def verifying(
        self,
        *,
        equal: Callable[[Any, Any], object] = operator.eq,
        keys: str | Callable[[object], object] | None = None,
    ) -> AbstractContextManager[None]:
        """Return a context manager in which each value that is put is compared with that which it replaces.

        Every lookup misses, so that the program makes its values again. *equal* compares two of them, as the
        program would read them; *keys*, a glob or a function of a key, says whose. It fails at its end where
        one differs, and where none was compared. The cache is empty afterwards. Raises ``TypeError`` for a
        cache whose lookups can't be made to miss.
        """
        from .verifying import Verifying

        return Verifying(cast("Any", self), equal, keys)

    def values_of(self, key: object) -> dict[object, Any]:
        """Return the value of *key* as the program would read it, by the place that it is in."""
        places_of = getattr(self.cache, "places_of", None)
        if places_of is None:
            try:
                return {None: self.cache[key]}
            except (KeyError, TypeError):
                return {}
        decoder_of = getattr(self.cache, "decoder_of", None)
        found: dict[object, Any] = dict(places_of(key))
        if decoder_of is not None:
            for place, raw in found.items():
                decode = decoder_of(place, key)
                found[place] = raw if decode is None else decode(raw)
        return found

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
