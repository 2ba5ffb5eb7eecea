"""Django's cache framework: a swap, with one cache for each alias of ``settings.CACHES``.

The back end of the settings runs, on entries of the scope: in memory, in a folder, or on a server in memory
that the adapter of its client has. No object is replaced: those that the program took from ``caches[...]``
before the test are reached through their class, on any thread. One thing is not seen: a cache object that the
program made itself, and that is like none of the aliases.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..._caches.attribution import cache_for
from ..._patching.undo import Undo
from ...errors import UnknownCacheError, closest_first
from ..base import Adapter
from ..outer_call import TENANTS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from ..._behaving.injection import Strike
    from ..._behaving.storage import Storage
    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches
    from ..guarding import GuardPoint

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
        from django.conf import settings

        from .moved import places
        from .swap import Swap

        configured = _configured()
        _check_aliases(self._given, configured)
        # A class may override the settings as it is set up.
        undo.is_outdated = lambda: settings.CACHES is not configured
        places().move(undo)
        Swap(self._given, configured).begin(undo)

    def scope_context(self, caches: MockCaches) -> None:
        """Give each cache a view of its entries, by which a test can put some in beforehand."""
        from .entries import Entries
        from .objects import kinds_of

        kinds = kinds_of(_configured())
        for alias in self.caches:
            cache = caches.ensure(alias)
            cache.shared.setdefault(TENANTS, {})[alias] = cache
            if type(cache.cache) is dict:
                cache.cache = Entries(caches, cache)
            if alias not in kinds:
                continue
            below, why_unknown = kinds[alias].below, kinds[alias].why_unknown()
            if why_unknown:
                cache.unavailable = {"entries": why_unknown}
            if below is not None:
                # What a program asks of a server itself is counted there.
                caches.ensure(below).is_unlisted = True

    def drop_entries(self, cache: MockCache, keys: Sequence[object] = ()) -> None:
        """Drop the entries of *keys*; without keys, all of the alias, and not those of another's prefix."""
        drop = getattr(cache.cache, "drop", None)
        if drop is None:
            cache.cache.clear()
        else:
            drop(keys)

    def why_never_off(self, cache: MockCache) -> str:
        """Return that the back end keeps its entries itself, if it does."""
        from .objects import kinds_of

        kind = kinds_of(_configured()).get(cache.name)
        return "" if kind is None else kind.why_unknown()

    def guard_points(self) -> Iterable[GuardPoint]:
        """Return the methods of the aliases, of those inside the process too, and, of all, what leaves it."""
        from .guarding import points_of

        configured = _configured()
        _check_aliases(self._given, configured)
        if not self._given:
            return [*points_of(configured), *super().guard_points()]
        return points_of({alias: configured[alias] for alias in self._given})

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

    def program_key(self, cache: str, key: object) -> object:
        """Return what of a made *key* Django's own key function was given; any other stays as it is."""
        return self._parts_of(cache, key)[-1]

    def carry_out(self, strike: Strike, proceed: Callable[[], Any]) -> Any:
        """Have the client below meet it, so that serialiser, client and retries are met as well."""
        from .faults import carry_out

        return carry_out(super().carry_out, strike, proceed)

    def failure(self, cache: MockCache) -> Exception | None:
        from .faults import failure

        return failure(cache)

    def too_large(self, cache: MockCache, key: object, size: int, limit: int) -> Exception | None:
        from .faults import too_large

        return too_large(cache)

    def storage(self, cache: MockCache) -> Storage:
        """Return what the back end of the alias keeps its entries in, on a server as well."""
        from .faults import storage_below
        from .objects import kinds_of
        from .storage import storage_in

        kind = kinds_of(_configured()).get(cache.name)
        if kind is None:
            raise TypeError(self.why_unused(cache))
        if kind.below is not None:
            return storage_below(kind, cache)
        found = None if kind.make_store is None else storage_in(kind.store_for(cache))
        if found is None:
            raise TypeError(kind.why_unknown() or f"{kind.cls.__name__} keeps its entries on a server")
        return found

    def is_shared(self, cache: MockCache) -> bool:
        """Return whether the back end of the alias is on a server, in a table, or in files."""
        from .objects import kinds_of

        kind = kinds_of(_configured()).get(cache.name)
        return kind is None or kind.is_shared

    def given(self) -> tuple[Sequence[object], Mapping[str, object]]:
        return self._given, {}

    def resolution(self, cache: MockCache) -> float:
        from .objects import kinds_of

        kind = kinds_of(_configured()).get(cache.name)
        return 1.0 if kind is not None and kind.below == "pymemcache" else super().resolution(cache)

    def components(self, cache: MockCache, key: object) -> list[tuple[str, object]]:
        """Take apart what Django's own key function makes: ``prefix:version:key``."""
        *parts, rest = self._parts_of(cache.name, key)
        if not parts:
            return super().components(cache, key)
        return [*zip(("prefix", "version"), parts, strict=True), *super().components(cache, rest)]

    def _parts_of(self, alias: str, key: object) -> tuple[Any, ...]:
        """Return prefix, version and key of what Django's function has made; *key* if it has not."""
        parameters = _configured().get(alias, {})
        prefix = f"{parameters.get('KEY_PREFIX', '')}:"
        if not isinstance(key, str) or not key.startswith(prefix) or parameters.get("KEY_FUNCTION"):
            return (key,)
        version, mark, rest = key.removeprefix(prefix).partition(":")
        return (prefix[:-1], version, rest) if mark else (key,)

    def why_unused(self, cache: MockCache) -> str:
        """Return that the settings have no such alias any more, if that is so."""
        if cache.name in _configured():
            return ""
        return f"settings.CACHES has no {cache.name!r} any more"

    def identity(self) -> Hashable:
        return self._given

    def __repr__(self) -> str:
        return f"<Django adapter of {', '.join(self._given) or 'every alias'}>"


def _check_aliases(given: Iterable[str], configured: Mapping[str, Any]) -> None:
    for alias in given:
        if alias not in configured:
            known = ", ".join(closest_first(alias, configured))
            raise UnknownCacheError(
                f"no cache {alias!r} in settings.CACHES; there are, the closest first: {known}"
            )


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
