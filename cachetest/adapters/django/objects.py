"""The cache objects of the program, and which alias each is of."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import ref

from django.core.cache import CacheHandler, caches
from django.core.cache.backends.base import BaseCache
from django.utils.module_loading import import_string

from ...errors import CacheTestError
from .kinds import kind_of, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .kinds import Kind

__all__ = ["ByObject", "Objects", "classes_of", "kinds_of"]

# The types of attributes by which an object shows what its constructor was given. Django's in-memory caches
# of one location share a lock, and no others do.
_TELLING = (str, int, float, tuple, list, type(threading.Lock()))
_SET_BY_BASE = tuple(vars(BaseCache({})))

_latest: tuple[Any, dict[str, Kind]] = (None, {})


def classes_of(configured: Mapping[str, Any]) -> dict[str, type]:
    """Return the backend class of each alias, without those that can't be imported: they have no objects."""
    found = {}
    for alias, parameters in configured.items():
        try:
            found[alias] = import_string(parameters["BACKEND"])
        except ImportError:
            continue
    return found


def kinds_of(configured: Mapping[str, Any]) -> dict[str, Kind]:
    """Return the kind of back end of each alias; those of one place share what the first of them has."""
    global _latest
    known, found = _latest
    if known is configured:
        return found
    found = {}
    homes: dict[str, str] = {}
    for alias, cls in classes_of(configured).items():
        home = homes.setdefault(place_of(alias, cls, configured[alias]), alias)
        found[alias] = kind_of(cls)(alias, cls, configured[alias], home)
    _latest = configured, found
    return found


def _shows(cache: Any) -> dict[str, object]:
    own = getattr(cache, "__dict__", {})
    return {name: value for name, value in own.items() if name in _SET_BY_BASE or isinstance(value, _TELLING)}


class ByObject:
    """A mapping by the identity of objects, which need neither a hash nor be the target of weak references.

    Those that can't be are kept for as long as this is.
    """

    def __init__(self) -> None:
        self._found: dict[int, tuple[Any, Any]] = {}

    def __contains__(self, each: object) -> bool:
        found = self._found.get(id(each))
        return found is not None and found[0]() is each

    def __getitem__(self, each: object) -> Any:
        found = self._found.get(id(each))
        # Another object may have had this id.
        if found is None or found[0]() is not each:
            raise KeyError(each)
        return found[1]

    def __setitem__(self, each: object, value: object) -> None:
        at = id(each)
        try:
            held: Any = ref(each, lambda gone: self._forget_id(at, gone))
        except TypeError:
            held = lambda: each  # noqa: E731
        self._found[at] = held, value

    def forget(self, each: object) -> None:
        """Know nothing of it any more."""
        if each in self:
            self._found.pop(id(each), None)

    def _forget_id(self, at: int, gone: object) -> None:
        found = self._found.get(at)
        if found is not None and found[0] is gone:
            self._found.pop(at, None)


class Objects(ByObject):
    """For each object that the program has of the caches *configured*: its kind, or None to let it be."""

    def __init__(self, configured: Mapping[str, Any]) -> None:
        super().__init__()
        self.kinds = kinds_of(configured)
        self._configured = configured
        self._like: dict[str, Any] = {}
        for alias, kind in self.kinds.items():
            held = getattr(caches._connections, alias, None)
            if held is not None:
                self[held] = kind

    def kind_of(self, held: Any) -> Kind | None:
        """Return the kind of *held*; None where it is to be left alone, as one that is like no alias is."""
        try:
            kind: Kind | None = self[held]
        except KeyError:
            kind = self[held] = self._identify(held)
        return kind

    def _identify(self, held: Any) -> Kind | None:
        if caches.settings is self._configured:
            for alias, kind in self.kinds.items():
                if getattr(caches._connections, alias, None) is held:
                    return kind
        shows = _shows(held)
        alike = [
            kind
            for alias, kind in self.kinds.items()
            if kind.cls is type(held) and _shows(self._made_like(alias)) == shows
        ]
        if len(alike) > 1:
            raise CacheTestError(
                f"a {type(held).__name__} made before the test may be any of "
                f"{', '.join(kind.alias for kind in alike)}, which are configured alike: give each a "
                "KEY_PREFIX or a LOCATION of its own, or take the object from django.core.cache.caches when "
                "it is used"
            )
        return alike[0] if alike else None

    def _made_like(self, alias: str) -> Any:
        """Return an object of *alias* as Django makes it, to compare with."""
        if alias not in self._like:
            # By a handler that nobody has patched.
            made = self._like[alias] = CacheHandler(self._configured).create_connection(alias)
            self[made] = None
        return self._like[alias]
