"""Which process an assertion means: by its id, its name, or its rank."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .._recording.bounds import whole_number
from .._sharing.joined import current_parent, own_scope_is_open
from .._sharing.naming import children_by_name
from .._telling.processes import MAIN, named_apart, processes_of
from ..errors import closest_first

if TYPE_CHECKING:
    from collections.abc import Collection

    from .._caches.caches import MockCaches

    Process = int | str | None

__all__ = ["find_process", "known_processes", "validate_process", "words_of_process"]


def validate_process(process: Any) -> int | str:
    """Return *process*; raises ``TypeError`` or ``ValueError`` for what is neither id nor name nor rank."""
    if isinstance(process, str):
        if not process:
            raise ValueError("process must be the name of one, not an empty text")
        return process
    if isinstance(process, bool) or not hasattr(process, "__index__"):
        raise TypeError(f"process must be the id of one, its name or its rank, not {process!r}")
    return whole_number("process", process)


def known_processes(caches: MockCaches, joined: Collection[int] = ()) -> dict[int, str]:
    """Return the names of the processes that have done something in *caches*, by their ids.

    The test's own is among them, the one that asks, and those that have *joined* and done nothing.
    """
    parent = current_parent()
    if parent is not None and not own_scope_is_open():
        known = {parent.process: MAIN, os.getpid(): f"process {os.getpid()}"}
    else:
        known = {os.getpid(): MAIN}
    if joined:
        names = children_by_name()
        known |= {process: names.get(process, f"process {process}") for process in joined}
    return known | processes_of(cache.operations for cache in list(caches.values()))


def find_process(caches: MockCaches, process: int | str, joined: Collection[int]) -> int:
    """Return the id of the *process* that is meant; a number is an id unless a rank of that number is known.

    *joined* are children that may have done nothing. Raises ``ValueError`` for one that is not known, and
    where several are meant, with those that are known.
    """
    known = known_processes(caches, joined)
    name = process if isinstance(process, str) else f"rank {process}"
    found = [each for each, its_name in known.items() if its_name == name]
    if isinstance(process, int) and process in known and process not in found:
        found.append(process)
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f"process={process!r} may be any of {_listed(known, found)}: give the id or the name of one"
        )
    what = repr(process) if isinstance(process, str) else str(process)
    names = {str(each): each for each in known} if isinstance(process, int) else {}
    names |= {each: number for number, each in known.items()}
    closest = [names[each] for each in closest_first(str(process), names)]
    raise ValueError(
        f"process {what} is not known in this test, the closest is "
        f"{_listed(known, closest[:1])}; the processes are {_listed(known, sorted(known))}"
    )


def _listed(known: dict[int, str], processes: list[int]) -> str:
    return ", ".join(f"{known[each]!r} ({each})" for each in processes)


def words_of_process(caches: MockCaches, process: int) -> str:
    """Return how a text calls the process of this id: by its id alone where all is of the test's own."""
    return named_apart(known_processes(caches)).get(process, f"process {process}")
