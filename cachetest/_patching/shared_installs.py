"""The adapters that are installed: patches are process-wide, the first holder installs, the last undoes."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING

from .._recording.locks import make_lock
from ..adapters.base import Adapter
from .undo import ABSENT, Undo, changed_attributes, leave

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from .undo import AttributePatch, Change

__all__ = ["acquire", "patched_owners", "release", "renew", "set_late"]


class _Install:
    """An adapter that is installed for as long as somebody holds it."""

    is_in = False
    # The attributes that the adapter names, as they were before and after installing.
    before: Mapping[str, object] = MappingProxyType({})
    installed: Mapping[str, object] = MappingProxyType({})
    manager: AbstractContextManager[object] | None = None
    patches: Sequence[AttributePatch] = ()

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.holders: set[object] = set()
        # Those of the holders whose scope has closed.
        self.late_holders: set[object] = set()
        self.is_at_rest = False
        # Most adapters name no attributes themselves: what their Undo has set is looked at.
        self.names_attributes = type(adapter).patched_attributes is not Adapter.patched_attributes

    def install(self) -> None:
        adapter = self.adapter
        if self.manager is not None:
            # What was interrupted before, on its way in or out, is still in part there.
            self.manager.__exit__(None, None, None)
        self.installed = {}
        self.before = {**adapter.patched_attributes()} if self.names_attributes else {}
        manager = self.manager = adapter.install()
        manager.__enter__()
        if isinstance(manager, Undo) and not self.names_attributes:
            self.patches = manager.patches
        self.installed = {**adapter.patched_attributes()} if self.names_attributes else {}
        self.is_in = True
        self.is_at_rest = False

    def see_to_rest(self) -> None:
        """Serve late callers alone where no test needs it any more, and all where one does."""
        at_rest = self.holders <= self.late_holders
        if at_rest is not self.is_at_rest and isinstance(self.manager, Undo):
            for step in self.manager.rest_steps:
                step(at_rest)
            self.is_at_rest = at_rest

    def has_changed(self, name: str) -> bool:
        """Return whether installing has changed the attribute *name*, and not only named it."""
        if name not in self.installed:
            return True
        return self.before.get(name, ABSENT) is not self.installed[name]


_lock = make_lock(1)
# By the key of the adapter.
_installs: dict[Hashable, _Install] = {}


def acquire(adapter: Adapter, holder: object, *, is_late: bool = False) -> None:
    """Install *adapter* unless somebody holds it already; from now on *holder* does.

    While all that hold it are late it is at rest: it serves what those have left running, and nobody else.
    Where it is interrupted, or fails, `release` undoes what was done.
    """
    key = adapter.lookup_key
    with _lock:
        install = _installs.get(key)
        if install is None:
            install = _installs[key] = _Install(adapter)
        install.holders.add(holder)
        if is_late:
            install.late_holders.add(holder)
        # By whether it is in, not by who came first: the one before may have failed half-way.
        if not install.is_in:
            install.install()
        if is_late or install.is_at_rest:
            install.see_to_rest()


def set_late(adapter: Adapter, holder: object, is_late: bool) -> None:
    """Have *holder* hold *adapter* for late callers alone, or for all again."""
    with _lock:
        install = _installs.get(adapter.lookup_key)
        if install is None or holder not in install.holders:
            return
        if is_late:
            install.late_holders.add(holder)
        else:
            install.late_holders.discard(holder)
        install.see_to_rest()


def patched_owners() -> list[tuple[Adapter, object]]:
    """Return the owners of the attributes that the installed adapters have set, each with its adapter."""
    return [
        (install.adapter, owner)
        for install in tuple(_installs.values())
        if isinstance(install.manager, Undo)
        for patch in install.manager.patches
        for _, owner, *_ in patch.wanted
    ]


def release(adapter: Adapter, holder: object, problems: list[str]) -> Exception | None:
    """Uninstall *adapter* if nobody but *holder* holds it; where it does not hold it, nothing changes.

    *problems* gets a line for each attribute that somebody else has changed since it was installed, and for
    each that was not restored. Returns the exception that looking for them raised, if it did.
    """
    key = adapter.lookup_key
    cause = None
    with _lock:
        install = _installs.get(key)
        if install is None:
            return None
        # No `try` in here: an exception at its first line could leave the lock held (`test_locks`).
        if holder in install.holders and install.is_in and holder not in install.late_holders:
            cause = _tell_displaced(install, problems)
        if install.holders <= {holder}:
            install.is_in = False
            left, error = leave(install.manager, install.patches)
            if left or error is not None or install.installed:
                _tell_not_restored(install, left, error, problems)
            del _installs[key]
        install.holders.discard(holder)
        install.late_holders.discard(holder)
        if install.late_holders and install.is_in:
            install.see_to_rest()
    return cause


def renew(adapter: Adapter, holder: object) -> bool:
    """Install *adapter* anew, and return True, where somebody has replaced what it patches.

    It is left as it is while anybody but *holder* holds it.
    """
    problems: list[str] = []
    with _lock:
        install = _installs.get(adapter.lookup_key)
        if install is None or install.holders != {holder} or not install.is_in:
            return False
        _tell_displaced(install, problems)
        is_outdated = getattr(install.manager, "is_outdated", None)
        if problems or (is_outdated is not None and is_outdated()):
            install.is_in = False
            install.install()
    return bool(problems)


def _after_fork_in_child() -> None:
    # What the parent has installed stays, and is put back by nobody: there is nothing to compare it with.
    for install in _installs.values():
        install.installed, install.patches = {}, ()


# Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _tell_displaced(install: _Install, problems: list[str]) -> Exception | None:
    try:
        changed = list(_differences(install.installed, install.adapter)) if install.installed else []
        for patch in install.patches:
            if not patch.is_set():
                changed += changed_attributes(patch.wanted)
        if changed:
            problems += _displaced(install, changed)
    except Exception as error:
        problems.append(f"looking at the patches raised {type(error).__name__}: {error}")
        return error
    return None


def _tell_not_restored(
    install: _Install, left: list[Change], error: Exception | None, problems: list[str]
) -> None:
    adapter = install.adapter
    try:
        if error is not None:
            raise error
        if install.installed:
            # What the adapter has not changed, it has nothing to restore of.
            left += [
                change for change in _differences(install.before, adapter) if install.has_changed(change[0])
            ]
        problems += _not_restored(adapter, left)
    except Exception as problem:
        problems.append(f"whether the adapter {adapter.name!r} restored all can't be told: {problem!r}")


def _differences(was: Mapping[str, object], adapter: Adapter) -> Iterable[Change]:
    now = adapter.patched_attributes()
    for name in {**was, **now}:
        old, new = was.get(name, ABSENT), now.get(name, ABSENT)
        if old is not new:
            yield name, old, new


def _displaced(install: _Install, changed: Iterable[Change]) -> list[str]:
    found = []
    for name, was, now in changed:
        ours = "cachetest's" if install.has_changed(name) else "the one that is watched,"
        found.append(
            f"{name} was displaced while the test ran: it holds {now!r} in place of {ours} {was!r}, so "
            f"operations may have gone uncounted{install.adapter.if_displaced}"
        )
    return found


def _not_restored(adapter: Adapter, left: Iterable[Change]) -> list[str]:
    return [
        f"the adapter {adapter.name!r} did not restore {name}: it holds {now!r}, and held {was!r} before"
        for name, was, now in left
    ]
