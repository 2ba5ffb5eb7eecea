"""`MockCache`: one named cache, with its counts, its entries and the log of its operations."""

from __future__ import annotations

from functools import partial
from sys import _getframe
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from .._behaving.gate import MISSING, Gate
from .._recording.call_sites import NO_LIBRARIES
from .._recording.log import OperationLog
from .._recording.stats import Stats
from ..errors import NoMissError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping
    from types import FrameType

    from typing_extensions import Self

    from .._telling.explanation import Explanation
    from .._telling.history import History
    from .._telling.key_parts import Part

__all__ = ["Explainer", "MockCache"]

T = TypeVar("T")

# So many keys that a reset has taken away are remembered, to say so of a miss.
_FORGOTTEN = 1_000


class Explainer(Protocol):
    """An object that can take the keys of a cache apart: an adapter."""

    def components(self, cache: MockCache, key: object) -> list[Part]: ...
    def why_opaque(self, cache: MockCache) -> str: ...


class MockCache(Gate, Stats):
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

    # What was added to puts, hits and misses by hand: `+=`, or an assignment to one of them.
    _added = (0, 0, 0)

    # The adapter, while its hooks may keep for this cache what explains a miss.
    explainer: Explainer | None = None
    _forgotten: tuple[object, ...] = ()

    def __init__(self, name: str, operations: OperationLog | None = None) -> None:
        """Make an empty cache, with an empty log of its own unless it is given one."""
        self.name = name
        self.cache: MutableMapping[Any, Any] = {}
        self.operations = OperationLog(name) if operations is None else operations
        self._adapter_state: dict[str, Any] = {}

    def get(
        self, key: object, libraries: frozenset[str] = NO_LIBRARIES, frame: FrameType | None = None
    ) -> Any:
        """Look *key* up, count a hit or a miss, and return the value or `MISSING`.

        *libraries* are the top-level packages whose lines are not the caller's, and *frame* is where to begin
        to look for that, if not where this was called.
        """
        find = partial(self.cache.get, key, MISSING)
        return self.lookup(key, find, libraries, frame or _getframe(1))

    def put(
        self,
        key: object,
        value: object,
        libraries: frozenset[str] = NO_LIBRARIES,
        frame: FrameType | None = None,
    ) -> None:
        """Write *value*, and count a put."""
        self.write(key, partial(self._store, key, value), libraries, frame or _getframe(1))

    def _store(self, key: object, value: object) -> None:
        self.cache[key] = value

    def delete(self, key: object, libraries: frozenset[str] = NO_LIBRARIES) -> bool:
        """Forget the entry of *key*, log a delete, and return whether there was one."""

        def forget() -> bool:
            return self.cache.pop(key, MISSING) is not MISSING

        return self.perform("delete", (key,), forget, lambda _: (("delete", key),), libraries)

    def adapter_state(self, what: str, make: Callable[[], T]) -> T:
        """Return what *make* made when *what* was first asked for.

        It is where an adapter has the entries of a library that keeps them itself: one store for each cache
        of each scope.
        """
        found = self._adapter_state.get(what)
        if found is None:
            # setdefault is atomic: of two threads that make one at once, both get the same.
            found = self._adapter_state.setdefault(what, make())
        return cast("T", found)

    @property
    def stats(self) -> Stats:
        """The counts as they are now, detached: later operations don't change them."""
        return Stats(*self.counts())

    def reset(self) -> None:
        """Forget counts, entries and operations, in place."""
        # A library that is watched keeps its counts: they are taken off.
        puts, hits, misses = self._watched()
        self._added = (-puts, -hits, -misses)
        # The keys that had been put, as far as is known, the newest first; whole lists at once: what other
        # threads change can't be gone through bit by bit.
        known = self.operations.keys("put")[:_FORGOTTEN] + list(self.cache)[:_FORGOTTEN]
        self._forgotten = (*known, *self._forgotten)[:_FORGOTTEN]
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

    def history(self, others: Iterable[MockCache] = ()) -> History:
        """Return what happened to it, set up to explain its misses; *others* may have the keys it lacks."""
        # Loaded here: only a failure or a report needs it.
        from .._telling.history import CacheFacts, History
        from .._telling.key_parts import components

        explainer = self.explainer
        dropped = self.operations.dropped
        return History(
            self.name,
            self.operations.snapshot(),
            CacheFacts(
                components=components if explainer is None else partial(explainer.components, self),
                why_opaque="" if explainer is None else explainer.why_opaque(self),
                forgotten=self._forgotten,
                present=self.cache,
                unkept=tuple(self.adapter_state("keys not kept", set)),
                notes=self.adapter_state("notes", dict),
                dropped=dropped,
                elsewhere=lambda key: [
                    other.name for other in others if other is not self and other._has(key)
                ],
            ),
        )

    def _has(self, key: object) -> bool:
        try:
            return key in self.cache
        except Exception:
            # A key that this cache could not hold, or whose == raises; or entries that nobody can read.
            return False

    def __copy__(self) -> MockCache:
        # Counts of its own, for whoever compares before and after; the default would share them.
        copied = MockCache(self.name)
        copied.cache = dict(self.cache)
        copied += self
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

    def _watched(self) -> tuple[int, int, int]:
        return (0, 0, 0) if self.library_counts is None else self.library_counts().counts()

    def _add(self, puts: int, hits: int, misses: int) -> None:
        self._added = (self._added[0] + puts, self._added[1] + hits, self._added[2] + misses)

    def __iadd__(self, other: Stats) -> Self:
        if not isinstance(other, Stats):
            return NotImplemented
        self._add(*other.counts())
        return self
