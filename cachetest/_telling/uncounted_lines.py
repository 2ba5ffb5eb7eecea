"""The lines that tell of operations that no test counted."""

from __future__ import annotations

import atexit
import sys
from typing import TYPE_CHECKING

from .._recording.operation import place_of
from .._recording.uncounted import forget_uncounted, lines_left_running, uncounted_left
from .formatting import short_repr

if TYPE_CHECKING:
    from collections.abc import Sequence

from .._recording.uncounted import UncountedOperation

__all__ = ["describe_uncounted", "left_lines", "tell_at_exit"]

_SHOWN = 20
_registered = False


def describe_uncounted(found: Sequence[UncountedOperation], not_kept: int = 0) -> list[str]:
    """Return a line for each operation, the first ones if there are very many.

    *not_kept* says how many there were beside *found*.
    """
    lines = [_describe(each) for each in found[:_SHOWN]]
    more = len(found) - len(lines) + not_kept
    if more:
        lines.append(f"({more} more stray operations)")
    return lines


def _describe(found: UncountedOperation) -> str:
    operation = found.operation
    of = f" of {operation.process_name}" if operation.process_name else ""
    text = (
        f"{operation.kind} on {operation.cache!r}, key {short_repr(operation.key)}, "
        f"by thread {operation.thread}{of}, {place_of(operation)}"
    )
    if found.suspects:
        return f"unattributed: {text}"
    if found.ended is not None:
        return f"late: {text}, for {found.ended.label}, which had ended"
    return f"late: {text}, while no test was running"


def left_lines() -> list[str]:
    """Return a heading and a line for each operation that no test has told of yet, if there is any."""
    found, not_kept = uncounted_left()
    lines = []
    if found or not_kept:
        lines = ["Stray operations, counted for no test:"]
        lines += [f"  {line}" for line in describe_uncounted(found, not_kept)]
    running = lines_left_running()
    return [*lines, "Left running by tests:", *(f"  {line}" for line in running)] if running else lines


def tell_at_exit() -> None:
    """Have the end of the process tell of what is left: no test may come after."""
    global _registered
    if not _registered:
        # Registering twice is harmless: the first to run leaves nothing to say.
        _registered = True
        atexit.register(_tell_what_is_left)


def _tell_what_is_left() -> None:
    if lines := left_lines():
        print("\n".join(["cachetest: no test was left to tell of this.", *lines]), file=sys.stderr)
        forget_uncounted()
