"""Which adapters are installed: patches are process-wide, the first holder installs, the last undoes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .undo import ABSENT, Undo, differing

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from .adapters.base import Adapter
    from .undo import Swaps

__all__ = ["displaced", "let_go", "take"]


class _Installation:
    """An adapter that is installed for as long as somebody holds it."""

    is_in = False
    before: Mapping[str, object] | None = None
    installed: Mapping[str, object] | None = None
    _manager: AbstractContextManager[object] | None = None
    _swaps: Sequence[Swaps] = ()

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.holders: set[object] = set()

    def install(self) -> None:
        adapter = self.adapter
        if self._manager is not None:
            # What was interrupted before, on its way in or out, is still in part there.
            self._manager.__exit__(None, None, None)
        before = {**adapter.places()}
        manager = self._manager = adapter.install()
        manager.__enter__()
        if isinstance(manager, Undo):
            self._swaps = manager.swaps
        self.installed = {**adapter.places()}
        self.before = before
        self.is_in = True

    def displaced(self) -> list[str]:
        """Return a line for each place that no longer holds what we put there."""
        if self.installed:
            found = list(_differences(self.installed, self.adapter.places()))
        else:
            found = []
            for swaps in self._swaps:
                found += differing(swaps.wanted)
        if not found:
            return []
        return [
            f"{place} was displaced while the test ran: it holds {now!r} in place of cachetest's "
            f"{was!r}, so operations may have gone uncounted"
            for place, was, now in found
        ]

    def restore(self) -> list[str]:
        """Uninstall, and return a line for each place that the adapter did not restore."""
        self.is_in = False
        if self._manager is None:
            return []
        try:
            self._manager.__exit__(None, None, None)
        except BaseException:
            self._manager.__exit__(None, None, None)
            raise
        if self.before is None:
            return []
        try:
            if self.installed:
                found = list(_differences(self.before, self.adapter.places()))
            else:
                found = []
                for swaps in self._swaps:
                    found += differing(swaps.found)
        except Exception as error:
            return [f"whether the adapter {self.adapter.name!r} restored all can't be told: {error!r}"]
        if not found:
            return []
        return [
            f"the adapter {self.adapter.name!r} did not restore {place}: it holds {now!r}, "
            f"and held {was!r} before"
            for place, was, now in found
        ]


def _differences(
    was: Mapping[str, object], now: Mapping[str, object]
) -> Iterable[tuple[str, object, object]]:
    for place in {**was, **now}:
        old, new = was.get(place, ABSENT), now.get(place, ABSENT)
        if old is not new:
            yield place, old, new


_lock = threading.RLock()
# By the key of the adapter.
_installations: dict[Hashable, _Installation] = {}


def take(adapter: Adapter, holder: object) -> None:
    """Install *adapter* unless somebody holds it already; from now on *holder* does.

    Where it is interrupted, or fails, `let_go` undoes what was done.
    """
    key = adapter.lookup_key
    with _lock:
        installation = _installations.get(key)
        if installation is None:
            installation = _installations[key] = _Installation(adapter)
        installation.holders.add(holder)
        # By whether it is in, not by who came first: the one before may have failed half-way.
        if not installation.is_in:
            installation.install()


def let_go(adapter: Adapter, holder: object, problems: list[str]) -> None:
    """Uninstall *adapter* if nobody but *holder* holds it; where it does not hold it, nothing changes.

    *problems* gets a line for each place that was not restored.
    """
    key = adapter.lookup_key
    with _lock:
        installation = _installations.get(key)
        if installation is not None:
            if installation.holders <= {holder}:
                problems += installation.restore()
                del _installations[key]
            installation.holders.discard(holder)


def displaced(adapter: Adapter) -> list[str]:
    """Return a line for each place that somebody else has changed since *adapter* was installed."""
    installation = _installations.get(adapter.lookup_key)
    return [] if installation is None else installation.displaced()
