"""The parts of a key, of which a path, a set, the repr of an object, or a time is one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .key_parts import components, is_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from .key_parts import Part

__all__ = ["atoms_of"]

_LONGEST = 20_000
_MOST = 100
_ATOM = re.compile(
    r"""
    <[^<>]*\bat\ 0x[0-9a-fA-F]+>            # the repr of an object
    | (?:frozenset\()?\{[^{}]*\}\)?         # a set
    | \d{4}-\d\d-\d\d[T\ ]\d\d:\d\d[\d:.]*(?:[+-]\d\d:?\d\d|Z)?
    | (?<![\w./~-])/[\w.@+~-]+(?:/[\w.@+~-]+)+
    """,
    re.VERBOSE,
)
_BETWEEN = re.compile(r"[:/|,;&?\s]+")


def atoms_of(key: object, apart: Callable[[object], list[Part]]) -> list[Part]:
    """Return the parts of *key*, as *apart* takes it apart where that knows more than its text shows."""
    found = apart(key)
    if not is_text(key) or len(key) > _LONGEST or key[:1] in ("{", "[") or found != components(key):
        return found
    pieces: list[str] = []
    rest = 0
    for match in _ATOM.finditer(key):
        if len(pieces) > _MOST:
            break
        _add_words(pieces, key[rest : match.start()])
        # What stands right before an atom belongs to it: "sha=" or "v".
        if rest < match.start() and not _BETWEEN.match(key[match.start() - 1]):
            pieces[-1] += match.group()
        else:
            pieces.append(match.group())
        rest = match.end()
    _add_words(pieces, key[rest:])
    return [_named(n, piece) for n, piece in enumerate(pieces, 1)]


def _add_words(pieces: list[str], text: str) -> None:
    if pieces and text and not _BETWEEN.match(text):
        first, *words = _BETWEEN.split(text)
        pieces[-1] += first
    else:
        words = _BETWEEN.split(text)
    pieces += [word for word in words if word]


def _named(n: int, piece: str) -> tuple[str, object]:
    name, mark, value = piece.partition("=")
    return (name, value) if mark and name.isidentifier() else (f"part {n}", piece)
