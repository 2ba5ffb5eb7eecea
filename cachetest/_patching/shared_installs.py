"""The adapters that are installed: patches are process-wide, the first holder installs, the last undoes."""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..adapters.base import Adapter
from .undo import ABSENT, Undo, changed_attributes, leave

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from .undo import AttributePatch, Change

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
        if isinstance(manager, Undo) and not self.names_attributes:
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
    cause = None
    with _lock:
        install = _installs.get(key)
        if install is None:
            return None
        # No `try` in here: an exception at its first line could leave the lock held (`test_locks`).
        if holder in install.holders and install.is_in:
            cause = _tell_displaced(install, problems)
        if install.holders <= {holder}:
            install.is_in = False
            left, error = leave(install.manager, install.patches)
            if left or error is not None or install.installed:
                _tell_not_restored(install, left, error, problems)
            del _installs[key]
        install.holders.discard(holder)
    return cause


def _tell_displaced(install: _Install, problems: list[str]) -> Exception | None:
    try:
        changed = list(_differences(install.installed, install.adapter)) if install.installed else []
        for patch in install.patches:
            changed += changed_attributes(patch.wanted)
        if changed:
            problems += _displaced(changed)
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
            left += _differences(install.before, adapter)
        problems += _not_restored(adapter, left)
    except Exception as problem:
        problems.append(f"whether the adapter {adapter.name!r} restored all can't be told: {problem!r}")


def _differences(was: Mapping[str, object], adapter: Adapter) -> Iterable[Change]:
    now = adapter.patched_attributes()
    for name in {**was, **now}:
        old, new = was.get(name, ABSENT), now.get(name, ABSENT)
        if old is not new:
            yield name, old, new


def _displaced(changed: Iterable[Change]) -> list[str]:
    return [
        f"{name} was displaced while the test ran: it holds {now!r} in place of cachetest's "
        f"{was!r}, so operations may have gone uncounted"
        for name, was, now in changed
    ]


def _not_restored(adapter: Adapter, left: Iterable[Change]) -> list[str]:
    return [
        f"the adapter {adapter.name!r} did not restore {name}: it holds {now!r}, and held {was!r} before"
        for name, was, now in left
    ]
