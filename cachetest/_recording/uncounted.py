"""Operations that no test counts: kept until a test, or the end of the process, tells of them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .locks import make_lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .operation import Operation

__all__ = [
    "Uncounted",
    "UncountedOperation",
    "add_left_running",
    "add_uncounted",
    "forget_uncounted",
    "lines_left_running",
    "pending",
    "take_uncounted",
    "uncounted_left",
]


class TestScope(Protocol):
    """The scope of a test, as far as it matters here."""

    label: object

    def lineage(self) -> Sequence[TestScope]: ...


class UncountedOperation(NamedTuple):
    """An operation that is counted for no test.

    ``suspects`` are the scopes that were open and could have caused it. ``ended`` is the closed scope that
    did; None with no suspects means that no scope was open.
    """

    operation: Operation
    suspects: tuple[TestScope, ...]
    ended: TestScope | None


class Uncounted(NamedTuple):
    """The uncounted operations that came up by the end of a scope.

    ``unattributed`` could be its own; ``own_late`` are its own, from after it had closed;
    ``others_late`` are those of other scopes, or of none, and ``not_kept`` says how many there were beside.
    ``left_running`` are lines about what tests have left running.
    """

    unattributed: Sequence[UncountedOperation]
    own_late: Sequence[UncountedOperation]
    others_late: Sequence[UncountedOperation]
    not_kept: int
    left_running: Sequence[str] = ()


_lock = make_lock(5)

# Added by the operations themselves, so by appending only; take_uncounted() moves them to _waiting.
_incoming: deque[UncountedOperation] = deque()
_waiting: list[UncountedOperation] = []
# A thread that was left running may go on for long: past this many, they are only counted.
_KEPT = 10_000
_not_kept: list[None] = []
_left_running: deque[str] = deque()

pending = (_incoming, _waiting, _not_kept, _left_running)
"""All that is kept, for whoever only has to know whether there is any."""


def take_uncounted(scope: TestScope) -> Uncounted | None:
    """Return the uncounted operations that the end of *scope* has to tell of, each for the last time.

    None where there is none.

    An unattributed operation is told to every one of its suspects.
    """
    if not any(pending):
        return None
    unattributed, own_late, others_late = [], [], []
    with _lock:
        while _incoming:
            _waiting.append(_incoming.popleft())
        kept = []
        for each in _waiting:
            if each.suspects:
                if scope in each.suspects:
                    unattributed.append(each)
                left = tuple(other for other in each.suspects if other is not scope)
                if left:
                    kept.append(each._replace(suspects=left))
            elif each.ended is not None and scope in each.ended.lineage():
                own_late.append(each)
            else:
                others_late.append(each)
        _waiting[:] = kept
        not_kept = len(_not_kept)
        del _not_kept[:not_kept]
        running = list(_left_running)
        for _ in running:
            _left_running.popleft()
    if not (unattributed or own_late or others_late or not_kept or running):
        return None
    return Uncounted(unattributed, own_late, others_late, not_kept, running)


def add_uncounted(found: UncountedOperation) -> None:
    """Keep *found* until it is told of."""
    if found.suspects or len(_incoming) < _KEPT:
        _incoming.append(found)
    else:
        _not_kept.append(None)


def add_left_running(line: str) -> None:
    """Keep *line*, about something that a test has left running, until it is told."""
    _left_running.append(line)


def lines_left_running() -> list[str]:
    """Return the lines about what tests have left running that no test has told of yet."""
    return list(_left_running)


def uncounted_left() -> tuple[list[UncountedOperation], int]:
    """Return what no test has told of yet, and how many were not kept beside."""
    with _lock:
        return [*_waiting, *_incoming.copy()], len(_not_kept)


def forget_uncounted() -> None:
    """Forget all of it: it was told."""
    _incoming.clear()
    _waiting.clear()
    _not_kept.clear()
    _left_running.clear()
