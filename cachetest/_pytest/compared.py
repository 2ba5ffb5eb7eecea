"""Why a comparison of a cache, or of one of its counts, has failed: told as a test case tells it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from .._assertions.equal import COUNTS, counts_differ, counts_of
from .._caches.cache import MockCache
from .._recording.bounds import at_least, at_most

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["explain"]

# The calls of pytest and pluggy between an assert statement and the hook.
_FRAMES = 20
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_WORDS = {name: word for word, name in COUNTS.items()}


def explain(op: str, left: object, right: object) -> list[str] | None:
    """Return the lines that tell why ``left op right`` is not so; None where that is not about a cache."""
    if isinstance(left, int) and isinstance(right, int):
        return _explain_count(op, left, right)
    cache, stats = (left, right) if isinstance(left, MockCache) else (right, left)
    if op != "==" or not isinstance(cache, MockCache) or isinstance(stats, MockCache):
        return None
    expected = counts_of(stats)
    return None if expected is None else counts_differ(cache, expected).split("\n")


def _explain_count(op: str, left: int, right: int) -> list[str] | None:
    frame = _frame_of_assert()
    if frame is None:
        return None
    # pytest keeps there what the parts of the expression have come to.
    parts = [each for name, each in frame.f_locals.items() if name.startswith("@py_assert")]
    found = [each for each in parts if isinstance(each, MockCache)]
    if len(found) != 1:
        return None
    cache, names = found[0], set(re.findall(r"\.(num_\w+)\b", _statement(frame)))
    if len(names) != 1 or (name := names.pop()) not in _WORDS:
        return None
    count = getattr(cache, name)
    if count == left:
        expected = _expected(op, right)
    elif count == right:
        expected = _expected(_FLIPPED.get(op, op), left)
    else:
        return None
    return None if expected is None else counts_differ(cache, {_WORDS[name]: expected}).split("\n")


def _expected(op: str, count: int) -> Any:
    """Return the count, or the bound, that a count is ``op count`` of; None where there is none."""
    if op == "==":
        return count if count >= 0 else None
    if op in ("<", "<="):
        most = count - (op == "<")
        return at_most(most) if most >= 0 else None
    if op in (">", ">="):
        least = count + (op == ">")
        return at_least(least) if least > 0 else None
    return None


def _frame_of_assert() -> FrameType | None:
    frame: FrameType | None = sys._getframe(2)
    for _ in range(_FRAMES):
        if frame is None or any(name.startswith("@py_assert") for name in frame.f_code.co_varnames):
            return frame
        frame = frame.f_back
    return None


def _statement(frame: FrameType) -> str:
    from _pytest._code import Frame

    try:
        return str(Frame(frame).statement)
    except Exception:
        # The source is gone, or is not what was run: pytest tells what it knows.
        return ""
