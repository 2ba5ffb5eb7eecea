"""What adapters have in common that watch a library on its real store: they count, and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager, suppress
from sys import _getframe
from typing import TYPE_CHECKING, Any, cast

from .._caches.attribution import cache_for, scope_of_caller
from ..errors import CacheTestError
from .outer_call import OuterCall, call_around, outer_call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, MutableMapping

    from .._behaving.gate import Effect
    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches

__all__ = ["call_of", "fail", "note", "remark", "set_up"]

_ELSEWHERE = "they are in the real store, which is watched"


class RealEntries(Mapping[Any, Any]):
    """The entries of a real store, of which nothing is known but the operations that were seen."""

    is_real = True

    def __getitem__(self, key: object) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0


def set_up(caches: MockCaches, names: Iterable[str]) -> None:
    """Have the caches *names* of a scope say that nothing is known of their entries but what was seen."""
    for name in names:
        cache = caches.ensure(name)
        cache.unavailable = {"entries": _ELSEWHERE}
        cache.cache = cast("MutableMapping[Any, Any]", RealEntries())


def _cache(name: str) -> MockCache | None:
    """Return the cache *name* of the run; None where nothing is counted, as after its end."""
    scope = scope_of_caller()
    return None if scope is None else cache_for(name)


def note(
    name: str, effects: Iterable[Effect], libraries: frozenset[str], known: Mapping[str, object] | None = None
) -> None:
    """Record what a call of the library came to; the program goes on, whatever comes of that."""
    # Of a child process the parent may not be there any more to be told.
    with suppress(CacheTestError):
        cache = _cache(name)
        if cache is not None:
            cache.operations.record_all(effects, libraries, _getframe(1), known)


def fail(
    name: str,
    keys: Iterable[object],
    error: str,
    libraries: frozenset[str],
    known: Mapping[str, object] | None = None,
) -> None:
    """Record that a call about *keys* has failed with *error*: one failure for each key."""
    with suppress(CacheTestError):
        cache = _cache(name)
        if cache is not None:
            failures: list[Effect] = [("failure", key) for key in keys]
            more = {**(known or {}), "error": error}
            cache.operations.record_all(failures, libraries, _getframe(1), more)


def remark(name: str, asked: str, libraries: frozenset[str], store: object) -> None:
    """Remember that *asked*, which is not counted, may have changed entries of *store*."""
    with suppress(CacheTestError):
        cache = _cache(name)
        if cache is not None:
            cache.remark(asked, _getframe(1), libraries, None if store is None else str(store))


@contextmanager
def call_of(held: object) -> Iterator[None]:
    """Have what is asked of a client in the block counted as a part of the call of *held* around it."""
    around = call_around()
    call = OuterCall()
    call.held = held
    outer_call.set(call)
    try:
        yield
    finally:
        outer_call.set(around)
