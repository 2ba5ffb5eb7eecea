"""What a child process knows of its parent's test, and how it refuses what it can't ask for.

Nothing is imported here that a Python process has not imported by itself: many children never use a cache.
"""

from __future__ import annotations

import os
import sys
from os import getpid

from ..errors import ChildOperationError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

__all__ = [
    "BETWEEN",
    "JOIN",
    "LIBRARIES",
    "REMEDY",
    "WATCHED",
    "WITHIN",
    "Parent",
    "begin_job",
    "current_parent",
    "end_job",
    "enter",
    "is_in_parents_test",
    "is_text_of",
    "own_scope_is_open",
    "refuse",
    "refuse_in_child",
    "report",
    "set_flag",
]

JOIN = "CACHETEST_JOIN"
"""The variable of the environment by which a child that starts anew learns of its parent's test."""

BETWEEN = "\x1f"
"""Stands between the fields of a line, and of what a child is told."""
WITHIN = "\x1e"
"""Stands between the fields of what describes an adapter."""
WATCHED = "watched "
"""Stands before the name of an adapter whose library is on its real store: nothing of it is refused."""
# A longer line could be torn by that of another child.
_LONGEST = 3_000
# Their lines are not the caller's.
LIBRARIES = frozenset(
    {
        *("redis", "fakeredis", "pymemcache", "django", "django_redis", "asgiref", "cachetools", "dogpile"),
        *("torch", "triton"),
    }
)
REMEDY = (
    "do this work in the test's own process, on a thread, or give the child a scope of its own: "
    "`with PatchCaches(...)` in the function that it runs"
)


class Parent:
    """The process that a child is of, and the ``test`` whose caches are there.

    ``how`` says how the child came to be, and where. ``ledger`` is the path of the file in which the child
    tells of itself, by its ``serial`` number. ``adapters`` has a description of each adapter of the test.
    ``address`` is that of the socket by which it can be asked, with its ``key``; "" where it can't be.
    ``outside`` are the packages that are not the caller for the test, once they were asked for.
    """

    __slots__ = ("adapters", "address", "how", "key", "ledger", "outside", "process", "serial", "test")

    def __init__(
        self,
        process: int,
        test: str,
        ledger: str,
        serial: int,
        how: str,
        adapters: tuple[str, ...] = (),
        address: str = "",
        key: str = "",
    ) -> None:
        self.process = process
        self.test = test
        self.ledger = ledger
        self.serial = serial
        self.how = how
        self.adapters = adapters
        self.address = address
        self.key = key
        self.outside: frozenset[str] | None = None

    def as_text(self) -> str:
        """Return it as a string without NUL, for the environment."""
        fields = [str(self.process), self.test, self.ledger, str(self.serial), self.how]
        fields += [self.address, self.key, *self.adapters]
        return BETWEEN.join(fields).replace("\0", "")

    @classmethod
    def from_text(cls, text: str) -> Parent:
        """Return what `as_text` was made of; raises ``ValueError`` for any other text."""
        process, test, ledger, serial, how, address, key, *adapters = text.split(BETWEEN)
        return cls(int(process), test, ledger, int(serial), how, tuple(adapters), address, key)


# That of this process; and those of the jobs that are being done for others, the latest last.
_parent: Parent | None = None
_jobs: list[Parent | None] = []
# In a forked child: what notes that its line could not be written.
_set_flag: Callable[[int], object] | None = None
# What was told already: by serial, process and cache.
_told: set[tuple[int, int, str]] = set()


def current_parent() -> Parent | None:
    """Return the parent that this process works for now, if it is a child of a test."""
    return _jobs[-1] if _jobs else _parent


def own_scope_is_open() -> bool:
    """Return whether a scope of this very process is open."""
    scope = sys.modules.get("cachetest._caches.scope")
    return scope is not None and bool(scope.open_scopes())


def is_in_parents_test() -> bool:
    """Return whether all that this process does, outside scopes of its own, is of its parent's test."""
    return current_parent() is not None and not own_scope_is_open()


def is_text_of(process: int, text: str | None) -> bool:
    """Return whether *text* is that of a `Parent` that is *process*."""
    return text is not None and text.startswith(f"{process}{BETWEEN}")


def enter(parent: Parent | None) -> None:
    """Work for *parent* from now on."""
    global _parent
    _parent = parent
    _jobs.clear()


def set_flag(flag: Callable[[int], object] | None) -> None:
    """Have *flag* called where a line can't be written."""
    global _set_flag
    _set_flag = flag


def begin_job(parent: Parent | None) -> None:
    """Work for *parent* until `end_job`."""
    _jobs.append(parent)


def end_job() -> None:
    # In a child that was forked in a job there may be none.
    del _jobs[-1:]


def report(parent: Parent, kind: str, text: str) -> None:
    """Tell *parent* of what this process does."""
    fields = [str(parent.serial), str(getpid()), kind, " ".join(text.split("\n"))[:_LONGEST]]
    line = f"{BETWEEN.join(fields)}\n".encode(errors="backslashreplace")
    if not _write(parent.ledger, line) and _set_flag is not None:
        _set_flag(parent.serial)


def _write(path: str, line: bytes) -> bool:
    """Add *line* to the file at *path*; return whether that could be done."""
    try:
        # By its path: a child may have closed every descriptor that it found open.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    except OSError:
        return False
    try:
        # At once, so that nothing of another child comes in between.
        return os.write(descriptor, line) == len(line)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def refuse_in_child(what: str, cache: str = "") -> None:
    """Raise the error of a child that was about to do *what*; not where it is none, or has its own scope."""
    parent = current_parent()
    if parent is not None and not own_scope_is_open():
        refuse(parent, cache, what)


def refuse(parent: Parent, cache: str, what: str) -> NoReturn:
    """Raise the error of a child that was about to do *what* with *cache*, and tell the parent of it.

    It is told once for each cache and process: a program may try for ever.
    """
    from .._recording.call_sites import calling_location

    if cache:
        what += f" on cache {cache!r}"
    at = str(calling_location(LIBRARIES))
    about = (parent.serial, getpid(), cache)
    if about not in _told:
        _told.add(about)
        report(parent, "used", f"{what}, at {at}")
    raise ChildOperationError(
        f"{what}, at {at}, was refused: this is child process {getpid()}, {parent.how}, inside "
        f"{parent.test}, whose caches are in process {parent.process}. It can't be asked for there. "
        f"Instead, {REMEDY}"
    )
