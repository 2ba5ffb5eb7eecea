"""What a process is called in the texts of a test: its rank, or the name that `multiprocessing` gives it."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

__all__ = ["children_by_name", "process_name"]

# As torch's own tests name the processes of their ranks.
_RANK = re.compile(r"process (\d+)")
_MAIN = "MainProcess"


def _module() -> Any:
    return sys.modules.get("multiprocessing.process")


def _shown(name: str) -> str:
    rank = _RANK.fullmatch(name)
    return f"rank {rank[1]}" if rank else name


def process_name(how: str) -> str:
    """Return what this process is called; nothing where it has no name of its own.

    *how* it came to be: one that ``torchrun`` or its like has started is its rank, by the environment.
    """
    module = _module()
    name = _MAIN if module is None else str(module.current_process().name)
    if name != _MAIN:
        return _shown(name)
    if not how.startswith("started"):
        # The environment is that of the process which was forked.
        return ""
    rank, size = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    return f"rank {rank}" if rank.isdecimal() and size.isdecimal() else ""


def children_by_name() -> dict[int, str]:
    """Return the names of the processes that `multiprocessing` has started here, by their ids.

    Those that have ended are among them while the program holds them.
    """
    module = _module()
    found: dict[int, str] = {}
    for each in list(getattr(module, "_dangling", ())):
        process = each.pid if getattr(each, "_parent_pid", None) == os.getpid() else None
        if process is not None:
            found[process] = _shown(str(each.name))
    return found
