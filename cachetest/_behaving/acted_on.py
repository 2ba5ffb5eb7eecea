"""What a test can have act on all caches of its scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .clock import clock_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from weakref import ref

    from .call import Behaviour
    from .clock import Clock

__all__ = ["ActedOn", "InForceIn"]


class InForceIn(Protocol):
    """A scope, as far as it has to know that something is in force."""

    def change_in_force(self, put: Callable[[], None]) -> None: ...


class ActedOn:
    """The base of the caches of a scope that keeps what is in force over them."""

    # They are gates.
    _caches: dict[str, Any]
    _footnotes: Callable[[], Iterable[str]]
    # What all of the caches share.
    _shared: dict[str, Any]
    _in_force: tuple[Behaviour, ...] = ()
    _passed_over = 0
    # Weak: a scope goes as soon as nobody holds it, and not when garbage is collected.
    _scope: ref[InForceIn] | None = None

    def _pass_over(self) -> None:
        """Count an assertion that was not evaluated, as the caches are in another state than it means."""
        vars(self)["_passed_over"] = self._passed_over + 1

    def _notes(self) -> list[str]:
        """Return the lines that end its report."""
        count = self._passed_over
        were = "assertion of counts or entries was" if count == 1 else "assertions of counts or entries were"
        said = [f"{count} {were} not evaluated, in another state than cold"] if count else []
        return [*self._footnotes(), *said]

    @property
    def clock(self) -> Clock:
        """The time that these caches keep, which a test can move on."""
        return clock_in(self._shared)

    def _ahead(self) -> float:
        """Return by how many seconds the clock is ahead of the program's, without making one."""
        found: Clock | None = self._shared.get("clock")
        return 0.0 if found is None else found.offset

    def _begin(self, behaviour: Behaviour) -> None:
        """Have *behaviour* act before each call to any of the caches, first of all that do, until `_end`."""
        self._change(lambda: self._set_in_force((*self._in_force, behaviour)))

    def _begin_at_entries(self, behaviour: Behaviour) -> None:
        """Have *behaviour* act last of all that do, right where the entries are, until `_end`."""
        self._change(lambda: self._set_in_force((behaviour, *self._in_force)))

    def _end(self, behaviour: Behaviour) -> None:
        """Have *behaviour*, which need not be the innermost, act no more."""
        # By identity: two may be equal.
        self._change(
            lambda: self._set_in_force(tuple(each for each in self._in_force if each is not behaviour))
        )

    def _change(self, put: Callable[[], None]) -> None:
        scope = None if self._scope is None else self._scope()
        if scope is None:
            put()
        else:
            scope.change_in_force(put)

    def _set_in_force(self, behaviours: tuple[Behaviour, ...]) -> None:
        # Not by an assignment, which is for replacing a cache.
        vars(self)["_in_force"] = behaviours
        for cache in self._caches.copy().values():
            cache.in_force = behaviours
