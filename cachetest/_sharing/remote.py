"""Caches that ask: those of the parent's test in a child process, which has none of their entries."""

from __future__ import annotations

from functools import partial
from sys import _getframe
from typing import TYPE_CHECKING, Any
from weakref import ref

from .._behaving.clock import clock_in
from .._behaving.gate import MISSING
from .._caches import attribution
from .._caches.backend_names import is_backend_shared
from .._caches.cache import MockCache
from .._caches.caches import MockCaches
from .._caches.scope import Scope
from .._recording.packages import NO_LIBRARIES
from ..adapters.targets import Targets
from .client import ask, ask_from, is_asking, tell
from .joined import current_parent, refuse
from .refusal import made_to_refuse, refuse_all
from .remote_acting import behaviours_for
from .remote_parts import RemoteClock, RemoteEntries, RemoteLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import timedelta
    from types import FrameType

    from .._behaving.call import Behaviour
    from .._telling.explanation import Explanation
    from .._telling.history import History

__all__ = ["RemoteCache", "RemoteCaches", "ask_outside", "is_shared", "make_all_remote", "make_remote"]


class RemoteCache(MockCache):
    """A cache of the parent's test: what is asked of it is done there.

    Where it is not shared, its entries are of this process, and the parent is told of what is done with them.
    """

    is_remote = True

    @property
    def in_force(self) -> tuple[Any, ...]:
        """What acts on a call that is done on entries of this process."""
        return () if self.is_shared else behaviours_for(self.name, partial(clock_in, self.shared))

    @in_force.setter
    def in_force(self, _: object) -> None: ...

    def get(
        self, key: object, libraries: frozenset[str] = NO_LIBRARIES, frame: FrameType | None = None
    ) -> Any:
        if not self.is_shared:
            return super().get(key, libraries, frame or _getframe(1))
        return ask_from(frame or _getframe(1), libraries, "get", self.name, key)

    def put(
        self,
        key: object,
        value: object,
        libraries: frozenset[str] = NO_LIBRARIES,
        frame: FrameType | None = None,
        ttl: float | timedelta | None = None,
    ) -> None:
        if not self.is_shared:
            super().put(key, value, libraries, frame or _getframe(1), ttl)
            return
        more = () if ttl is None else (ttl,)
        ask_from(frame or _getframe(1), libraries, "put", self.name, key, value, *more)

    def delete(self, key: object, libraries: frozenset[str] = NO_LIBRARIES) -> bool:
        if not self.is_shared:
            return super().delete(key, libraries)
        found: bool = ask_from(_getframe(1), libraries, "delete", self.name, key)
        return found

    def counts(self) -> tuple[int, int, int]:
        found: tuple[int, int, int] = ask("counts", self.name)[0]
        return found

    @property
    def num_put(self) -> int:
        return self.counts()[0]

    @num_put.setter
    def num_put(self, value: int) -> None:
        self._add(value - self.num_put, 0, 0)

    @property
    def num_get_hit(self) -> int:
        return self.counts()[1]

    @num_get_hit.setter
    def num_get_hit(self, value: int) -> None:
        self._add(0, value - self.num_get_hit, 0)

    @property
    def num_get_miss(self) -> int:
        return self.counts()[2]

    @num_get_miss.setter
    def num_get_miss(self, value: int) -> None:
        self._add(0, 0, value - self.num_get_miss)

    @property
    def num_refusal(self) -> int:
        return int(ask("counts", self.name)[1])

    def _add(self, puts: int, hits: int, misses: int) -> None:
        tell("add", self.name, puts, hits, misses)

    def keep_details(self, key: object, details: Any) -> None:
        super().keep_details(key, details)
        tell("details", self.name, key, details)

    def reset(self) -> None:
        tell("reset", self.name)

    def drop_entries(self, keys: Sequence[object] = ()) -> None:
        if self.is_shared:
            tell("drop_entries", self.name)
        else:
            super().drop_entries(keys)

    def explain(self, key: object = MISSING) -> Explanation:
        found: Explanation = ask("explain", self.name, () if key is MISSING else (key,))
        return found

    def history(
        self,
        others: Iterable[MockCache] = (),
        in_blocks: Sequence[tuple[str, int]] = (),
        since: object = None,
    ) -> History:
        found = ask("facts", self.name)
        self._adapter_state.update(found.pop("kept"))
        vars(self).update(found)
        return super().history(others, in_blocks, since)


