"""Which key of one run is which of another, where the two are not the same any more."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from .._telling.comparison import differing, named
from .._telling.shortening import Shown
from .plain import part_of_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._telling.explanation import Difference
    from .reading import KeyUse

__all__ = ["Pair", "differences_of", "pairs"]

# So many keys are compared with each, of those that came at about the same place.
_COMPARED = 200
# So many parts are compared in all; to compare two texts takes as long as so many parts.
_PARTS = 5_000_000
_OF_TEXT = 250
_ALIKE = 0.6

NO_PARTS = "no parts of either key were recorded, so what made them differ is not known"
NO_PARTS_THEN = "of the key then no parts were recorded"
NO_PARTS_NOW = "of the key now no parts were recorded"
NOT_COVERED = "the keys differ, and each part that was recorded is the same: what differs is in none of them"


class Pair(NamedTuple):
    """The key that there was, and the one that there is in its place."""

    was: KeyUse
    now: KeyUse


def pairs(was: Sequence[KeyUse], now: Sequence[KeyUse]) -> list[Pair]:
    """Return which of *was* each of *now* is nearest to; each is in one pair at most, and some in none."""
    tokens = {id(each): _tokens(each) for each in (*was, *now)}
    longest = max((len(each) or _OF_TEXT for each in tokens.values()), default=0)
    most = max(5, min(_COMPARED, _PARTS // max(1, longest * len(now))))
    ranked = []
    for place, each in enumerate(now):
        # Programs run in much the same order: of very many keys the partner is near.
        at = place * len(was) // max(1, len(now))
        start = max(0, min(at - most // 2, len(was) - most))
        for n in range(start, min(len(was), start + most)):
            distance = _distance(was[n], each, tokens)
            if distance is not None:
                ranked.append((distance, abs(n - at), place, n))
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, place, n in sorted(ranked):
        if place not in found and n not in taken:
            found[place] = n
            taken.add(n)
    return [Pair(was[n], now[place]) for place, n in sorted(found.items())]


def _tokens(use: KeyUse) -> frozenset[tuple[str, object]]:
    parts = _named(use)
    return frozenset(
        (name, value if isinstance(value, Shown) else repr(value)) for name, value in parts.items()
    )


def _named(use: KeyUse) -> dict[str, object]:
    return named((str(name), part_of_data(value)) for name, value in use.parts or ())


def _distance(was: KeyUse, now: KeyUse, tokens: dict[int, frozenset[tuple[str, object]]]) -> float | None:
    """Return how far two keys are apart, from 0 to 1; None where they have too little in common."""
    one, other = tokens[id(was)], tokens[id(now)]
    if one and other:
        shared = len(one & other)
        return 1 - 2 * shared / (len(one) + len(other)) if shared else None
    # Where parts are known of one alone, as where of neither: two that are, or are not, go better together.
    apart = 1.0 if one or other else 0.0
    ratio = SequenceMatcher(None, was.text, now.text, autojunk=False).ratio()
    return apart + 1 - ratio if ratio >= _ALIKE else None


def differences_of(pair: Pair) -> list[Difference] | str:
    """Return the parts in which the keys of *pair* differ; where none can be told, a line that says why."""
    was, now = pair
    if not was.parts or not now.parts:
        if not was.parts and not now.parts:
            return NO_PARTS
        return NO_PARTS_NOW if was.parts else NO_PARTS_THEN
    return list(differing(_named(was), _named(now))) or NOT_COVERED
