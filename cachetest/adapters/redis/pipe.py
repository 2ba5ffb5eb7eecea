"""A descriptor to poll where there is no socket."""

from __future__ import annotations

import os
import weakref

__all__ = ["Pipe"]


class Pipe:
    """A descriptor that can be read or can't, as it is told."""

    def __init__(self) -> None:
        self._reads, self._writes = os.pipe()
        self._readable = False
        weakref.finalize(self, os.close, self._reads)
        weakref.finalize(self, os.close, self._writes)

    def fileno(self) -> int:
        """Return the descriptor, open as long as this object is there."""
        return self._reads

    def be_readable(self, readable: bool) -> None:
        """Make it so, or not."""
        if readable and not self._readable:
            os.write(self._writes, b"x")
        elif self._readable and not readable:
            os.read(self._reads, 1)
        self._readable = readable
