"""The child processes of this process's tests: what each is told, and what is known of it at the end."""

from __future__ import annotations

import atexit
import sys
from contextlib import suppress
from itertools import count
from os import getpid
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple

from .._caches.scope import open_scopes
from .._recording.call_sites import calling_location
from .._recording.locks import make_lock
from .._recording.uncounted import add_left_running
from .child import Child, is_made_by_pool, to_be_forgotten
from .joined import LIBRARIES, Parent
from .ledger import Ledger
from .processes import is_running, may_run, spawned_processes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._caches.scope import Scope
    from .._caches.threads import ThreadOrTask
    from ..adapters.base import Adapter

__all__ = ["Child", "await_children", "end", "forget", "forget_all", "in_use", "late_lines", "ledger"]
__all__ += ["last", "lines_of", "new_child", "state"]

# How many seconds a child that is Python may take from its start until it is known to have joined.
_PATIENCE = 5.0


class _State(NamedTuple):
    """The children of this process."""

    ledger: Ledger
    by_serial: dict[int, Child]

    def children_of(self, scope: Scope) -> list[Child]:
        """Return those of *scope*, or of a scope inside it."""
        found = list(self.by_serial.values())
        return [child for child in found if any(scope in each.lineage() for each in child.scopes)]


_lock = make_lock(6)
state: _State | None = None
"""What is known of children; None while there is none."""
_serials = count(1)
in_use: dict[Scope, Sequence[Adapter]] = {}
"""The adapters of each scope that is open."""
_late: list[str] = []
# Whether what is known of children is to be there after what is called at exit.
_lasts = False


def forget(child: Child) -> None:
    """Have it known that *child* could not be made."""
    if state is not None:
        state.by_serial.pop(child.parent.serial, None)


def await_children(scope: Scope, patience: float) -> None:
    """Wait until the children of *scope*, which is about to close, have ended; those that have not are named.

    It is for *patience* seconds at most.
    """
    until = monotonic() + patience
    _await(scope)
    while (found := _still_running(scope)) and monotonic() < until:
        sleep(0.002)
    for process, child in found:
        if process and not may_run(process):
            continue
        add_left_running(
            f"late: child process {process or 'of a pool'}, {child.parent.how}, still runs {patience:g} s "
            f"after the end of {child.parent.test}, which has waited for it"
        )


def _still_running(scope: Scope) -> list[tuple[int, Child]]:
    with _lock:
        return _running_of(scope)


def _running_of(scope: Scope) -> list[tuple[int, Child]]:
    from .server import connected_processes

    if state is None:
        return []
    _read(state)
    connected = connected_processes()
    every = list(state.by_serial.values())
    of_scope = [each for each in every if each.scope is not None and scope in each.scope.lineage()]
    found = [(process, child) for child in of_scope for process in child.running(connected)]
    silent = [child for child in of_scope if child.is_spawned and not child.processes]
    if silent:
        known = set().union(*(child.processes for child in every))
        found += zip(sorted(spawned_processes() - known), silent, strict=False)
    return found


def end(scope: Scope) -> tuple[tuple[str, ...], list[str]]:
    """Return a line for each thing that children of *scope*, which has closed, did: for the last time.

    And, once, one for each that those of others did after the end of their test.
    """
    _await(scope)
    with _lock:
        told = _told_last(scope)
    return tuple(told), late_lines()


def _told_last(scope: Scope) -> list[str]:
    if state is None:
        return []
    _read(state)
    lines = [line for child in state.children_of(scope) for line in child.lines()]
    around = next((each for each in scope.lineage() if not each.closed), None)
    for child in state.by_serial.values():
        if scope in child.scopes:
            left = dict.fromkeys(around if each is scope else each for each in child.scopes)
            child.scopes = tuple(each for each in left if each is not None)
            child.used, child.awaited = [], None
    _tidy(state)
    return lines


def new_child(how: str) -> Child | None:
    """Return a child that is about to be made, *how* in one word; None where no test of ours is running."""
    # Loaded here, as what describes the adapters: few tests have a child.
    from .._caches.attribution import scope_of_caller
    from .._caches.scope import mark, spawned_by
    from .._caches.threads import current_thread_or_task

    scope = scope_of_caller()
    scopes = open_scopes() if scope is None or scope.closed else (scope,)
    if not scopes:
        return None
    found = mark.get()
    unmarked = found is None or found.is_resting
    spawner = scope.opener if unmarked and scope is not None else spawned_by.get() or current_thread_or_task()
    with _lock:
        child = _made(f"{how} at {calling_location(LIBRARIES)}", scopes, scope, spawner)
    child.is_worker = how != "given work" and is_made_by_pool()
    child.is_spawned = how == "spawned" and not child.is_worker
    return child


