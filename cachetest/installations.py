"""Which adapters are installed: patches are process-wide, the first holder installs, the last undoes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .undo import ABSENT, Undo

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from .adapters.base import Adapter
    from .undo import Swaps

__all__ = ["Hold"]


class _Installation:
    """An adapter that is installed for as long as somebody holds it."""

    is_in = False
    manager: AbstractContextManager[object] | None = None
    before: Mapping[str, object] | None = None
    installed: Mapping[str, object] | None = None

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.holders: set[Hold] = set()

    def install(self) -> None:
        adapter = self.adapter
        if self.manager is not None:
            # What was interrupted before, on its way in or out, is still in part there.
            self.manager.__exit__(None, None, None)
        before = {**adapter.places()}
        manager = self.manager = adapter.install()
        manager.__enter__()
        self.installed = {**adapter.places()}
        self.before = before
        self.is_in = True

    def displaced(self) -> list[str]:
        """Return a line for each place that no longer holds what we put there."""
        if self.installed:
            found = list(_differences(self.installed, self.adapter.places()))
        else:
            found = []
            for swaps in self._swaps():
                found += swaps.displaced()
        if not found:
            return []
        return [
            f"{place} was displaced while the test ran: it holds {now!r} in place of cachetest's "
            f"{was!r}, so operations may have gone uncounted"
            for place, was, now in found
        ]

    def _swaps(self) -> Sequence[Swaps]:
        # There may be more than when it was installed: some modules are patched as they are loaded.
        return self.manager.swaps if isinstance(self.manager, Undo) else ()

    def restore(self) -> list[str]:
        """Uninstall, and return a line for each place that the adapter did not restore."""
        self.is_in = False
        if self.manager is None:
            return []
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
                found = []
                for swaps in self._swaps():
                    found += swaps.not_put_back()
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


class Hold:
    """One user's hold on an adapter: it is installed from the first that is taken to the last let go of."""

    _installation: _Installation | None = None

    def __init__(self, adapter: Adapter, problems: list[str]) -> None:
        """Take nothing yet; *problems* gets a line for each place that is not restored when it is let go."""
        self._adapter = adapter
        self._key = adapter.lookup_key()
        self._problems = problems

    def take(self) -> None:
        """Install the adapter unless somebody holds it already."""
        with _lock:
            # Each step is undone by let_go, wherever this is interrupted.
            installation = _installations.get(self._key) or _Installation(self._adapter)
            self._installation = installation
            _installations[self._key] = installation
            installation.holders.add(self)
            # By whether it is in, not by who came first: the one before may have failed half-way.
            if not installation.is_in:
                installation.install()

    def let_go(self) -> None:
        """Uninstall the adapter if nobody else holds it; a hold that was not taken changes nothing."""
        with _lock:
            installation = self._installation
            if installation is None:
                return
            # Where this was interrupted at its end, the adapter may be installed anew.
            if installation.holders <= {self} and _installations.get(self._key) is installation:
                self._problems += installation.restore()
                del _installations[self._key]
            installation.holders.discard(self)
            self._installation = None

    def displaced(self) -> list[str]:
        """Return a line for each place that somebody else has changed since the adapter was installed."""
        return [] if self._installation is None else self._installation.displaced()
