"""The checks of arguments that open a scope, made where they are given."""

from __future__ import annotations

import re
from collections.abc import Collection
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from .._recording.packages import NO_LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "validate_flag",
    "validate_length",
    "validate_names",
    "validate_packages",
    "validate_patience",
    "validate_places",
    "validate_sequence",
]

_LONGEST = 86_400

T = TypeVar("T")


def validate_flag(given: bool, what: str) -> bool:
    """Return *given*; raise ``TypeError`` where it is neither True nor False."""
    if isinstance(given, bool):
        return given
    raise TypeError(f"{what}: expected True or False, not {given!r}")


def validate_length(length: int) -> int:
    """Return *length*; raise an error where a log can't keep so many operations."""
    if type(length) is int and length >= 1:
        return length
    if isinstance(length, bool) or not isinstance(length, int):
        raise TypeError(f"log_length: expected a number of operations, not {length!r}")
    if length < 1:
        raise ValueError(f"log_length: expected 1 or more, not {length}")
    return length


def validate_patience(seconds: float) -> float:
    """Return *seconds*; raise an error where so long nobody can wait."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"patience: expected a number of seconds, not {seconds!r}")
    if not 0 <= seconds <= _LONGEST:
        raise ValueError(f"patience: expected from 0 to {_LONGEST:,} seconds, not {seconds!r}")
    return seconds


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


def validate_packages(given: Iterable[str], what: str) -> frozenset[str]:
    """Return *given* as a set; raise an error where it is no sequence of names of packages.

    They are the names by which packages are imported, with dots where they are inside others.
    """
    if given == ():
        return NO_LIBRARIES
    names = validate_sequence(given, what)
    for name in names:
        if isinstance(name, ModuleType):
            raise TypeError(f"{what}: expected the names of packages, not {name!r}: {name.__name__!r}")
        if not isinstance(name, str):
            raise TypeError(f"{what}: expected the names of packages, not {name!r}")
        if not all(part.isidentifier() for part in name.split(".")):
            meant = re.sub(r"[^\w.]+", "_", name).strip("_.")
            hint = f"; did you mean {meant!r}?" if meant and meant != name else ""
            raise ValueError(f"{what}: {name!r} is not a name that a package can be imported by{hint}")
    return frozenset(names)


def validate_places(given: Iterable[str]) -> tuple[str, ...]:
    """Return *given*, the functions of ``explain_keys``; raise an error for what names no function."""
    if given == ():
        return ()
    places = validate_sequence(given, "explain_keys")
    for place in places:
        if not isinstance(place, str):
            name = f"{getattr(place, '__module__', '')}:{getattr(place, '__qualname__', '')}"
            hint = f": {name!r}" if callable(place) else ""
            raise TypeError(f"explain_keys: expected strings like 'shop.cache:make_key', not {place!r}{hint}")
        module, _, name = place.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
            raise ValueError(f"explain_keys: expected a string like 'shop.cache:make_key', not {place!r}")
    return tuple(dict.fromkeys(places))
