"""Whether an answer that a program has given was changed since."""

from __future__ import annotations

import copy
from typing import Any

from .answer_parts import PLAIN, held_by, is_array
from .answers import CONTAINERS, NotComparableError, difference

__all__ = ["Held"]


class Held:
    """What an answer holds at one moment, all the way down: so it can be told whether it has been changed."""

    def __init__(self, answer: Any) -> None:
        self._held: list[tuple[Any, list[Any]]] = []
        self._arrays: list[tuple[Any, Any]] = []
        pending, seen = [answer], set()
        while pending:
            each = pending.pop()
            if type(each) in PLAIN or id(each) in seen:
                continue
            seen.add(id(each))
            if type(each) not in CONTAINERS and is_array(each):
                self._arrays.append((each, _copy(each)))
            parts = held_by(each)
            if parts is not None:
                # That of an empty list as well: it may be filled.
                self._held.append((each, parts))
                pending += [part for part in parts if type(part) not in PLAIN]

    def is_changed(self) -> bool:
        """Return whether anything in it is no longer what it was; what is equal may have replaced it."""
        for each, parts in self._held:
            now = held_by(each) or []
            if len(now) != len(parts) or any(map(_is_another, now, parts)):
                return True
        return any(map(_is_another, *zip(*self._arrays, strict=True))) if self._arrays else False


def _is_another(one: Any, other: Any) -> bool:
    try:
        return one is not other and difference(one, other) is not None
    except NotComparableError:
        # Two objects of identity are two. Of arrays of one form it can't be told, and equal= compares these.
        return not is_array(one)


def _copy(array: Any) -> Any:
    return array.detach().clone() if hasattr(array, "detach") else copy.copy(array)
