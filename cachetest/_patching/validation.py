"""The checks of arguments that open a scope, made where they are given."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["validate_length", "validate_names", "validate_sequence"]

T = TypeVar("T")


def validate_length(length: int) -> int:
    """Return *length*; raise an error where a log can't keep so many operations."""
    if type(length) is int and length >= 1:
        return length
    if isinstance(length, bool) or not isinstance(length, int):
        raise TypeError(f"log_length: expected a number of operations, not {length!r}")
    if length < 1:
        raise ValueError(f"log_length: expected 1 or more, not {length}")
    return length


def validate_sequence(given: Iterable[T], what: str) -> tuple[T, ...]:
    """Return *given* as a tuple; raise ``TypeError`` for what can't be gone through again and again.

    *what* is the name of the argument or attribute that it was given as.
    """
    if type(given) is tuple:
        return given
    if isinstance(given, str):
        raise TypeError(f"{what}: expected a sequence of names, not the string {given!r}: ({given!r},)")
    if not isinstance(given, Collection):
        raise TypeError(f"{what}: expected a sequence, not {given!r}")
    return tuple(given)


def validate_names(given: Iterable[str], what: str) -> tuple[str, ...]:
    """Return *given*, as `validate_sequence`, each of it a string."""
    if given == ():
        return ()
    names = validate_sequence(given, what)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{what}: expected the names of switches, not {name!r}")
    return names
