"""Which line of the program an operation came from."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import CodeType, FrameType

__all__ = ["NO_LIBRARIES", "Location", "caller_outside", "frame_outside", "is_outside", "location"]

# Code that a library has generated, as torch does for a backward, may have no module name at all.
_NEVER_THE_CALLER = sys.stdlib_module_names | {__name__.partition(".")[0], ""}


class Location(NamedTuple):
    """A line of source: file name, line number (from 1), and the function it is in."""

    filename: str
    lineno: int
    function: str

    def __str__(self) -> str:
        path = self.filename
        try:
            relative = os.path.relpath(path)
        except (ValueError, OSError):  # another drive, or a working directory that is gone
            relative = path
        if not relative.startswith(os.pardir):
            path = relative
        return f"{path}:{self.lineno} in {self.function}"


class _Names(dict[str, bool]):
    """Whether a module, by its name, is outside what is never the caller.

    It remembers each name, because it is asked for every frame of every operation.
    """

    def __init__(self, libraries: frozenset[str]) -> None:
        self._inside = _NEVER_THE_CALLER | libraries

    def __missing__(self, module: str) -> bool:
        self[module] = found = module.partition(".")[0] not in self._inside
        return found


NO_LIBRARIES: frozenset[str] = frozenset()

_outside = {NO_LIBRARIES: _Names(NO_LIBRARIES)}


def frame_outside(first: FrameType, libraries: frozenset[str] = NO_LIBRARIES) -> FrameType:
    """Return the innermost frame from *first* on outside cachetest, the standard library and *libraries*.

    *libraries* are top-level package names. Where everything is inside (a thread whose target is the
    library's own, say) it is the innermost frame outside cachetest.
    """
    outside = _outside.get(libraries) or _outside.setdefault(libraries, _Names(libraries))
    frame: FrameType | None = first
    fallback = None
    while frame is not None:
        name = _module_of(frame)
        if outside[name]:
            return frame
        if fallback is None and name.partition(".")[0] != "cachetest":
            fallback = frame
        frame = frame.f_back
    return fallback or first


def is_outside(frame: FrameType) -> bool:
    """Return whether *frame* is outside cachetest and the standard library."""
    return _outside[NO_LIBRARIES][_module_of(frame)]


def _module_of(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


def caller_outside(libraries: frozenset[str] = NO_LIBRARIES) -> Location:
    """Return the calling line that is in `frame_outside`."""
    found = frame_outside(sys._getframe(1), libraries)
    return Location(found.f_code.co_filename, found.f_lineno, found.f_code.co_name)


def location(code: CodeType, instruction: int) -> Location:
    """Return the line of *code* that the *instruction* at this offset is of."""
    lines = (line for start, end, line in code.co_lines() if start <= instruction < end)
    return Location(code.co_filename, next(lines, None) or code.co_firstlineno, code.co_name)