class RemoteCaches(MockCaches):
    """Caches that ask, those too that are made by being asked for."""

    def _make(self, name: str) -> MockCache:
        made = MockCache(name)
        made.explainer = None if self._explainer_of is None else self._explainer_of(name)
        return _made_remote(made, self._log_outside)

    def __iter__(self) -> Iterator[str]:
        for name in ask("names"):
            self.ensure(name)
        return super().__iter__()

    def __getitem__(self, name: str) -> MockCache:
        if name not in self._caches and isinstance(name, str) and name in ask("names"):
            return self.ensure(name)
        return super().__getitem__(name)

    def _begin(self, behaviour: Behaviour) -> None:
        _refuse_to_act()

    _begin_at_entries = _begin

    def await_end(self, begun: Any, line: Callable[[], str | None]) -> None:
        _refuse_to_act()


def _refuse_to_act() -> None:
    parent = current_parent()
    if parent is None:
        raise AssertionError("these caches ask in a process that is no child of a test")
    refuse(parent, "", "inject(), or another block that acts on the caches of the parent's test,")


def _asks(cache: MockCache) -> bool:
    """Return whether what *cache* is asked can be asked of the parent; it refuses otherwise."""
    adapter = cache.explainer
    return adapter is None or getattr(adapter, "child_support", "refuse") != "refuse"


def _made_remote(cache: MockCache, outside: frozenset[str]) -> MockCache:
    if not _asks(cache):
        return made_to_refuse(cache)
    found = cache.operations
    log = RemoteLog.__new__(RemoteLog)
    log._cache, log._length, log._process = cache.name, found._length, found._process
    log.numbers, log.outside, log.caller, log.owner = found.numbers, outside, None, ref(cache)
    vars(cache).pop("in_force", None)
    cache.__class__ = RemoteCache
    cache.operations = log
    cache.is_shared = is_shared(cache)
    if cache.is_shared:
        if not isinstance(cache.explainer, Targets):
            # What there was of a store is a copy; an object of the program has more than its entries here.
            cache._adapter_state.clear()
        cache.cache = RemoteEntries(cache.name)
    return cache


def is_shared(cache: MockCache) -> bool:
    """Return whether the entries of *cache* are those of the parent."""
    adapter: Any = cache.explainer
    if adapter is None:
        return is_backend_shared(cache.name) is not False
    try:
        return bool(adapter.is_shared(cache))
    except Exception:
        # What it was told of is not there any more: nobody uses it here.
        return True


def make_remote(caches: MockCaches) -> MockCaches:
    """Have all of *caches* ask the parent; those refuse whose adapter can't do either yet."""
    # Not assigned, which would be the replacement of a cache.
    object.__setattr__(caches, "__class__", RemoteCaches)
    own = vars(caches)
    own["_in_force"], own["_inherit"], own["_observer"] = (), None, None
    own["_shared"]["clock"] = RemoteClock()
    for cache in list(caches.by_name().values()):
        _made_remote(cache, caches._log_outside)
    return caches


def make_all_remote(scopes: tuple[Scope, ...]) -> None:
    """Have all caches of *scopes*, which are of the parent, ask it; or refuse, where it can't be asked."""
    if is_asking() is None:
        refuse_all(scopes)
        return
    for scope in scopes:
        scope.closed = True
        scope.is_innermost = False
        # The connections of clients go to what is a copy.
        scope.remembered.clear()
        # Where operations go whose scope has closed.
        vars(scope)["_late"] = make_remote(scope.caches)


def ask_outside(label: str) -> Callable[[], None]:
    """Have all operations outside any scope of this process asked of the parent; return what ends that.

    *label* names the test of the parent.
    """
    found = attribution.outside
    base = Scope(label)
    make_all_remote((base,))
    attribution.outside = base
    return partial(setattr, attribution, "outside", found)
