"""Blocks that an interrupt has kept from being left: the next scope that opens closes them.

Python lets a signal handler raise on the way into ``__exit__``, before its first line. Nobody calls it again.
"""

from __future__ import annotations

import dis
import sys
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from threading import get_ident
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .._recording.thread_frames import thread_frames

if TYPE_CHECKING:
    from types import CodeType, FrameType
    from weakref import ref

    class Session(Protocol):
        """As much of a session as is needed here."""

        def close(self) -> object: ...


__all__ = ["Entered", "block_of", "blocks", "close_left", "entered"]

_SUSPENDED = CO_ASYNC_GENERATOR | CO_COROUTINE | CO_GENERATOR


class Entered(NamedTuple):
    """What a session is open by: *manager*, entered on *thread*.

    Where a ``with`` statement has entered it, *frame* is the frame of that, and *block* what it encloses.
    """

    manager: ref[Any]
    frame: FrameType | None
    block: range
    thread: int
    greenlet: object

    def is_left_open(self) -> bool:
        """Return whether whoever had to leave it can't any more. Where that is not known it is not."""
        if self.manager() is None:
            return True
        if self.frame is None:
            return False
        module: Any = sys.modules.get("greenlet")
        current = None if module is None else module.getcurrent()
        # None was that of its thread, before there were any.
        is_root = self.greenlet is None and (current is None or current.parent is None)
        if self.greenlet is not current and not is_root:
            # It is in no stack while another runs.
            return bool(getattr(self.greenlet, "dead", False))
        if self.thread != get_ident():
            running = thread_frames()
            # Where the ids are not those of threads, nobody can tell.
            return get_ident() in running and self.thread not in running
        caller: FrameType | None = sys._getframe(1)
        while caller is not None and caller is not self.frame:
            caller = caller.f_back
        return caller is None or caller.f_lasti not in self.block


entered: dict[Session, Entered] = {}
"""Of the sessions that have not been left."""

blocks: dict[tuple[int, int], tuple[CodeType, range]] = {}
"""What `block_of` has found, by the id of the code and the offset: a hash of the code takes long."""


def block_of(code: CodeType, at: int) -> tuple[CodeType, range]:
    """Return *code*, and the offsets of the block that a ``with`` of it enters at *at*, if one does."""
    found = blocks[id(code), at] = code, _find_block(code, at)
    return found


def _find_block(code: CodeType, at: int) -> range:
    """Return the offsets of the block that a ``with`` statement of *code* enters at *at*; none if none does.

    The range may be longer than the block, and is never shorter.
    """
    after = [one for one in dis.get_instructions(code) if one.offset >= at]
    # What is suspended is in no stack, and has not ended.
    if len(after) < 2 or code.co_flags & _SUSPENDED:
        return _NONE
    start = after[1].offset
    if after[0].opname == "SETUP_WITH":
        return range(start, after[0].argval)
    if after[0].opname != "BEFORE_WITH":
        return _NONE
    entries = dis.Bytecode(code).exception_entries  # type: ignore[attr-defined]
    handlers = [each.target for each in entries if each.start <= start < each.end]
    return range(start, max((each.end for each in entries if each.target in handlers), default=start))


_NONE = range(0)


def close_left() -> None:
    """Close the sessions of blocks that were interrupted on the way out of them, the last one first."""
    for session, each in reversed(tuple(entered.items())):
        if each.is_left_open():
            session.close()
            entered.pop(session, None)
