"""Operations that are counted for no test: kept until a test, or the end of the process, has told of them."""

from __future__ import annotations

import atexit
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from .report import shorten

if TYPE_CHECKING:
    from .operations import Operation
    from .scope import Scope

__all__ = ["Findings", "Stray", "find_strays", "note", "strays_left"]


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
    ``others_late`` are those of other scopes, or of none.
    """

    unattributed: list[Stray]
    own_late: list[Stray]
    others_late: list[Stray]


_lock = threading.RLock()

# Noted by the operations themselves, so by appending only; find_strays() moves them to _strays.
_incoming: deque[Stray] = deque()
_strays: list[Stray] = []


def find_strays(scope: Scope) -> Findings:
    """Return the strays that the end of *scope* has to tell of, each for the last time.

    An unattributed operation is told to every one of its suspects.
    """
    findings = Findings([], [], [])
    with _lock:
        while _incoming:
            _strays.append(_incoming.popleft())
        kept = []
        for stray in _strays:
            if stray.suspects:
                if scope in stray.suspects:
                    findings.unattributed.append(stray)
                left = tuple(each for each in stray.suspects if each is not scope)
                if left:
                    kept.append(stray._replace(suspects=left))
            elif stray.ended is not None and scope in stray.ended.lineage():
                findings.own_late.append(stray)
            else:
                findings.others_late.append(stray)
        _strays[:] = kept
    return findings


def note(stray: Stray) -> None:
    """Keep *stray* until it is told of."""
    _incoming.append(stray)
    if not stray.suspects:
        # Where no test comes after, this is the last chance to name it. Registering twice is harmless:
        # the first to run leaves nothing to say.
        atexit.register(_say_what_is_left)


def strays_left() -> list[str]:
    """Return a heading and a line for each stray that no test has told of yet; nothing if there is none."""
    with _lock:
        strays = [*_strays, *_incoming.copy()]
    if not strays:
        return []
    return ["Stray operations, counted for no test:", *(f"  {stray.describe()}" for stray in strays)]


def _say_what_is_left() -> None:
    if lines := strays_left():
        print("\n".join(["cachetest: no test was left to tell of this.", *lines]), file=sys.stderr)
        _incoming.clear()
        _strays.clear()
