"""The lines of source that operations come from."""

from __future__ import annotations

from contextlib import suppress

# Not as `os.getcwd`, which a test may have replaced for its program.
from os import getcwd, sep
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import CodeType

__all__ = ["Location", "location_of"]


class Location(NamedTuple):
    """A line of source: file name, line number (from 1), and the function it is in."""

    filename: str
    lineno: int
    function: str

    def __str__(self) -> str:
        path = self.filename
        # A working directory may be gone.
        with suppress(OSError):
            path = path.removeprefix(getcwd() + sep)
        return f"{path}:{self.lineno} in {self.function}"


def location_of(code: CodeType, instruction: int) -> Location:
    """Return the line of *code* that holds the *instruction* at this offset."""
    lines = (line for start, end, line in code.co_lines() if start <= instruction < end)
    return Location(code.co_filename, next(lines, None) or code.co_firstlineno, code.co_name)
