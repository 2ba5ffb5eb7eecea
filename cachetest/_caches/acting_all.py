"""What a test can make happen to all caches of a scope."""

from __future__ import annotations

from sys import _getframe
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from ..faults import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from weakref import ref

    from .._recording.operation import Injected
    from ..faults import Fault

__all__ = ["ActingCaches"]


class ActingCaches:
    """The base of the caches of a scope: what can be made to happen to all of them."""

    # What was begun and has to be ended, be it a block or an assertion that is awaited, each with what gives
    # the line to fail with if it is not.
    _awaited: Mapping[Any, Callable[[], str | None]] = MappingProxyType({})
    _scope: ref[Any] | None

    def inject(
        self,
        *faults: Fault,
        on: str | None = None,
        key: object = ANY,
        keys: str | Callable[[Any], object] | None = None,
        nth: int | Iterable[int] | None = None,
        times: int | None = None,
        must_strike: bool = True,
    ) -> Injected:
        """Have *faults* strike calls to any cache of the scope, as `MockCache.inject` does for one.

        What a cache can't be struck by is left out there, and told if nothing else is struck. What none of
        them can be struck by is a ``TypeError``.
        """
        from .injecting import injected

        return injected(self, None, faults, on, key, keys, nth, times, must_strike)

    def in_state(self, state: str, *, caches: Sequence[str] = ()) -> AbstractContextManager[None]:
        """Return a context manager that puts the caches in a *state*, or those alone that *caches* names.

        ``"off"``: every lookup misses, and what is put is acknowledged, counted and dropped. ``"cold"``: the
        entries are dropped at the beginning. ``"warm"``: there have to be some, and counts begin anew.
        ``"failing"``: every call fails. Raises ``ValueError``, with the closest, for a state that is none,
        and, where it is entered, ``TypeError`` for caches that can't be in it.
        """
        from .in_state import InState

        return InState(cast("Any", self), state, caches)

    def settle(self, patience: float = 5.0) -> Any:
        """Wait until nothing that the scope has started still runs: threads, jobs of pools, and tasks.

        An ``AssertionError`` names what still does after *patience* seconds. Where an event loop is running
        here, it returns what is to be awaited: ``await caches.settle()``.
        """
        from .settling import settle

        return settle(self, patience, _getframe(1))

    @property
    def is_closed(self) -> bool:
        """Whether the scope has closed."""
        scope = None if self._scope is None else self._scope()
        return scope is not None and bool(scope.closed)

    def await_end(self, begun: Any, line: Callable[[], str | None]) -> None:
        """Have the scope fail with *line* at its end, if it gives one, unless *begun* has been ended then."""
        vars(self).setdefault("_awaited", {})[begun] = line

    def forget_end(self, begun: Any) -> None:
        """Note that *begun* has been ended."""
        vars(self).get("_awaited", {}).pop(begun, None)

    def not_ended(self) -> Collection[Any]:
        """Return what was begun, and has not been ended."""
        # A copy: another thread may begin something meanwhile.
        return list(self._awaited)

    def end_all(self) -> tuple[str, ...]:
        """End what was begun, and return the lines to fail with."""
        lines = []
        awaited = vars(self).get("_awaited") or {}
        while awaited:
            # Taken out last: whoever interrupts this has it done again.
            begun, line = list(awaited.items())[-1]
            begun.close()
            found = line()
            if found is not None:
                lines.append(found)
            awaited.pop(begun, None)
        return tuple(lines[::-1])
