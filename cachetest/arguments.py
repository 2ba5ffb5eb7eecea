"""The arguments of whatever opens a scope: checked where they are given, and the adapters they stand for."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

from . import adapters as adapter_table
from .adapters.base import Adapter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["check_adapters", "checked_length", "names_of", "resolve_adapters"]


def resolve_adapters(given: Iterable[str | Adapter] | None) -> list[Adapter]:
    """Return the adapters that are meant; None stands for those that are ready to be used.

    Each is there once, in the order given.
    """
    if given is None:
        return adapter_table.ready_adapters()
    made = [
        adapter_table.load(each) if isinstance(each, str) else check_adapter(each)
        for each in checked_sequence(given, "patch_caches")
    ]
    if len(made) < 2:
        return made
    found: dict[Adapter, Adapter] = {}
    for adapter in made:
        other = found.setdefault(adapter, adapter)
        if other.caches != adapter.caches:
            raise ValueError(
                f"{other!r} and {adapter!r} can't be used together: give one of them all that is to be tested"
            )
    return list(found)


def checked_length(length: int) -> int:
    """Return *length*; raise an error where a log can't keep so many operations."""
    if type(length) is int and length >= 1:
        return length
    if isinstance(length, bool) or not isinstance(length, int):
        raise TypeError(f"log_length: expected a number of operations, not {length!r}")
    if length < 1:
        raise ValueError(f"log_length: expected 1 or more, not {length}")
    return length


T = TypeVar("T")


def check_adapters(given: Sequence[T]) -> Sequence[T]:
    """Return *given*; raise an error that names the first of it that is no adapter, nor the name of one."""
    for each in given:
        if isinstance(each, str):
            adapter_table.check_name(each)
        else:
            check_adapter(each)
    return given


def check_adapter(given: object) -> Adapter:
    """Return *given*; raise an error if it is no adapter."""
    if not isinstance(given, Adapter):
        raise TypeError(f"expected an adapter or the name of one, not {given!r}")
    return given


def checked_sequence(given: Iterable[T], what: str) -> tuple[T, ...]:
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


def names_of(given: Iterable[str], what: str) -> tuple[str, ...]:
    """Return *given*, as `checked_sequence`, each of it a string."""
    names = checked_sequence(given, what)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{what}: expected the names of switches, not {name!r}")
    return names
