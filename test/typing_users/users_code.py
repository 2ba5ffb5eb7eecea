"""A user's code that has every public name, for type checkers to read: nothing in here is run.

``mypy --strict test/typing_users`` and ``pyright test/typing_users`` have nothing to say of it.
"""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import assert_type

from cachetest import (
    CacheTestCase,
    CacheTestError,
    CacheTestMixin,
    CacheTestWarning,
    ChildOperationError,
    LateOperationWarning,
    MissingLibraryError,
    MockBackend,
    MockCache,
    MockCaches,
    NoMissError,
    NotPatchedError,
    Operation,
    PatchCaches,
    Stats,
    SwitchError,
    UnknownAdapterError,
    UnknownCacheError,
    UnknownSwitchError,
    global_stats,
    join,
    mock_cache,
)
from cachetest.adapters import (
    ABSENT,
    MISSING,
    Adapter,
    Cachetools,
    Django,
    Dogpile,
    Functools,
    Inductor,
    Pymemcache,
    Redis,
    Switch,
    Targets,
    Undo,
    cache_for,
    is_late,
    own_attribute,
)
from cachetest.contract import MISSING as CONTRACT_MISSING
from cachetest.contract import AdapterContract, Subject, contract_table

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from contextlib import AbstractContextManager


class Library:
    """A library that a user has, with a backend and a flag."""

    backend: MockBackend | None = None
    flag: object = False


class PriceTests(CacheTestCase):
    patch_caches = (Functools(prices="shop:price_of"), "redis")
    enable_caches = ("fx_graph_remote_cache",)
    explain_misses = False
    log_length = 100

    def test_assertions(self) -> None:
        self.assertCacheStats("prices", puts=1, hits=0, misses=1, refusals=0, msg="cold")
        self.assertCacheStats("prices", Stats(1, 0, 1))
        with self.assertCacheDelta("prices", hits=1):
            MockBackend("prices").get("lamp")
        self.assertCacheUnused("users", msg="unused")
        self.assertCached("prices", "lamp", 4.0)
        self.assertNotCached("prices", ("lamp", 1))
        assert_type(self.assertCacheFresh(lambda: 4.0, after=self.caches.reset), None)
        self.assertEqual(self.caches.prices, Stats(1, 0, 1))
        self.assertCacheFresh(lambda: "4", after=list, caches=("prices",), equal=str.__eq__, msg="fresh")

    async def test_awaited(self) -> None:
        await self.assertCacheFresh(self.test_awaited, after=self.test_awaited, raises=(ValueError, KeyError))

    def test_scope(self) -> None:
        assert_type(self.caches, MockCaches)
        assert_type(self.caches.prices, MockCache)
        assert_type(self.caches["prices"], MockCache)
        assert_type(self.caches.get_stat("prices"), MockCache)
        self.caches.report(entries=False, operations=False)
        assert_type(self.caches.as_dict(), dict[str, Any])
        self.caches.reset()

    def test_cache(self) -> None:
        cache: MockCache = self.caches.prices
        assert_type(cache.stats, Stats)
        assert_type(cache - cache.stats, Stats)
        assert_type(cache.hit_ratio, "float | None")
        assert_type(cache.num_put + cache.num_get + cache.num_get_hit + cache.num_refusal, int)
        cache.cache.clear()
        cache.reset()
        print(cache.explain(), cache.explain("lamp").reason, cache.operations.dropped)
        unavailable: Mapping[str, str] = cache.unavailable
        counts: Callable[[], Stats] | None = cache.library_counts
        print(unavailable, counts)

    def test_operation(self) -> None:
        operation = next(iter(self.caches.prices.operations))
        assert_type(operation, Operation)
        assert_type(operation.number, int)
        assert_type(operation.cache, str)
        print(operation.kind, operation.asked, operation.key, operation.store, operation.origin)
        print(operation.thread, operation.process, operation.where, operation.error)


class OwnTestCase(unittest.TestCase):
    """The base class of a project."""


class MixedTests(CacheTestMixin, OwnTestCase):
    patch_caches: ClassVar[Sequence[str | Adapter] | None] = ()

    def test_nothing_is_used(self) -> None:
        self.assertCacheUnused()


@PatchCaches()
def count(backend: MockBackend, *, key: str) -> int:
    backend.get(key)
    return global_stats.prices.num_get


@PatchCaches("django", enable=["fx_graph"], explain_misses=False, log_length=1, log_outside=["a"], patience=1)
async def count_later(key: str) -> int:
    return global_stats["prices"].num_get


