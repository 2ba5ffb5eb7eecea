"""The session of a scope that lasts: of a class, a module, or a fixture that is there for many tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._caches.scope import open_scope, rest_scope
from .._sharing.process_hooks import put_all_hooks_in
from .imports import follow, unfollow
from .session import Session
from .shared_installs import acquire, release, renew
from .switches import override, switches_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..adapters.base import Adapter

__all__ = ["LastingSession"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class LastingSession(Session):
    """One whose scope rests while no code of the class or module runs."""

    _is_lasting = True
    is_withdrawn = False

    def narrow(self, adapters: Sequence[Adapter]) -> None:
        """Have *adapters* in place of its own, before it is opened, and only the switches of those."""
        known = {switch.name for switch in switches_of(adapters)}
        self.adapters = adapters
        self.enable = [name for name in self.enable if name in known]

    def rest(self) -> list[Adapter]:
        """Leave the scope, which is lasting, and turn the switches back; `resume` undoes both.

        Returns the adapters that were installed anew, because somebody has replaced what they patch.
        """
        if self.scope is None:
            return []
        unfollow(self)
        rest_scope(self.scope)
        if self._turned is not None:
            self._turned.run()
        return [adapter for adapter in self.adapters if renew(adapter, self)]

    def resume(self) -> None:
        """Enter the scope again, after `rest`."""
        if self.scope is None:
            return
        self.come_back()
        for switches, value in self._overridden:
            override(switches, value, self._turn_undo(), test=self.scope.test)
        open_scope(self.scope, put_all_hooks_in)
        if self._detects:
            follow(self)

    def withdraw(self) -> None:
        """Take the patches off while the scope rests, and tests run that have nothing to do with it."""
        if self.scope is None or self.is_withdrawn or not self.scope.is_resting:
            return
        self.is_withdrawn = True
        problems: list[str] = []
        for adapter in self.adapters[::-1]:
            self._cause = release(adapter, self, problems) or self._cause
        self._problems += tuple(problems)
        rest_scope(self.scope, withdrawn=True)

    def come_back(self) -> None:
        """Undo `withdraw`; harmless where that was not done."""
        if self.scope is None or not self.is_withdrawn:
            return
        for adapter in self.adapters:
            acquire(adapter, self)
        self.is_withdrawn = False
        rest_scope(self.scope)
