"""Whether two answers of a program are the same: in value and in type, all the way down."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .answer_parts import ABSENT, PLAIN, Step, is_array, is_by_identity, pairs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .answer_parts import Pair

__all__ = ["ABSENT", "CONTAINERS", "Difference", "NotComparableError", "Results", "Step", "difference"]
__all__ += ["same_answer"]

T = TypeVar("T")

CONTAINERS = frozenset({list, tuple, dict, set, frozenset})
"""What need not be asked whether it is an array."""


class NotComparableError(TypeError):
    """Raised for two answers that Python compares by identity, or can't compare: they never are the same."""


class Difference(NamedTuple):
    """The first part in which two answers differ: the way to it, and what each of them has there."""

    at: Step | None
    one: object
    other: object


class Results(list[T]):
    """What callers at once got, in their order.

    ``waited_out`` says whether *patience* has decided that a caller waits, and not what it was seen to do.
    """

    waited_out: bool = False


def same_answer(one: Any, other: Any) -> bool:
    """Return whether two answers have one type and one value, and so has each part of them.

    Numbers that are none, NaN, are the same. Of arrays, shape and type of elements have to be the same too.
    Objects of Django's models are compared by their fields. Raises `NotComparableError`.
    """
    return difference(one, other) is None


def difference(one: Any, other: Any) -> Difference | None:
    """Return where two answers differ, as `same_answer` compares them; None if they don't."""
    # No recursion: an answer may be nested deeper than Python's stack.
    pending: list[Iterator[Pair]] = [iter([(None, one, other)])]
    # With the objects, which keeps their ids from being others' meanwhile.
    compared: dict[tuple[int, int], tuple[Any, Any]] = {}
    while pending:
        pair = next(pending[-1], None)
        if pair is None:
            pending.pop()
            continue
        at, mine, others = pair
        if mine is others:
            continue
        kind = type(mine)
        if kind is not type(others):
            _refuse_made_anew(kind, type(others))
            return Difference(at, mine, others)
        if kind in PLAIN:
            if mine == others or (mine != mine and others != others):
                continue
            return Difference(at, mine, others)
        if (id(mine), id(others)) in compared:
            # They contain themselves, or are there twice: what is around them decides.
            continue
        compared[id(mine), id(others)] = mine, others
        if kind not in CONTAINERS and is_array(mine) and _form_of(mine) != _form_of(others):
            return Difference(at, mine, others)
        inside = pairs_of(at, mine, others)
        if inside is not None:
            pending.append(inside)
        elif not _equal(mine, others):
            return Difference(at, mine, others)
    return None


def _form_of(array: Any) -> tuple[Any, Any]:
    return array.shape, array.dtype


def _refuse_made_anew(one: type, other: type) -> None:
    if (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__):
        raise NotComparableError(
            f"{_name(one)} is a class that is made anew each time, so that two of its objects are never the "
            "same: return what can be compared, or give equal="
        )


def _equal(one: Any, other: Any) -> bool:
    """Return whether two objects of one type, which are not taken apart, are equal."""
    if is_by_identity(one):
        raise NotComparableError(
            f"{_name(type(one))} is compared by identity, so that two are never the same: return what can be "
            "compared, such as a list or its content, or give equal="
        )
    try:
        return _ask(one, other)
    except Exception as error:
        raise NotComparableError(
            f"two objects of {_name(type(one))} can't be compared, which raised {type(error).__name__}: "
            f"{error}: return what can be, or give equal="
        ) from error


def _ask(one: Any, other: Any) -> bool:
    if hasattr(one, "shape") and hasattr(one, "equals"):
        # Those of pandas and Polars know NaN, and what == can't compare.
        return bool(one.equals(other))
    equal = one == other
    if is_array(one):
        return bool(equal.all()) or bool((equal | ((one != one) & (other != other))).all())
    if isinstance(one, (float, complex, Decimal)) and one != one and other != other:
        return True
    return bool(equal.all() if hasattr(equal, "all") else equal)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
