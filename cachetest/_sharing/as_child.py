"""What the parent does as one of its children: in the scope of that, and with its thread and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._caches.scope import mark, spawned_by
from .._recording.call_sites import this_thread
from .._recording.makers import SavedFrame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType

    from .._caches.scope import Scope
    from .._caches.threads import ThreadOrTask
    from .._recording.call_sites import ProcessThread
    from .links import At

__all__ = ["ChildFrame", "act_as", "frame_at"]


class ChildFrame(SavedFrame):
    """Stands for the frame of a child that asked for something: all that is told of it is its line."""

    __slots__ = ()
    # Where the walk to a caller begins with it, it ends with it.
    f_back = None


_CODE: CodeType = (lambda: None).__code__
_frames: dict[At, ChildFrame] = {}


def frame_at(at: At) -> ChildFrame:
    """Return what stands for the line *at* of a child: the same for the same line."""
    found = _frames.get(at)
    if found is None:
        filename, line, function, module = at
        code = _CODE.replace(co_filename=filename, co_firstlineno=max(line, 1), co_name=function)
        # No instruction of it is at -1, so that its line is the first one.
        found = _frames.setdefault(at, ChildFrame(code, -1, module))
    return found


def act_as(
    scope: Scope | None,
    spawner: ThreadOrTask | None,
    thread: ProcessThread,
    frame: ChildFrame,
    do: Callable[..., Any],
    args: Sequence[Any],
) -> Any:
    """Return what *do* returns for *args*, done as *thread* of a child of *scope* at the line of *frame*."""
    # To be read from this frame, by `_recording.makers`: calls that give no frame find the child's line.
    _made_by = (frame,)
    # To look is cheaper than to set, and mostly the same child goes on. Nothing is set back: the thread does
    # nothing else, and what it holds is held by the child that is known.
    if mark.get() is not scope:
        mark.set(scope)
    if spawned_by.get() is not spawner:
        spawned_by.set(spawner)
    this_thread.name = thread
    return do(*args)
