"""What it takes to make another cache like one that a program has."""

from __future__ import annotations

import inspect
from collections.abc import MutableMapping, MutableSequence, MutableSet
from typing import Any

import cachetools

from .timer import movable

__all__ = ["arguments", "fresh", "without"]

_Base = cachetools.Cache


def arguments(base: Any, cache: Any) -> dict[str, Any]:
    """Return the arguments with which *base*, a class of the library, makes another cache like *cache*."""
    names = [name for name in inspect.signature(base).parameters if name != "getsizeof"]
    # By the property of the base: a subclass may hide it, as those of cachetools.func do.
    found = {name: getattr(base, name).__get__(cache, base) for name in names}
    if "timer" in found:
        found["timer"] = movable(found["timer"])
    return {**found, "getsizeof": vars(cache).get("getsizeof")}


_CONTAINERS = (MutableMapping, MutableSequence, MutableSet)


def fresh(value: Any) -> Any:
    """Return a copy of *value* if it is a container, else *value* itself."""
    return value.copy() if isinstance(value, _CONTAINERS) and hasattr(value, "copy") else value


def without(cache: Any, value: Any) -> Any:
    """Return *value*, an attribute that a subclass has added, without the keys of *cache* in it.

    Else a subclass that keeps a list of its keys would begin a test with keys that it does not have.
    """
    copied = fresh(value)
    if copied is not value:
        # Of the copy: another thread may be in the middle of changing the other.
        for key in [each for each in copied if _is_key(cache, each)]:
            if isinstance(copied, MutableSequence):
                copied.remove(key)
            elif isinstance(copied, MutableSet):
                copied.discard(key)
            else:
                del copied[key]
    return copied


def _is_key(cache: Any, value: object) -> bool:
    try:
        return bool(_Base.__contains__(cache, value))
    except TypeError:  # unhashable
        return False
