"""The ledger: a file in which child processes write what their parent has to know of them.

A line is there from the moment it is written, whatever becomes of its writer: a child may end by ``os._exit``
or be killed. A forked child that can't write, because it is another user by now or in another root, sets a
flag in memory that it shares with its parent.
"""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from io import BytesIO
from os import getpid
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from .joined import BETWEEN

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Ledger", "Line"]

_FLAGS = mmap.PAGESIZE


class Line(NamedTuple):
    """A line: the child's ``serial`` number, its process, and what it says: a ``kind`` and a text."""

    serial: int
    process: int
    kind: str
    text: str


class Ledger:
    """The ledger of this process."""

    def __init__(self) -> None:
        # Loaded here: a process that has no children never pays.
        import tempfile

        self.owner = getpid()
        self.path = ""
        self._file: BinaryIO = BytesIO()
        # Where there is no room for a file, there are the flags.
        with suppress(OSError):
            descriptor, self.path = tempfile.mkstemp(prefix="cachetest-", suffix=".ledger")
            self._file = open(descriptor, "rb")  # noqa: SIM115 (for as long as there may be a child)
        self._flags = mmap.mmap(-1, _FLAGS)
        self._rest = b""

    def flag(self, serial: int) -> None:
        """Note, in a forked child, that a line of the child *serial* could not be written."""
        self._flags[serial % _FLAGS] = 1

    def take_flags(self, serials: Iterable[int]) -> set[int]:
        """Return those of *serials*, the newest last, of which that was noted, and forget it of all."""
        found = set()
        while (at := self._flags.find(b"\x01", 0)) >= 0:
            self._flags[at] = 0
            found.update([serial for serial in serials if serial % _FLAGS == at][-1:])
        return found

    def read(self) -> list[Line]:
        """Return the lines that were written since it was last read."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        found = []
        for line in lines:
            serial, process, kind, text = line.decode(errors="replace").split(BETWEEN, 3)
            found.append(Line(int(serial), int(process), kind, text))
        return found

    def remove(self) -> None:
        """Remove the file, unless this is a copy in a forked child."""
        self._file.close()
        if getpid() == self.owner:
            with suppress(OSError):
                os.unlink(self.path)
