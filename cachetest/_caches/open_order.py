"""Which scopes count as open, of those that were entered and those that rest; where a clock begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

__all__ = ["Placed", "begin_clock", "chain", "open_among", "without"]


class Ordered(Protocol):
    """A scope, as far as it matters here."""

    def origins(self) -> Sequence[object]: ...


T = TypeVar("T")
S = TypeVar("S", bound=Ordered)


def chain(first: T, following: Callable[[T], T | None]) -> list[T]:
    """Return *first*, the one that is *following* it, and so on."""
    found: list[T] = []
    each: T | None = first
    while each is not None:
        found.append(each)
        each = following(each)
    return found


def open_among(entered: tuple[S, ...], resting: tuple[S, ...]) -> tuple[S, ...]:
    """Return *entered*, and those of *resting* that none of the others began with the entries of."""
    if not resting:
        return entered
    busy = {id(each) for scope in (*entered, *resting) for each in scope.origins()[1:]}
    return (*entered, *(each for each in resting if id(each) not in busy))


def without(scopes: tuple[S, ...], scope: S) -> tuple[S, ...]:
    """Return *scopes* without *scope*, if it is one of them."""
    if scope not in scopes:
        return scopes
    at = scopes.index(scope)
    return scopes[:at] + scopes[at + 1 :]


class Placed:
    """The base of a scope: its place among the others."""

    parent: Any = None
    origin: Any = None
    # Its `MockCaches`, once they were made.
    _caches: Any = None

    def lineage(self) -> list[Self]:
        """Return this scope, the one around it, and so on."""
        return chain(self, lambda scope: scope.parent)

    def origins(self) -> list[Self]:
        """Return this scope, the one whose entries it began with, and so on."""
        return chain(self, lambda scope: scope.origin)

    def ahead(self) -> float:
        """Return by how many seconds its clock is ahead of the program's."""
        return 0.0 if self._caches is None else self._caches._ahead()


def begin_clock(scope: Any) -> None:
    """Have the clock of *scope*, which is being opened, begin where that of its class is, or of its outer."""
    before = scope.parent if scope.origin is None else scope.origin
    ahead = 0.0 if before is None else before.ahead()
    if ahead:
        scope.caches.clock.reach(ahead)
