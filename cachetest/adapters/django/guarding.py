"""The methods of Django's caches that a guard of named aliases watches, and whose cache an object is."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from django.core.cache import CacheHandler
from django.core.cache.backends.base import BaseCache
from django.utils.module_loading import import_string

from ..guarding import GuardPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["points_of"]

_METHODS = (
    *("get", "set", "add", "touch", "delete", "has_key", "clear", "incr", "get_or_set"),
    *("get_many", "set_many", "delete_many"),
)


def points_of(configured: Mapping[str, Any]) -> list[GuardPoint]:
    """Return the points of the aliases in *configured*, which are the settings of each."""
    found = []
    for alias, parameters in configured.items():
        backend = import_string(parameters["BACKEND"])
        like = cache(partial(CacheHandler({alias: parameters}).create_connection, alias))
        for name in _METHODS:
            # Those that the base class gives call the others.
            definer = next(cls for cls in backend.__mro__ if name in vars(cls))
            if definer is not BaseCache:
                found.append(GuardPoint(backend, name, partial(_place, alias, like)))
    return found


def _place(
    alias: str, like: Callable[[], Any], _: object, held: Any, *args: object, **kwargs: object
) -> str | None:
    # Made only now: some make the folder that they keep their entries in.
    return f"the cache {alias!r}" if _store_of(held) == _store_of(like()) else None


def _store_of(held: Any) -> object:
    """Return what two objects of one class have in common that keep their entries in the same place."""
    for name in ("_servers", "_dir", "_table"):
        if name in vars(held):
            return type(held).__name__, str(vars(held)[name])
    return type(held).__name__, id(vars(held).get("_cache"))
