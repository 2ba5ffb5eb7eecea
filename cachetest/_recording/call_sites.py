"""The line of the program that an operation came from, and the thread it ran on."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import CodeType, FrameType

__all__ = [
    "NO_LIBRARIES",
    "CallSite",
    "Location",
    "calling_frame",
    "calling_location",
    "is_outside",
    "location_of",
    "this_thread",
]

# Code that a library generates, as torch does for a backward, may have no module name at all.
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


class _Inside(dict[str, bool]):
    """A dict that tells of each module name whether it is never the caller, and works each out once.

    It is asked for every frame of every operation, so it has to be a plain lookup.
    """

    def __init__(self, libraries: frozenset[str]) -> None:
        self._packages = _NEVER_THE_CALLER | libraries

    def __missing__(self, module: str) -> bool:
        self[module] = inside = module.partition(".")[0] in self._packages
        return inside


NO_LIBRARIES: frozenset[str] = frozenset()

_inside = {NO_LIBRARIES: _Inside(NO_LIBRARIES)}


def calling_frame(first: FrameType, libraries: frozenset[str] = NO_LIBRARIES) -> FrameType:
    """Return the innermost frame from *first* on outside cachetest, the standard library and *libraries*.

    *libraries* are top-level package names. Where everything is inside (a thread whose target is the
    library's own, say) it is the innermost frame outside cachetest.
    """
    inside = _inside.get(libraries) or _inside.setdefault(libraries, _Inside(libraries))
    frame = first
    try:
        while inside[frame.f_globals["__name__"]]:
            frame = frame.f_back  # type: ignore[assignment]
        return frame
    except (AttributeError, KeyError, TypeError):
        # The end of the stack, or globals without a name that is a string.
        return _search(first, inside)


def _search(first: FrameType, inside: _Inside) -> FrameType:
    """Return what `calling_frame` does, where a module has no name or everything is inside."""
    frame: FrameType | None = first
    fallback = None
    while frame is not None:
        name = _module_of(frame)
        if not inside[name]:
            return frame
        if fallback is None and name.partition(".")[0] != "cachetest":
            fallback = frame
        frame = frame.f_back
    return fallback or first


def is_outside(frame: FrameType) -> bool:
    """Return whether *frame* is outside cachetest and the standard library."""
    return not _inside[NO_LIBRARIES][_module_of(frame)]


def _module_of(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


def calling_location(libraries: frozenset[str] = NO_LIBRARIES) -> Location:
    """Return the line that `calling_frame` finds from where this is called."""
    found = calling_frame(sys._getframe(1), libraries)
    return Location(found.f_code.co_filename, found.f_lineno, found.f_code.co_name)


def location_of(code: CodeType, instruction: int) -> Location:
    """Return the line of *code* that holds the *instruction* at this offset."""
    lines = (line for start, end, line in code.co_lines() if start <= instruction < end)
    return Location(code.co_filename, next(lines, None) or code.co_firstlineno, code.co_name)


class CallSite:
    """The line outside cachetest and the standard library that *frame* is in, or was called from.

    It is worked out when it is written: a scope is opened for every test, and few have anything to say.
    """

    def __init__(self, frame: FrameType) -> None:
        found = frame if is_outside(frame) else calling_frame(frame)
        self._at = found.f_code, found.f_lasti

    def __str__(self) -> str:
        return str(location_of(*self._at))


class _ThisThread(threading.local):
    """The name of the thread that reads it: twice as fast as asking `threading` each time."""

    def __init__(self) -> None:
        self.name = threading.current_thread().name


this_thread = _ThisThread()
