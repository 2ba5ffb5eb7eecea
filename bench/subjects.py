"""What is compared: ours, the original and the limit, each as the two calls of a cache."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetest import MockBackend, PatchCaches
from cachetest.adapters import Adapter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    Subject = Callable[[], AbstractContextManager["Calls"]]

__all__ = [
    "NAME",
    "SUBJECTS",
    "Calls",
    "Limit",
    "NoLibrary",
    "limit",
    "original",
    "ours",
    "time_get",
    "time_put",
]

# The original has no caches but its seven.
NAME = "fx_graph"


class NoLibrary(Adapter):
    """What a scope is given so that it patches nothing, whatever libraries a benchmark has imported."""

    name = "none"

    def install(self) -> AbstractContextManager[object]:
        return nullcontext()


class Calls(NamedTuple):
    """How one cache is called, and, where a benchmark asks for it, the dict that its entries are in."""

    get: Callable[[Any], Any]
    put: Callable[[Any, Any], object]
    entries: Any = None


class Limit:
    """A dict and three integers: the least that a cache with counts can do."""

    def __init__(self) -> None:
        self.entries: dict[Any, Any] = {}
        self.puts = self.hits = self.misses = 0

    def get(self, key: Any) -> Any:
        if key in self.entries:
            self.hits += 1
            return self.entries[key]
        self.misses += 1
        return None

    def put(self, key: Any, value: Any) -> None:
        self.puts += 1
        self.entries[key] = value


@contextmanager
def ours() -> Iterator[Calls]:
    """Give the calls of a `MockBackend` in a scope of its own."""
    with PatchCaches(NoLibrary()) as patch:
        backend = MockBackend(NAME)
        yield Calls(backend.get, backend.put, patch.caches[NAME].cache)


@contextmanager
def original() -> Iterator[Calls]:
    """Give those of torch's, which torch's own statistics are not part of."""
    from torch._inductor import mock_cache

    with mock_cache.PatchCaches():
        backend = mock_cache.MockBackend(NAME)
        yield Calls(backend._get, backend._put, mock_cache.global_stats.get_stat(NAME).cache)
    mock_cache.global_stats.reset()


@contextmanager
def limit() -> Iterator[Calls]:
    """Give those of the limit."""
    made = Limit()
    yield Calls(made.get, made.put, made.entries)


SUBJECTS: dict[str, Subject] = {"ours": ours, "original": original, "limit": limit}


def time_get(get: Callable[[Any], Any], keys: Iterable[Any]) -> float:
    """Return the seconds that it takes to get each of *keys*."""
    start = perf_counter()
    for key in keys:
        get(key)
    return perf_counter() - start


def time_put(put: Callable[[Any, Any], object], keys: Iterable[Any], value: Any) -> float:
    """Return the seconds that it takes to put *value* for each of *keys*."""
    start = perf_counter()
    for key in keys:
        put(key, value)
    return perf_counter() - start
