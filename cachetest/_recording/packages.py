"""Whose code a frame runs: the program's, an installed package's, or that of nobody who could call."""

from __future__ import annotations

import os
import sys

# Under a name of ours, as everything of `os` below: what a test replaces in `os` is not for us.
from os.path import isfile
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType

__all__ = [
    "INSTALLED",
    "NEVER",
    "NO_LIBRARIES",
    "PROGRAM",
    "RUNNING_MODULES",
    "CallerFrame",
    "Packages",
    "known",
    "module_of",
    "packages_without",
]

PROGRAM, INSTALLED, NEVER = range(3)

NO_LIBRARIES: frozenset[str] = frozenset()

# Code that a library generates, as torch does for a backward, may have no module name at all.
_OURS = frozenset({__name__.partition(".")[0], ""})
_RUNNERS = frozenset({"pytest", "_pytest", "pluggy", "xdist", "execnet"})
_SEPARATOR = os.sep
_STANDARD = os.path.dirname(os.__file__) + _SEPARATOR
# The folders that pip, conda and Debian install packages in.
_FOLDERS = frozenset({"site-packages", "dist-packages"})

# The modules that have a function which runs what somebody else has made: `_recording.makers` has these.
# Where the walk comes to one, it has to look, so `Packages.inside` does not tell of them.
RUNNING_MODULES = frozenset(
    {
        "asyncio.base_events",
        "asyncio.events",
        "asyncio.runners",
        "concurrent.futures.thread",
        "multiprocessing.pool",
        "pluggy._callers",
        "unittest.case",
        "unittest.suite",
        f"{__name__.partition('.')[0]}._caches.attribution",
        f"{__name__.partition('.')[0]}._caches.task_hooks",
        f"{__name__.partition('.')[0]}._sharing.as_child",
    }
)


class CallerFrame(Protocol):
    """What is known of a frame, also after it is gone: its code, how far it had come, and its module."""

    @property
    def f_code(self) -> CodeType: ...
    @property
    def f_lasti(self) -> int: ...
    @property
    def f_globals(self) -> Mapping[str, object]: ...


def module_of(frame: CallerFrame) -> str:
    """Return the name of the module that *frame* is in, ``""`` where it has none."""
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


class Packages:
    """The packages that are never the caller: cachetest, the standard library, the runners, and some more.

    ``inside`` tells of the file of some code whether it is passed over: a plain dict, since it is asked for
    every frame of every operation. What it has not is to be asked of `rank`.
    """

    def __init__(self, names: frozenset[str]) -> None:
        """Have *names*, with dots where they are inside others, beside those that never are."""
        self.inside: dict[str, bool] = {}
        self._names = names
        self._ranks: dict[str, int] = {}

    def rank(self, frame: CallerFrame) -> int:
        """Return how much *frame* is the caller: `PROGRAM` before `INSTALLED`, `NEVER` not at all."""
        filename = frame.f_code.co_filename
        rank = self._ranks.get(filename)
        if rank is None:
            module = module_of(frame)
            rank = self._rank(module, filename)
            # Generated code has a name for a file that says nothing.
            if not filename.startswith("<") or filename.startswith("<frozen "):
                self._ranks[filename] = rank
                if module not in RUNNING_MODULES:
                    self.inside[filename] = rank != PROGRAM
        return rank

    def _rank(self, module: str, filename: str) -> int:
        top = module.partition(".")[0]
        if top in _OURS or top in _RUNNERS or self.has(module):
            return NEVER
        path = filename.replace(_SEPARATOR, "/").split("/")[:-1]
        if not _FOLDERS.isdisjoint(path):
            return INSTALLED
        if filename.startswith(_STANDARD):
            return NEVER
        # A module of the program may have the name of one of the standard library, but not its file.
        return NEVER if top in sys.stdlib_module_names and not isfile(filename) else PROGRAM

    def has(self, module: str) -> bool:
        """Return whether *module* is, or is inside, one of the packages that were named."""
        parts = module.split(".")
        return any(".".join(parts[:n]) in self._names for n in range(1, len(parts) + 1))


known: dict[frozenset[str], Packages] = {}


def packages_without(names: frozenset[str]) -> Packages:
    """Return the `Packages` that *names* are among: that in `known`, made if there was none."""
    return known.get(names) or known.setdefault(names, Packages(names))
