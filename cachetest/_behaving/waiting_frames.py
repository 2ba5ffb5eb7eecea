"""Which threads wait for others, as far as the lines that they are in tell.

It is for systems that do not tell what a thread does: a line that calls ``acquire``, ``wait`` or ``result``,
or enters a ``with``, and that a thread stays in, waits.
"""

from __future__ import annotations

import dis
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import CodeType, FrameType

__all__ = ["waiting_places"]

_NAMES = frozenset({"acquire", "wait", "result", "get", "join", "__enter__", "exception", "put", "lock"})
_ENTERS = frozenset({"SETUP_WITH", "BEFORE_WITH", "SETUP_ASYNC_WITH", "LOAD_SPECIAL"})
_LOADS = frozenset({"LOAD_METHOD", "LOAD_ATTR", "LOAD_NAME", "LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF"})
_START = threading.Thread.start.__code__

_known: dict[tuple[CodeType, int], bool] = {}


def waiting_places(but: Collection[int]) -> Mapping[int, tuple[int, int] | None]:
    """Return where each thread waits for another, by its ident; None for one that does not.

    Those in *but* are left out. Two places are equal where it is the same frame at the same instruction.
    """
    frames = sys._current_frames()
    try:
        return {
            thread: (id(frame), frame.f_lasti) if _waits(frame) else None
            for thread, frame in frames.items()
            if thread not in but
        }
    finally:
        # Frames keep what is in them.
        frames.clear()


def _waits(frame: FrameType) -> bool:
    outer: FrameType | None = frame
    while outer is not None:
        if outer.f_code is _START:
            # The thread that it waits for may not have been seen yet.
            return False
        outer = outer.f_back
    at = frame.f_code, frame.f_lasti
    found = _known.get(at)
    if found is None:
        found = _known[at] = _is_wait(*at)
    return found


def _is_wait(code: CodeType, at: int) -> bool:
    called = ""
    for instruction in dis.get_instructions(code):
        if instruction.opname in _LOADS and isinstance(instruction.argval, str):
            called = instruction.argval if instruction.argval in _NAMES else called
        if instruction.offset >= at:
            is_call = instruction.opname.startswith(("CALL", "PRECALL"))
            return instruction.opname in _ENTERS or (is_call and called in _NAMES)
        if instruction.opname.startswith(("STORE", "POP_TOP", "RETURN")):
            called = ""
    return False
