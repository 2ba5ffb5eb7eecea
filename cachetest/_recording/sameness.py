"""Which values and which keys are the same."""

from __future__ import annotations

from typing import Any

__all__ = ["identity", "same", "same_key"]


def same(one: object, other: object) -> bool:
    """Return whether two values are equal, also where ``==`` gives an array, or raises."""
    if one is other:
        return True
    try:
        equal: Any = one == other
        return bool(equal.all() if hasattr(equal, "all") else equal)
    except Exception:
        return False


def same_key(one: object, other: object) -> bool:
    """Return whether two keys are of one type and equal: 1, 1.0 and True are three."""
    return type(one) is type(other) and same(one, other)


def identity(key: object) -> object:
    """Return what is equal for keys alone that are the same, and can be looked up."""
    if type(key) is str:
        return key
    try:
        hash(key)
    except Exception:
        return id(key)
    return _Key(key)


class _Key:
    __slots__ = ("hash", "key")

    def __init__(self, key: object) -> None:
        self.key = key
        self.hash = hash(key)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and same_key(self.key, other.key)
