"""A user's code, like that beside it: what is set for single tests, and what lasts outside of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import assert_type

from cachetest import (
    AsyncCacheTestCase,
    CacheTestCase,
    CacheTestError,
    GuardError,
    Operation,
    Stats,
    at_least,
    at_most,
    between,
    cache_options,
    guard,
)
from cachetest.adapters import Adapter, Cachetools, GuardPoint, Jax, Methods, Undo

if TYPE_CHECKING:
    from collections.abc import Iterable


@cache_options(patch_caches=("redis",), enable_caches=["fx_graph_cache"])
class OptionTests(CacheTestCase):
    def setUp(self) -> None:
        self.patchCaches(Cachetools(sessions="app:sessions"), Jax(), "redis", enable=("fx_graph_cache",))

    @cache_options(log_length=5, explain_misses=False, patch_caches=None)
    def number(self, text: str, *, base: int = 10) -> int:
        return int(text, base)

    @cache_options(log_length=5)
    async def number_later(self, text: str) -> int:
        return int(text)

    async def test_types(self) -> None:
        assert_type(self.number("1", base=2), int)
        assert_type(await self.number_later("1"), int)


assert_type(OptionTests("test_types"), OptionTests)

METHODS = (
    Methods(rates="shop.cache:Rates", get="lookup", put="store", delete="drop", missing=KeyError),
    Methods(rates="shop.cache:Rates", clear="clear", key=lambda *args: args, value="rate"),
)


class CountTests(CacheTestCase):
    def test_bounds(self) -> None:
        self.assertCacheStats("prices", hits=at_least(1), misses=at_most(2), puts=between(1, 3))
        self.assertCacheStats("prices", deletes=0, evictions=0, expirations=1, failures=0, process=4711)
        self.assertCacheOperations("prices", ["miss lamp", ("put", b"lamp")], ordered=False, msg="cold")
        self.assertCacheOperations("prices", ("miss lamp", ("put", 1)))

    def test_processes(self) -> None:
        self.assertCacheStats("prices", hits=1, process="ForkProcess-1")
        self.assertCacheOperations("prices", ["hit lamp"], process=0)
        self.assertCacheUnused("prices", process="rank 0", msg="idle")
        with self.assertCacheDelta("prices", puts=1, process="worker"):
            pass
        operation = self.caches.prices.operations[0]
        assert_type((operation.process, operation.process_name), tuple[int | None, str | None])

    def test_snapshots(self) -> None:
        self.assertCacheSnapshot()
        self.assertCacheSnapshot("prices", volatile=(r"user:(\d+)", re.compile("a+")), msg="told")

    def test_blocks(self) -> None:
        with self.assertCacheDelta("prices", puts=1) as delta:
            assert_type(delta.stats, Stats)
        assert_type(delta.operations, list[Operation])
        with self.caches.counting() as all_of_them, self.caches.prices.counting() as one:
            assert_type(all_of_them["prices"].stats + one.stats, Stats)
        assert_type(all_of_them.operations + one.operations, list[Operation])


class CoroutineTests(AsyncCacheTestCase):
    async def test_nothing_is_used(self) -> None:
        self.assertCacheUnused()


class Connection:
    """The connection of a library that a user has."""

    def send(self, data: bytes) -> int:
        return len(data)


class ConnectionAdapter(Adapter):
    name = "connection"

    def install(self) -> Undo:
        return Undo()

    def guard_points(self) -> Iterable[GuardPoint]:
        def place(send: object, connection: Connection, data: bytes) -> str | None:
            return "localhost:9999" if data else None

        return [
            GuardPoint(Connection, "send", place),
            GuardPoint("library:Pool", "send", place, optional=True),
        ]


def use_guard() -> None:
    with guard("redis", ConnectionAdapter(), allow=("localhost:6379", Path("/var/cache"))) as inner:
        assert_type(inner, guard)
        assert_type(inner.refused, tuple[str, ...])
    started = guard().start()
    try:
        Connection().send(b"")
    except GuardError as error:
        any_error: CacheTestError = error
        print(any_error)
    started.stop()
