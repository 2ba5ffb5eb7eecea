"""The parts of a text that are others in each run: they are numbered in the order that they are seen in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["ALWAYS", "Numbering", "is_volatile"]

_UUID = r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
ALWAYS = (re.compile(r"\bat (0x[0-9a-fA-F]+)"), re.compile(_UUID))
"""The patterns of addresses, as a ``repr`` has them, and of uuids. A hash is not guessed to be one."""


def is_volatile(text: str) -> bool:
    """Return whether *text* has an address or a uuid in it."""
    return any(pattern.search(text) for pattern in ALWAYS)


class Numbering:
    """The numbers that parts of texts get: equal parts the same one, others another."""

    def __init__(self, patterns: Iterable[re.Pattern[str]] = (), known: dict[str, int] | None = None) -> None:
        """Have what *patterns* match numbered: their groups, or all of it where they have none."""
        self._patterns = (*ALWAYS, *patterns)
        self._known = {} if known is None else dict(known)

    def numbered(self, text: str) -> str:
        """Return *text* with ``<1>`` in place of a part, a number for each that is not known yet."""
        return self._replaced(text, is_blank=False)

    def blank(self, text: str) -> str:
        """Return *text* with ``<>`` in place of each part, whatever it is."""
        return self._replaced(text, is_blank=True)

    def peek(self, texts: Sequence[str]) -> list[str]:
        """Return *texts* as they would be numbered now, one after the other."""
        other = Numbering(self._patterns[len(ALWAYS) :], self._known)
        return [other.numbered(text) for text in texts]

    def _replaced(self, text: str, *, is_blank: bool) -> str:
        parts, end = [], 0
        for start, stop in self._spans(text):
            number = "" if is_blank else self._known.setdefault(text[start:stop], len(self._known) + 1)
            parts.append(f"{text[end:start]}<{number}>")
            end = stop
        return "".join(parts) + text[end:]

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the parts are, of those that overlap the first and longest."""
        found = []
        for pattern in self._patterns:
            groups = range(1, pattern.groups + 1) or (0,)
            found += [match.span(group) for match in pattern.finditer(text) for group in groups]
        end = 0
        for start, stop in sorted(found, key=lambda span: (span[0], -span[1])):
            # A group that took no part is at -1.
            if end <= start < stop:
                yield start, stop
                end = stop
