"""An object of Django's cache in a call that need not be watched: its attributes are read as they are."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.core.cache.backends.memcached import PyMemcacheCache
from django.core.cache.backends.redis import RedisCache

__all__ = ["unwatched"]

# A class of a project may keep what it is called on.
_CLASSES = frozenset({RedisCache, PyMemcacheCache})


def unwatched(held: Any) -> Any:
    """Return what can be called in place of *held*, which is that itself where its class is a project's.

    It has, and is given, the attributes of *held*: they have one ``__dict__``.
    """
    cls: Any = type(held)
    if cls not in _CLASSES:
        return held
    twin: Any = object.__new__(_class_of(cls))
    twin.__dict__ = object.__getattribute__(held, "__dict__")
    return twin


@cache
def _class_of(cls: Any) -> type:
    own = {name: getattr(cls, name) for name in ("__module__", "__qualname__", "__doc__")}
    # The class itself is patched.
    return type(cls.__name__, (cls,), {**own, "__getattribute__": object.__getattribute__})