def _made(how: str, scopes: tuple[Scope, ...], scope: Scope | None, spawner: ThreadOrTask | None) -> Child:
    global state
    from .described import described_for
    from .requests import answering
    from .server import start

    if state is None:
        state = _State(Ledger(), {})
        atexit.register(_at_exit, state)
    server = start(state.ledger.folder, answering(state.by_serial)) if state.ledger.folder else None
    serial = next(_serials)
    test = " or ".join(str(each.test.label) for each in scopes)
    parent = Parent(getpid(), test, state.ledger.path, serial, how, described_for(scopes, in_use))
    if server is not None:
        parent.address, parent.key = server.address, server.key
    child = state.by_serial[serial] = Child(scopes, parent, scope, spawner)
    return child


def ledger() -> Ledger | None:
    """Return the ledger, if any child was made."""
    return None if state is None else state.ledger


def lines_of(scope: Scope) -> list[str]:
    """Return a line for each use of a cache that children of *scope* have tried so far."""
    if state is None:
        return []
    with _lock:
        return _told_so_far(scope)


def _told_so_far(scope: Scope) -> list[str]:
    if state is None:
        return []
    _read(state)
    return [line for child in state.children_of(scope) for line in child.lines_of_use()]


def late_lines() -> list[str]:
    """Return, once, a line for each thing that children did after the end of their test."""
    if state is None and not _late:
        return []
    with _lock:
        if state is not None:
            _read(state)
        found = _late.copy()
        _late.clear()
    return found


def _read(known: _State) -> None:
    """Take in what children have written since."""
    for line in known.ledger.read():
        child = known.by_serial.get(line.serial)
        if child is None:
            continue
        child.processes.add(line.process)
        if line.kind == "became":
            child.became[line.process] = line.text
        elif line.kind == "joined":
            child.became.pop(line.process, None)
        if line.kind == "used":
            _note(child, f"{line.process}, {child.parent.how}, was refused {line.text}")
    for serial in known.ledger.take_flags(list(known.by_serial)):
        child = known.by_serial[serial]
        _note(child, f"that was {child.parent.how} was refused a cache, and could not say which")


def _note(child: Child, text: str) -> None:
    if child.scopes:
        child.used.append(text)
    else:
        _late.append(f"late: child process {text}, after {child.parent.test} had ended")


def _await(scope: Scope) -> None:
    """Wait until each Python that was started in *scope* has joined, or has ended, or was waited for long."""
    until = monotonic() + _PATIENCE
    while (left := _awaited(scope)) and monotonic() < until:
        # They are asked first: one may join and end in between.
        running = [child for child in left if is_running(child.process)]
        left = _awaited(scope)
        if not any(child in left for child in running):
            return
        sleep(0.002)
    for child in left:
        child.was_waited_for = True


def _awaited(scope: Scope) -> list[Child]:
    with _lock:
        return _still_awaited(scope)


def _still_awaited(scope: Scope) -> list[Child]:
    if state is None:
        return []
    _read(state)
    found = state.children_of(scope)
    return [child for child in found if child.is_awaited() and not child.was_waited_for]


def _tidy(known: _State) -> None:
    """Forget children that can do nothing any more; without any, the ledger goes too."""
    global state
    if open_scopes():
        return
    for serial in to_be_forgotten(known.by_serial):
        del known.by_serial[serial]
    if not known.by_serial:
        atexit.unregister(_at_exit)
        _close(known)
        state = None


def last(lasts: bool) -> None:
    """Have children be served at exit too, as long as it *lasts*; when it does no more, end that."""
    global _lasts
    _lasts = lasts
    if not lasts and state is not None:
        _at_exit(state)


def _at_exit(known: _State) -> None:
    if _lasts or getpid() != known.ledger.owner:
        return
    if state is known and (lines := late_lines()):
        print("\n".join(["cachetest: no test was left to tell of this.", *lines]), file=sys.stderr)
    with suppress(OSError):
        _close(known)


def _close(known: _State) -> None:
    from .server import close

    close()
    known.ledger.remove()


def forget_all() -> None:
    """Have no children: in a forked child, whose parent's they are."""
    global state
    in_use.clear()
    _late.clear()
    state = None
