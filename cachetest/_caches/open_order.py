"""Which scopes count as open, of those that were entered and those of classes and modules that rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["chain", "open_among", "without"]


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
