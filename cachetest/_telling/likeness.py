"""Which of many keys are the likest to one."""

from __future__ import annotations

from array import array
from heapq import nlargest
from typing import TYPE_CHECKING

from .._recording.sameness import identity, same, same_key
from .formatting import first_of, shared_ends
from .shortening import short_repr, text_to_compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["CANDIDATES", "closest_keys", "hashes_of", "identity", "likest", "same", "same_key"]

CANDIDATES = 10_000
"""So many keys are compared at most."""

# Of keys that differ in as many parts, so many are compared character by character.
_COMPARED_CLOSELY = 50


def closest_keys(wanted: object, keys: Iterable[object], count: int) -> list[object]:
    """Return up to *count* of *keys*, the likest to *wanted* first; the first 10,000 are compared."""
    found = first_of(keys, CANDIDATES)
    order = likest(short_repr(wanted), found, count)
    return [found[n] for n in order]


def hashes_of(parts: Mapping[str, object]) -> array[int] | None:
    """Return a hash of each part, or None where a part has none."""
    try:
        return array("q", [hash((name, type(value), value)) for name, value in parts.items()])
    except Exception:
        return None


def likest(wanted: str, keys: Sequence[object], count: int = 1) -> list[int]:
    """Return the positions of the *count* of *keys* that look likest to *wanted*, the likest first."""
    if len(keys) <= 1:
        return [0][: len(keys)]
    # Loaded here: only a failure needs it.
    import difflib

    texts: dict[int, str] = {}
    # The newest first: of keys that take long to write, the older ones are passed over.
    for n in range(len(keys) - 1, -1, -1):
        text = text_to_compare(keys[n])
        if text is not None:
            texts[n] = text

    def roughly(n: int) -> int:
        return sum(shared_ends(wanted, texts[n]))

    def closely(n: int) -> tuple[float, int]:
        ratio = difflib.SequenceMatcher(None, wanted, texts[n]).ratio()
        # Of equally like ones the newest, which is what the program did last.
        return ratio, n

    first = nlargest(_COMPARED_CLOSELY, sorted(texts), key=roughly)
    return nlargest(count, first, key=closely) or [len(keys) - 1]
