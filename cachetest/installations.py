"""Which adapters are installed: patches are process-wide, the first holder installs, the last undoes."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

from .undo import ABSENT, Undo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager

    from .adapters.base import Adapter
    from .undo import Swaps

__all__ = ["acquire", "displaced", "release"]


_NOTHING = nullcontext()


class _Installation:
    """An adapter that is installed for as long as somebody holds it."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.holders: set[object] = set()
        self.is_in = False
        self.manager: AbstractContextManager[object] = _NOTHING
        self.swaps: list[Swaps] = []
        self.before: Mapping[str, object] | None = None
        self.installed: Mapping[str, object] = {}

    def install(self) -> None:
        # What was interrupted before, on its way in or out, is still in part there.
        self.manager.__exit__(None, None, None)
        before = dict(self.adapter.places())
        self.manager = self.adapter.install()
        self.manager.__enter__()
        if isinstance(self.manager, Undo):
            self.swaps = self.manager.swaps
        self.installed = dict(self.adapter.places())
        self.before = before
        self.is_in = True

    def displaced(self) -> list[str]:
        """Return a line for each place that no longer holds what we put there."""
        if self.installed:
            found = list(_differences(self.installed, self.adapter.places()))
        else:
            found = [each for swaps in self.swaps for each in swaps.displaced()]
        return [
            f"{place} was displaced while the test ran: it holds {now!r} in place of cachetest's "
            f"{was!r}, so operations may have gone uncounted"
            for place, was, now in found
        ]

    def restore(self) -> list[str]:
        """Uninstall, and return a line for each place that the adapter did not restore."""
        self.is_in = False
        try:
            self.manager.__exit__(None, None, None)
        except BaseException:
            self.manager.__exit__(None, None, None)
            raise
        if self.before is None:
            return []
        try:
            if self.installed:
                found = list(_differences(self.before, self.adapter.places()))
            else:
                found = [each for swaps in self.swaps for each in swaps.not_put_back()]
        except Exception as error:
            return [f"whether the adapter {self.adapter.name!r} restored all can't be told: {error!r}"]
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
_installations: dict[Adapter, _Installation] = {}


def acquire(adapter: Adapter, holder: object) -> None:
    """Install *adapter* unless somebody holds it already, and hold it as *holder*."""
    with _lock:
        installation = _installations.get(adapter)
        if installation is None:
            installation = _installations[adapter] = _Installation(adapter)
        installation.holders.add(holder)
        # By whether it is in, not by who came first: the one before may have failed half-way.
        if not installation.is_in:
            installation.install()


def release(adapter: Adapter, holder: object, problems: list[str]) -> None:
    """Let go of *adapter*; the last holder uninstalls it, and adds to *problems* what it did not restore.

    Whoever does not hold it changes nothing.
    """
    with _lock:
        installation = _installations.get(adapter)
        if installation is None:
            return
        if installation.holders <= {holder}:
            problems += installation.restore()
            del _installations[adapter]
        installation.holders.discard(holder)


def displaced(adapter: Adapter) -> list[str]:
    """Return a line for each place of *adapter* that somebody else has changed since it was installed."""
    installation = _installations.get(adapter)
    return [] if installation is None else installation.displaced()
