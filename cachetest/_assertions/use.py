"""The assertion that caches were not used."""

from __future__ import annotations

from .base import AssertionBase

__all__ = ["UseAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class UseAssertions(AssertionBase):
    """The assertion on the use of caches at all."""

    def assertCacheUnused(self, *names: str, msg: object = None) -> None:
        """Fail if there was any operation on the caches *names*; without names, on any cache at all."""
        chosen = [self._cache(name) for name in names] or self._every_cache()
        if self._passes_over():
            return
        # A bypass is of a cache that was not used.
        found = {
            cache.name: self._history(cache)
            for cache in chosen
            if cache.operations.total > cache.operations.tally("bypass") or any(cache.counts())
        }
        if found:
            from .._telling.failures import unexpected_use

            raise self._fail_with(msg, unexpected_use(found))
