"""`MockCache`: one named cache, with its counts, its entries and the log of its operations."""

from __future__ import annotations

from functools import partial
from sys import _getframe
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast
from weakref import ref

from .._behaving.gate import MISSING, Gate
from .._recording.call_sites import CallSite
from .._recording.log import OperationLog
from .._recording.packages import NO_LIBRARIES
from .._recording.stats import Stats
from ..errors import NoMissError
from .acting import ActingCache
from .asserting import AssertingCache
from .asserting_runs import AssertingRuns
from .stateful import Stateful

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
    from datetime import timedelta
    from types import FrameType

    from typing_extensions import Self

    from .._telling.explanation import Explanation
    from .._telling.history import History
    from .._telling.key_parts import Part

    Copy = Callable[[object, Any], Any]

__all__ = ["Explainer", "MockCache"]

T = TypeVar("T")

_OF_ITS_SCOPE = frozenset({"inheritance", "origin", "scope_caches", "shared"})
# So many keys that a reset has taken away are remembered, to say so of a miss.
_FORGOTTEN = 1_000


class Explainer(Protocol):
    """An object that can take the keys of a cache apart: an adapter."""

    def components(self, cache: MockCache, key: object) -> list[Part]: ...
    def why_opaque(self, cache: MockCache) -> str: ...
    def why_unused(self, cache: MockCache) -> str: ...


class _Compares(Explainer, Protocol):
    """One that knows when what it has seen came about: since the moment that it is given, or at all."""

    def moment(self) -> Any: ...
    def why_unused(self, cache: MockCache, since: Any = ...) -> str: ...
    def why_fewer(self, cache: MockCache, since: Any = ...) -> str: ...


class Copier(Protocol):
    """An object that copies the entries that a cache begins with."""

    def copied(self, cache: MockCache, key: object, value: Any) -> Any: ...


