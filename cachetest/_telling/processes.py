"""The processes that operations came from, as texts name them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MAIN", "named_apart", "process_named", "processes_of"]

MAIN = "MainProcess"
"""The name of the test's own process, as `multiprocessing` has it."""


def processes_of(logs: Iterable[Any]) -> dict[int, str]:
    """Return the name of each process that did an operation in *logs*, by its id."""
    found: dict[int, str] = {}
    for log in logs:
        snapshot = log.snapshot()
        for process, name in zip(snapshot.processes(), snapshot.process_names(), strict=True):
            if process is not None:
                found[process] = name or MAIN
    return found


def named_apart(processes: Mapping[int, str]) -> dict[int, str]:
    """Return the names of *processes* for a text, with the ids of those that have one name.

    There are none where all is of the test's own process: no text names that.
    """
    counts = Counter(processes.values())
    if not counts.keys() - {MAIN}:
        return {}
    return {
        process: name if counts[name] == 1 else f"{name} ({process})" for process, name in processes.items()
    }


def process_named(operation: Any) -> str:
    """Return what a text adds for the process of *operation*, by itself: nothing for the test's own."""
    return f", by {operation.process_name}" if operation.process_name else ""
