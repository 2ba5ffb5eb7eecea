"""Operations that are counted for no test: kept until a test, or the end of the process, has told of them."""

from __future__ import annotations

import atexit
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .operations import Operation
    from .scope import Scope

__all__ = ["NOTHING", "Findings", "Stray", "describe_strays", "find_strays", "note", "strays_left"]


class Stray(NamedTuple):
    """An operation that is counted for no test.

    ``suspects`` are the scopes that were open and could have caused it. ``ended`` is the closed scope that
    did; None with no suspects means that no scope was open.
    """

    operation: Operation
    suspects: tuple[Scope, ...]
    ended: Scope | None

    def describe(self) -> str:
        """Return what it was in one line."""
        # Loaded here: where all is well there is none.
        from .texts import shorten

        kind, cache, key, thread, where = self.operation
        text = f"{kind} on {cache!r}, key {shorten(key)}, by thread {thread}, at {where}"
        if self.suspects:
            return f"unattributed: {text}"
        if self.ended is not None:
            return f"late: {text}, for {self.ended.label}, which had ended"
        return f"late: {text}, while no test was running"


class Findings(NamedTuple):
    """The strays that came up by the end of a scope.

    ``unattributed`` could be its own; ``own_late`` are its own, from after it had closed;
    ``others_late`` are those of other scopes, or of none, and ``not_kept`` says how many there were beside.
    """

    unattributed: Sequence[Stray] = ()
    own_late: Sequence[Stray] = ()
    others_late: Sequence[Stray] = ()
    not_kept: int = 0


NOTHING = Findings()


_lock = threading.RLock()

# Noted by the operations themselves, so by appending only; find_strays() moves them to _strays.
_incoming: deque[Stray] = deque()
_strays: list[Stray] = []
# A thread that was left running may go on for long: past this many, they are only counted.
_KEPT = 10_000
_SHOWN = 20
_not_kept: list[None] = []
_registered = False


def find_strays(scope: Scope) -> Findings:
    """Return the strays that the end of *scope* has to tell of, each for the last time.

    An unattributed operation is told to every one of its suspects.
    """
    if not _incoming and not _strays and not _not_kept:
        return NOTHING
    unattributed, own_late, others_late = [], [], []
    with _lock:
        while _incoming:
            _strays.append(_incoming.popleft())
        kept = []
        for stray in _strays:
            if stray.suspects:
                if scope in stray.suspects:
                    unattributed.append(stray)
                left = tuple(each for each in stray.suspects if each is not scope)
                if left:
                    kept.append(stray._replace(suspects=left))
            elif stray.ended is not None and scope in stray.ended.lineage():
                own_late.append(stray)
            else:
                others_late.append(stray)
        _strays[:] = kept
        not_kept = len(_not_kept)
        del _not_kept[:not_kept]
    return Findings(unattributed, own_late, others_late, not_kept)


def note(stray: Stray) -> None:
    """Keep *stray* until it is told of."""
    global _registered
    if stray.suspects or len(_incoming) < _KEPT:
        _incoming.append(stray)
    else:
        _not_kept.append(None)
    if not stray.suspects and not _registered:
        # Where no test comes after, that is the last chance to name it. Registering twice is harmless: the
        # first to run leaves nothing to say.
        _registered = True
        atexit.register(_say_what_is_left)


def strays_left() -> list[str]:
    """Return a heading and a line for each stray that no test has told of yet; nothing if there is none."""
    with _lock:
        strays = [*_strays, *_incoming.copy()]
    if not strays and not _not_kept:
        return []
    lines = describe_strays(strays, len(_not_kept))
    return ["Stray operations, counted for no test:", *(f"  {line}" for line in lines)]


def describe_strays(strays: Sequence[Stray], not_kept: int = 0) -> list[str]:
    """Return a line for each stray operation, the first ones if there are very many.

    *not_kept* says how many there were beside *strays*.
    """
    lines = [stray.describe() for stray in strays[:_SHOWN]]
    more = len(strays) - len(lines) + not_kept
    if more:
        lines.append(f"({more} more stray operations)")
    return lines


def _say_what_is_left() -> None:
    if lines := strays_left():
        print("\n".join(["cachetest: no test was left to tell of this.", *lines]), file=sys.stderr)
        _incoming.clear()
        _strays.clear()
        _not_kept.clear()
