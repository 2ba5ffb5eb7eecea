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

__all__ = ["Hold"]


_NOTHING = nullcontext()


class _Installation:
    """An adapter that is installed for as long as somebody holds it."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.holders: set[Hold] = set()
        self.is_in = False
        self.manager: AbstractContextManager[object] = _NOTHING
        self.swaps: list[Swaps] = []
        self.before: Mapping[str, object] | None = None
        self.installed: Mapping[str, object] = {}

    def install(self) -> None:
        # What was interrupted before, on its way in or out, is still in part there.
        self.manager.__exit__(None, None, None)
        before = self._places()
        self.manager = self.adapter.install()
        self.manager.__enter__()
        if isinstance(self.manager, Undo):
            self.swaps = self.manager.swaps
        self.installed = self._places()
        self.before = before
        self.is_in = True

    def _places(self) -> Mapping[str, object]:
        places = self.adapter.places()
        return dict(places) if places else places

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


class Hold:
    """One user's hold on an adapter: it is installed from the first that is taken to the last let go of."""

    _installation: _Installation | None = None

    def __init__(self, adapter: Adapter, problems: list[str]) -> None:
        """Take nothing yet; *problems* gets a line for each place that is not restored when it is let go."""
        self._adapter = adapter
        self._problems = problems

    def take(self) -> None:
        """Install the adapter unless somebody holds it already."""
        with _lock:
            # Each step is undone by let_go, wherever this is interrupted.
            installation = self._installation = _installations.get(self._adapter) or _Installation(
                self._adapter
            )
            _installations[self._adapter] = installation
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
            if installation.holders <= {self} and _installations.get(self._adapter) is installation:
                self._problems += installation.restore()
                del _installations[self._adapter]
            installation.holders.discard(self)
            self._installation = None

    def displaced(self) -> list[str]:
        """Return a line for each place that somebody else has changed since the adapter was installed."""
        return [] if self._installation is None else self._installation.displaced()
