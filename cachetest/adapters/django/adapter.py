"""Django's cache framework: a swap, with one cache for each alias of ``settings.CACHES``.

Pickling, timeouts and culling are those of Django's own in-memory cache, whatever the settings ask for. The
cache of the settings makes and checks the keys. Objects that the program took from ``caches[...]`` before the
test are reached through their class, on any thread. Two things are not seen: a cache object that the program
made itself, and that is like none of the aliases; and a method that was taken off an object before the test.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..._caches.attribution import cache_for
from ..._patching.undo import Undo
from ...errors import UnknownCacheError, closest_first
from ..base import Adapter

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches

__all__ = ["Django"]


class Django(Adapter):
    """The caches of ``settings.CACHES``: all of them, or those whose aliases are given."""

    name = "django"

    def __init__(self, *aliases: str) -> None:
        for alias in aliases:
            if not isinstance(alias, str):
                raise TypeError(f"expected aliases of settings.CACHES, not {alias!r}")
        self._given = tuple(dict.fromkeys(aliases))

    @property
    def caches(self) -> tuple[str, ...]:  # type: ignore[override]
        """The aliases: those given, or those that the settings have now."""
        return self._given or tuple(_configured())

    def is_ready(self) -> bool:
        """Return whether Django's settings are there; it does not load them."""
        conf: Any = sys.modules.get("django.conf")
        return conf is not None and bool(conf.settings.configured)

    def install(self) -> Undo:
        """Swap the backend of each alias in, for ``caches`` and for the objects that are out already.

        Raises `UnknownCacheError` for an alias that the settings don't have.
        """
        return Undo(self._swap)

    def _swap(self, undo: Undo) -> None:
        from .swap import Swap

        configured = _configured()
        for alias in self._given:
            if alias not in configured:
                known = ", ".join(closest_first(alias, configured))
                raise UnknownCacheError(
                    f"no cache {alias!r} in settings.CACHES; there are, the closest first: {known}"
                )
        Swap(self._given, configured).begin(undo)

    def scope_context(self, caches: MockCaches) -> None:
        """Open each store, so that a test can put entries in before the program uses the cache."""
        from .store import open_store

        for alias in self.caches:
            open_store(caches.ensure(alias))

    def patched_attributes(self) -> Mapping[str, object]:
        from .swap import patched_attributes

        return patched_attributes(_configured())

    def entry_key(self, cache: str, key: object) -> object:
        """Return the key that Django makes of *key*, in the alias's version; a made key stays as it is."""
        from django.core.cache import caches

        if isinstance(key, str) and key in cache_for(cache).cache:
            return key
        made: object = caches[cache].make_key(key)
        return made

    def components(self, cache: MockCache, key: object) -> list[tuple[str, object]]:
        """Take apart what Django's own key function makes: ``prefix:version:key``."""
        parameters = _configured().get(cache.name, {})
        prefix = f"{parameters.get('KEY_PREFIX', '')}:"
        if not isinstance(key, str) or not key.startswith(prefix) or parameters.get("KEY_FUNCTION"):
            return super().components(cache, key)
        version, mark, rest = key.removeprefix(prefix).partition(":")
        if not mark:
            return super().components(cache, key)
        return [("prefix", prefix[:-1]), ("version", version), *super().components(cache, rest)]

    def identity(self) -> Hashable:
        return self._given

    def __repr__(self) -> str:
        return f"<Django adapter of {', '.join(self._given) or 'every alias'}>"


def _configured() -> Mapping[str, Any]:
    """Return ``settings.CACHES``; an error that says what to do where there are no settings."""
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        found: Mapping[str, Any] = settings.CACHES
    except ImproperlyConfigured as error:
        if settings.configured:
            raise
        raise ImproperlyConfigured(
            "the adapter 'django' needs settings.CACHES, and Django has no settings: set "
            "DJANGO_SETTINGS_MODULE, or call django.conf.settings.configure(), before the test"
        ) from error
    return found