class MockCache(ActingCache, AssertingCache, AssertingRuns, Stateful, Gate, Stats):
    """One named cache: its counts (it *is* a `Stats`), its entries and the log of its operations.

    ``cache`` is a plain dict of the entries, to read and to empty; where a library keeps them itself, it is
    a live view of those. ``operations`` is a sequence of `Operation`, the oldest first. ``unavailable`` says
    which of ``"puts"``, ``"hits"``, ``"misses"``, ``"operations"`` and ``"entries"`` can't be known of this
    cache, and why. ``library_counts`` returns what a library that is watched has counted so far, and never
    less than before. Counts are exact whichever threads, signal handlers or finalizers the operations come
    from.
    """

    operations: OperationLog
    unavailable: Mapping[str, str] = MappingProxyType({})
    library_counts: Callable[[], Stats] | None = None
    problems: tuple[str, ...] = ()
    """Why its counts can't be trusted, a line for each; none where they can be."""

    # What was added to puts, hits and misses by hand: `+=`, or an assignment to one of them.
    _added = (0, 0, 0)
    # The refusals of the cache that this is a copy of.
    _refused = 0

    # What it began as in the scope of its class, the keys then, which can't be copied, and what copies.
    origin: MockCache | None = None
    inherited: Sequence[object] = ()
    by_reference: dict[object, str]
    inheritance: Copier | None = None
    # Whether it is listed only where it has operations: it is the server of another that is asserted on.
    is_unlisted = False

    # Whether the hooks of its adapter keep for this cache what explains a miss.
    explains_misses = True
    _forgotten: tuple[object, ...] = ()

    def __init__(self, name: str, operations: OperationLog | None = None) -> None:
        """Make an empty cache, with an empty log unless it is given one."""
        self.name = name
        self.cache: MutableMapping[Any, Any] = {}
        self.operations = OperationLog(name) if operations is None else operations
        self._adapter_state: dict[str, Any] = {}
        # What adapters keep for all caches of one scope, which have the same.
        self.shared: dict[str, Any] = {}
        self.by_reference = {}
        self.operations.owner = ref(self)

    def get(
        self, key: object, libraries: frozenset[str] = NO_LIBRARIES, frame: FrameType | None = None
    ) -> Any:
        """Look *key* up, count a hit or a miss, and return the value or `MISSING`.

        *libraries* are the top-level packages whose lines are not the caller's, and *frame* is where to begin
        to look for that, if not where this was called.
        """
        find = partial(self.cache.get, key, MISSING)
        return self.lookup(key, find, libraries, frame or _getframe().f_back)

    def put(
        self,
        key: object,
        value: object,
        libraries: frozenset[str] = NO_LIBRARIES,
        frame: FrameType | None = None,
        ttl: float | timedelta | None = None,
    ) -> None:
        """Write *value*, to live for *ttl* where one is given, and count a put."""
        do: Callable[[], None] = partial(self.cache.__setitem__, key, value)
        if ttl is not None:
            from .timed_entries import storing

            do = storing(self, key, value, ttl)
        self.write(key, do, libraries, frame or _getframe().f_back)

    def delete(self, key: object, libraries: frozenset[str] = NO_LIBRARIES) -> bool:
        """Forget the entry of *key*, log a delete, and return whether there was one."""

        def forget() -> bool:
            return self.cache.pop(key, MISSING) is not MISSING

        return self.perform("delete", (key,), forget, lambda _: (("delete", key),), libraries)

    def adapter_state(
        self,
        what: str,
        make: Callable[[], T],
        inherit: Callable[[T, T, Copy], Iterable[object]] | None = None,
    ) -> T:
        """Return what *make* made when *what* was first asked for.

        It is where an adapter has the entries of a library that keeps them itself: one store for each cache
        of each scope. *inherit* is called with what was made, with what the scope of the class has by this
        name, if there is one, and with ``copy(key, value)``: it gives the first the entries of the second,
        copied, and returns their keys as they are logged.
        """
        if (found := self._adapter_state.get(what)) is None:
            made, keys = make(), tuple[object, ...]()
            if inherit is not None and self.origin is not None and what in self.origin._adapter_state:
                keys = tuple(inherit(made, self.origin._adapter_state[what], self._copied))
            # Two may make one at once, garbage that is collected on this thread too; setdefault is atomic.
            found = self._adapter_state.setdefault(what, made)
            if found is made:
                self.inherited = (*self.inherited, *keys)
        return cast("T", found)

    def _copied(self, key: object, value: Any) -> Any:
        return value if self.inheritance is None else self.inheritance.copied(self, key, value)

    @property
    def stats(self) -> Stats:
        """The counts as they are now, detached: later operations don't change them."""
        return Stats(*self.counts())

    def reset(self) -> None:
        """Forget counts, entries and operations, in place."""
        # A library that is watched keeps its counts: they are taken off.
        puts, hits, misses = self._watched()
        self._added = (-puts, -hits, -misses)
        # The keys that had been put, as far as known, the newest first; whole lists: others may change them.
        known = self.operations.keys("put")[:_FORGOTTEN] + list(self.cache)[:_FORGOTTEN]
        self._forgotten = (*known, *self.inherited, *self._forgotten)[:_FORGOTTEN]
        self.inherited = ()
        self._refused = 0
        # In this order, what another thread puts in between is counted.
        self.operations.clear()
        self.cache.clear()

    def explain(self, key: object = MISSING) -> Explanation:
        """Explain the newest miss, or that of *key*: why it was none of the keys that had been put.

        None is a key like any other. A hit that the library refused to use, and a bypass, are explained as
        well. Raises `NoMissError` when there is none in the log.
        """
        history = self.history()
        for index in reversed(history.misses()):
            if key is MISSING or history.is_of(index, key):
                return history.explain(index)
        from .._telling.formatting import short_repr

        of_key = "" if key is MISSING else f" of {short_repr(key)}"
        why = f": {self.unavailable['operations']}" if "operations" in self.unavailable else ""
        raise NoMissError(f"cache {self.name!r} has no miss{of_key} in its log to explain{why}")

    def moment(self) -> object:
        """Return what its adapter has for now, for `history` to be given later; None if it has nothing."""
        return cast("_Compares", self.explainer).moment() if hasattr(self.explainer, "moment") else None

    def remark(self, asked: str, frame: FrameType, libraries: frozenset[str], store: str | None) -> None:
        """Remember that a library was *asked* for what is not counted and may change entries of *store*.

        *frame* and *libraries* are as for `get`; None for *store* is all of them. What came of it can't be
        told from the operations, and so a text names it.
        """
        from .._telling.facts import remember_aside

        remember_aside(self, asked, CallSite(frame, libraries), store)

    def origin_of(self, key: object, store: str | None, number: int) -> str | None:
        """Return where the entry of *key* came from, which the operation *number* hit and none had put."""
        from .._telling.facts import origin_without_put

        return origin_without_put(self, key, store, number)

    def history(
        self,
        others: Iterable[MockCache] = (),
        in_blocks: Sequence[tuple[str, int]] = (),
        since: object = None,
    ) -> History:
        """Return what happened to it, set up to explain it.

        *others* may have the keys it lacks, and *in_blocks* says how many operations on a cache of its name
        there were in each block inside its scope. Why it was not used is told of what came after *since*, a
        moment.
        """
        from .._telling.facts import history_of

        all_known = len(self._forgotten) < _FORGOTTEN
        return history_of(self, others, self._forgotten, in_blocks, since, all_known=all_known)

    def __getstate__(self) -> dict[str, Any]:
        # What it began as is another scope's, and what it shares is of one process.
        return {name: value for name, value in vars(self).items() if name not in _OF_ITS_SCOPE}

    def __copy__(self) -> MockCache:
        # Counts of its own, for whoever compares before and after; the default would share them.
        copied = MockCache(self.name)
        copied.cache = dict(self.cache)
        copied += self
        copied._refused = self.num_refusal
        return copied

    def __repr__(self) -> str:
        return f"<MockCache {self.name!r}: {self}>"

    # A count is a tally of the log, so that there is one record of what happened, not two.

    @property
    def num_put(self) -> int:
        return self._added[0] + self.operations.tally("put") + self._watched()[0]

    @num_put.setter
    def num_put(self, value: int) -> None:
        self._add(value - self.num_put, 0, 0)

    @property
    def num_get_hit(self) -> int:
        return self._added[1] + self.operations.tally("hit") + self._watched()[1]

    @num_get_hit.setter
    def num_get_hit(self, value: int) -> None:
        self._add(0, value - self.num_get_hit, 0)

    @property
    def num_get_miss(self) -> int:
        return self._added[2] + self.operations.tally("miss") + self._watched()[2]

    @num_get_miss.setter
    def num_get_miss(self, value: int) -> None:
        self._add(0, 0, value - self.num_get_miss)

    @property
    def num_refusal(self) -> int:
        """How many hits found what the library would not use. It is none of the three that `==` compares."""
        return self._refused + self.operations.tally("refusal")

    def _watched(self) -> tuple[int, int, int]:
        return (0, 0, 0) if self.library_counts is None else self.library_counts().counts()

    def _add(self, puts: int, hits: int, misses: int) -> None:
        self._added = (self._added[0] + puts, self._added[1] + hits, self._added[2] + misses)

    def __iadd__(self, other: Stats) -> Self:
        if not isinstance(other, Stats):
            return NotImplemented
        self._add(*other.counts())
        return self
