"""Whether a process still runs."""

from __future__ import annotations

import os
import sys

__all__ = ["exists", "is_running", "may_run", "spawned_processes"]


def is_running(process: int | None) -> bool:
    """Return whether *process*, a child of this one, has not ended; it need not have been waited for."""
    if process is None:
        return False
    if not hasattr(os, "waitid"):
        # macOS until Python 3.12, and Windows.
        return exists(process)
    try:
        # Without reaping it, which is for the program to do.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, process, flags) is None
    except ChildProcessError:
        return False


def may_run(process: int) -> bool:
    """Return whether *process*, which may be anybody's child, has not ended, as far as can be told."""
    if not hasattr(os, "waitid"):
        return exists(process)
    try:
        return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return exists(process)


def spawned_processes() -> set[int]:
    """Return the processes that multiprocessing has started, and that still run."""
    module = sys.modules.get("multiprocessing.process")
    found = [] if module is None else [each.pid for each in list(module._children)]
    return {each for each in found if each is not None and may_run(each)}


def exists(process: int) -> bool:
    """Return whether there is such a process; one that has ended is there until its parent asks for it."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
