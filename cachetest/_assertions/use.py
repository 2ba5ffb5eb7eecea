"""The assertion that caches were not used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import AssertionBase
from .key_counts import counts_of_some
from .of_process import words_of_process

if TYPE_CHECKING:
    from .._caches.cache import MockCache

__all__ = ["UseAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class UseAssertions(AssertionBase):
    """The assertion on the use of caches at all."""

    def assertCacheUnused(self, *names: str, process: int | str | None = None, msg: object = None) -> None:
        """Fail if there was any operation on the caches *names*; without names, on any cache at all.

        With *process*, any of that process: its id, its name or its rank, as for `assertCacheStats`.
        """
        chosen = [self._cache(name) for name in names] or self._every_cache()
        of = self._process(process)
        if self._passes_over():
            return
        found = {cache.name: self._history(cache) for cache in chosen if _is_used(cache, of)}
        if found:
            from .._telling.failures import unexpected_use

            by = "" if of is None else words_of_process(self._scope(), of)
            raise self._fail_with(msg, unexpected_use(found, by))


def _is_used(cache: MockCache, process: int | None) -> bool:
    # A bypass is of a cache that was not used.
    is_used = cache.operations.total > cache.operations.tally("bypass") or any(cache.counts())
    if process is None or not is_used:
        return is_used
    return any(counts_of_some(cache, None, process).values())
