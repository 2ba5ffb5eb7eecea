"""The ledger: a file in which child processes write what their parent has to know of them.

It is in a folder that nobody else can enter, beside the socket of the server.

A line is there from the moment it is written, whatever becomes of its writer: a child may end by ``os._exit``
or be killed. A forked child that can't write, because it is another user by now or in another root, sets a
flag in memory that it shares with its parent.
"""

from __future__ import annotations

import mmap
import os
import stat
import sys
from contextlib import suppress
from io import BytesIO
from os import getpid
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from .joined import BETWEEN
from .processes import exists

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Ledger", "Line"]

_FLAGS = mmap.PAGESIZE
_PREFIX = "cachetest-"
_NAMES = ("ledger", "socket")
# Of a path of a socket macOS takes 104 bytes.
_LONGEST = 64


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
        self.folder = self.path = ""
        self._file: BinaryIO = BytesIO()
        remove_left(tempfile.gettempdir())
        # Where there is no room for a file, there are the flags.
        with suppress(OSError):
            folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{self.owner}-", dir=_place(tempfile.gettempdir()))
            self.folder, self.path = folder, os.path.join(folder, _NAMES[0])
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600)
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
        """Remove the file and the folder, unless this is a copy in a forked child."""
        self._file.close()
        if getpid() == self.owner and self.folder:
            _remove(self.folder)


def _place(folder: str) -> str:
    """Return *folder*, or one with a shorter name where that of a socket in it would be too long."""
    return folder if len(os.fsencode(folder)) < _LONGEST or sys.platform == "win32" else "/tmp"


def _remove(folder: str) -> None:
    with suppress(OSError):
        for name in os.listdir(folder):
            # The environment of a shell is there while a process waits for it, which may be killed.
            if name in _NAMES or name.startswith("environment-"):
                with suppress(OSError):
                    os.unlink(os.path.join(folder, name))
        os.rmdir(folder)


def remove_left(place: str) -> None:
    """Remove what processes of this user have left in *place* that were killed."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        for name in os.listdir(place):
            owner, _, _ = name.removeprefix(_PREFIX).partition("-")
            if name.startswith(_PREFIX) and owner.isdigit() and not exists(int(owner)):
                folder = os.path.join(place, name)
                found = os.lstat(folder)
                if found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode) and not _answers(folder):
                    _remove(folder)


def _answers(folder: str) -> bool:
    """Return whether anybody listens in *folder*: one that is in another container has no process here."""
    from _socket import AF_UNIX, SOCK_STREAM, socket

    path = os.path.join(folder, _NAMES[1])
    if not os.path.exists(path):
        return False
    made = socket(AF_UNIX, SOCK_STREAM)
    try:
        made.connect(path)
    except ConnectionRefusedError:
        return False
    except OSError:
        return True
    finally:
        made.close()
    return True