async def use_patch_caches() -> None:
    with PatchCaches(Redis(pages="redis://localhost/1")) as patch:
        assert_type(patch, PatchCaches)
        assert_type(patch.caches, MockCaches)
    assert_type(count(MockBackend("prices"), key="lamp"), int)
    assert_type(await count_later("lamp"), int)
    PatchCaches.setUp()
    PatchCaches.tearDown()
    join()
    global_stats.report()
    global_stats.reset()


def use_errors() -> list[type[Warning]]:
    try:
        MockBackend.with_name("prices")().put("lamp", 4.0)
    except (UnknownCacheError, UnknownAdapterError, UnknownSwitchError, NoMissError) as error:
        lookup_error: LookupError = error
        print(lookup_error)
    except (SwitchError, MissingLibraryError, NotPatchedError, ChildOperationError) as error:
        any_error: CacheTestError = error
        print(any_error)
    return [CacheTestWarning, LateOperationWarning]


def use_mock_cache() -> None:
    mock_cache.PatchCaches.setUp()
    with mock_cache.PatchCaches() as patch:
        assert_type(patch.caches, MockCaches)
        mock_cache.MockBackend("fx_graph").put("key", b"value")
        mock_cache.MockBackend.with_name("fx_graph")().get("key")
    mock_cache.PatchCaches.tearDown()
    stats: Stats = mock_cache.Stats(1, 0, 0)
    assert_type(mock_cache.global_stats.fx_graph == stats, bool)


ADAPTERS: list[Adapter] = [
    Inductor(),
    Functools(prices=count),
    Cachetools(sessions="app:sessions"),
    Django("default"),
    Dogpile(users="app.cache:region"),
    Redis(),
    Pymemcache(pages=("localhost", 11211), users="/run/memcached.sock"),
]


class LibrarySwitch(Switch):
    name = "library_cache"
    per_context = False

    def exists(self) -> bool:
        return hasattr(Library, "flag")

    def save(self) -> object:
        return own_attribute(Library, "flag")

    def restore(self, saved: object) -> None:
        if saved is not ABSENT:
            Library.flag = saved

    def get(self) -> object:
        return Library.flag

    def set(self, value: bool) -> None:
        Library.flag = value


class LibraryAdapter(Adapter):
    name = "library"
    caches = ("library",)
    switches = (LibrarySwitch(),)

    def install(self) -> Undo:
        return Undo(self._patch)

    def _patch(self, undo: Undo) -> None:
        undo.set_attribute(Library, "backend", MockBackend("library"))
        undo.set_attributes([(Library, "flag", True)])
        undo.at_rest(print)

    def is_ready(self) -> bool:
        return not is_late()

    def scope_context(self, caches: MockCaches) -> AbstractContextManager[object] | None:
        caches["library"].unavailable = {"puts": "the library does not count them"}
        caches["library"].library_counts = Stats
        return None

    def patched_attributes(self) -> Mapping[str, object]:
        return {"Library.flag": own_attribute(Library, "flag")}

    def entry_key(self, cache: str, key: object) -> object:
        return f"{cache}:{key}"

    def components(self, cache: MockCache, key: object) -> list[tuple[str, object]]:
        return [*super().components(cache, key), ("cache", cache.name)]

    def why_opaque(self, cache: MockCache) -> str:
        return "the keys are hashes"

    def identity(self) -> Hashable:
        return "library"


class RegionAdapter(Targets):
    name = "region"
    example = "users='app:region'"

    def install(self) -> AbstractContextManager[object]:
        print(self.targets, self.resolve())
        return Undo()


Entries = dict[str, object]
LIBRARIES = frozenset({"library"})


def use_cache(key: str, value: bytes) -> object:
    cache = cache_for("library")
    assert_type(cache, MockCache)
    assert_type(cache.adapter_state("entries", Entries, lambda made, other, copy: ()), Entries)
    cache.put(key, value, LIBRARIES)
    assert_type(cache.delete(key, LIBRARIES), bool)
    found = cache.get(key, LIBRARIES)
    return None if found is MISSING else cache.lookup(key, lambda: MISSING, libraries=LIBRARIES)


class LibrarySubject(Subject):
    adapter = LibraryAdapter()
    caches = ("library",)
    misses_per_put = 0

    def open(self, name: str) -> dict[str, object]:
        return {}

    def get(self, cache: dict[str, object], key: str) -> object:
        return cache.get(key, CONTRACT_MISSING)

    def put(self, cache: dict[str, object], key: str, value: object) -> None:
        cache[key] = value

    def state(self) -> object:
        return Library.backend

    def delete(self, cache: dict[str, object], key: str) -> None:
        del cache[key]


class LibraryContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar[Mapping[str, str]] = {"expiry": "the library has no TTL"}

    def make_subject(self) -> LibrarySubject:
        return LibrarySubject()


print(contract_table(LibraryContract))
