"""The adapters that are installed: patches are process-wide, the first holder installs, the last undoes."""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..adapters.base import Adapter
from .undo import ABSENT, Undo, changed_attributes

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from .undo import AttributePatch

__all__ = ["acquire", "release"]


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
        if isinstance(manager, Undo):
            self.patches = manager.patches
        self.installed = {**adapter.patched_attributes()} if self.names_attributes else {}
        self.is_in = True


_lock = threading.RLock()
# By the key of the adapter.
_installs: dict[Hashable, _Install] = {}


def acquire(adapter: Adapter, holder: object) -> None:
    """Install *adapter* unless somebody holds it already; from now on *holder* does.

    Where it is interrupted, or fails, `release` undoes what was done.
    """
    key = adapter.lookup_key
    with _lock:
        install = _installs.get(key)
        if install is None:
            install = _installs[key] = _Install(adapter)
        install.holders.add(holder)
        # By whether it is in, not by who came first: the one before may have failed half-way.
        if not install.is_in:
            install.install()


def release(adapter: Adapter, holder: object, problems: list[str]) -> Exception | None:
    """Uninstall *adapter* if nobody but *holder* holds it; where it does not hold it, nothing changes.

    *problems* gets a line for each attribute that somebody else has changed since it was installed, and for
    each that was not restored. Returns the exception that looking for them raised, if it did.
    """
    key = adapter.lookup_key
    with _lock:
        install = _installs.get(key)
        if install is None:
            return None
        # No `try` in here: an exception at its first line could leave the lock held (`test_locks`).
        cause = _end_hold(install, holder, problems)
        if install.holders <= {holder}:
            del _installs[key]
        install.holders.discard(holder)
    return cause


_Change = tuple[str, object, object]
"""The name of an attribute, the value that it should have, and the one that it has."""


def _end_hold(install: _Install, holder: object, problems: list[str]) -> Exception | None:
    """Do what `release` does, but for the table of installs, and return what it returns."""
    adapter = install.adapter
    cause = None
    if holder in install.holders and install.is_in:
        try:
            changed = list(_differences(install.installed, adapter)) if install.installed else []
            for patch in install.patches if not install.installed else ():
                changed += changed_attributes(patch.wanted)
            if changed:
                problems += _displaced(changed)
        except Exception as error:
            cause = error
            problems.append(f"looking at the patches raised {type(error).__name__}: {error}")
    if install.holders <= {holder}:
        install.is_in = False
        if install.manager is not None:
            install.manager.__exit__(None, None, None)
        try:
            left = list(_differences(install.before, adapter)) if install.installed else []
            for patch in install.patches if not install.installed else ():
                left += changed_attributes(patch.found)
            if left:
                problems += _not_restored(adapter, left)
        except Exception as error:
            problems.append(f"whether the adapter {adapter.name!r} restored all can't be told: {error!r}")
    return cause


def _differences(was: Mapping[str, object], adapter: Adapter) -> Iterable[_Change]:
    now = adapter.patched_attributes()
    for name in {**was, **now}:
        old, new = was.get(name, ABSENT), now.get(name, ABSENT)
        if old is not new:
            yield name, old, new


def _displaced(changed: Iterable[_Change]) -> list[str]:
    return [
        f"{name} was displaced while the test ran: it holds {now!r} in place of cachetest's "
        f"{was!r}, so operations may have gone uncounted"
        for name, was, now in changed
    ]


def _not_restored(adapter: Adapter, left: Iterable[_Change]) -> list[str]:
    return [
        f"the adapter {adapter.name!r} did not restore {name}: it holds {now!r}, and held {was!r} before"
        for name, was, now in left
    ]
