"""Texts that differ in a hash alone, which says nothing about what went into it."""

from __future__ import annotations

import re

from .formatting import shared_ends, short_middle
from .key_parts import is_text

__all__ = ["changed_hash"]

_HEX = re.compile(r"(?=.*[a-fA-F])(?:[0-9a-f]{32,128}|[0-9A-F]{32,128})")
_BASE32 = re.compile(r"(?=.*[2-7])[a-z2-7]{48,64}")
_UUID = re.compile(r"[0-9a-fA-F]{12}[147][0-9a-fA-F]{3}[89abAB][0-9a-fA-F]{15}")
_NO_WORD = re.compile(r"[^0-9A-Za-z]")
# What is longer has more in it than a hash.
_LONGEST = 1_000


def changed_hash(was: object, now: object) -> str | None:
    """Return what is to be said of two texts that differ in a hash, and None of any others."""
    if not (is_text(was) and is_text(now)) or max(len(was), len(now)) > _LONGEST:
        return None
    start, end = shared_ends(was, now)
    # Hashes may begin or end alike, so they are looked for from the beginning of a word to the end of one.
    before = [match.end() for match in _NO_WORD.finditer(was, 0, start)]
    after = _NO_WORD.search(was, len(was) - end) if end else None
    start, end = before[-1] if before else 0, len(was) - after.start() if after else 0
    if not _are_hashes(was[start : len(was) - end], now[start : len(now) - end]):
        return None
    told = f" after {short_middle(was[:start])!r}" if start else ""
    return f"a hash{told}, and what went into it can't be told from it"


def _are_hashes(one: str, other: str) -> bool:
    if len(one) != len(other) or sum(shared_ends(one, other)) > len(one) // 4:
        # Hashes differ everywhere. Padded numbers don't.
        return False
    if _UUID.fullmatch(one) and _UUID.fullmatch(other):
        return False
    return any(form.fullmatch(one) and form.fullmatch(other) for form in (_HEX, _BASE32))
