"""The in-memory caches: `MockCache`, the only place that decides hit or miss, and `MockCaches`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from sys import _getframe
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TextIO, TypeVar, cast

from .callers import NO_LIBRARIES
from .errors import NoMissError, UnknownCacheError, closest_first
from .operations import Kind, ObservedLog, Operation, OperationLog, here
from .stats import Stats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, MutableMapping
    from types import FrameType

    from typing_extensions import Self

    from .explain import Explanation, History, Part

__all__ = ["MISSING", "Explainer", "MockCache", "MockCaches"]


T = TypeVar("T")


class _Missing:
    """What a lookup returns when there is nothing: None may be a cached value."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()

# So many keys that a reset has taken away are remembered, to say so of a miss.
_FORGOTTEN = 1_000


class Explainer(Protocol):
    """What can take the keys of a cache apart: an adapter."""

    def take_apart(self, cache: MockCache, key: object) -> list[Part]: ...
    def opaque(self, cache: MockCache) -> str: ...


class MockCache(Stats):
    """One named cache: its counts (it *is* a `Stats`), its entries and the log of its operations.

    ``cache`` is a plain dict of the entries, to read and to empty; where a library keeps them itself, it is
    a live view of those. ``operations`` is a sequence of `Operation`, the oldest first. ``unknown`` says
    which of ``"puts"``, ``"hits"``, ``"misses"``, ``"operations"`` and ``"entries"`` can't be known of this
    cache, and why. ``source`` returns what a library that is watched has counted so far, and never less than
    before. Counts are exact whichever threads, signal handlers or finalizers the operations come from.
    """

    unknown: Mapping[str, str] = MappingProxyType({})
    source: Callable[[], Stats] | None = None

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
        self._kept: dict[str, Any] = {}

    def get(
        self, key: object, libraries: frozenset[str] = NO_LIBRARIES, frame: FrameType | None = None
    ) -> Any:
        """Look *key* up, count a hit or a miss, and return the value or `MISSING`.

        *libraries* are the top-level packages whose lines are not the caller's, and *frame* is where to begin
        to look for that, if not where this was called.
        """
        # No lock: the key's own __hash__ and __eq__ run in here, and may use a cache themselves.
        value = self.cache.get(key, MISSING)
        # As `OperationLog.record`.
        log = self.operations
        frame = frame or _getframe(1)
        code = frame.f_code
        if libraries or code is not log._caller:
            frame, code = log.find_caller(frame, libraries)
        state = log._state
        kind: Kind
        if value is MISSING:
            kind = "miss"
            state.misses.append(None)
        else:
            kind = "hit"
            state.hits.append(None)
        state.latest.append((kind, key, here.thread, code, frame.f_lasti))
        return value

    def lookup(self, key: object, find: Callable[[], Any], libraries: frozenset[str] = NO_LIBRARIES) -> Any:
        """Look *key* up where a library keeps its entries itself: count what *find* comes to, and return it.

        *find* returns the value, or `MISSING`. An exception of it is not counted.
        """
        value = find()
        self.record("miss" if value is MISSING else "hit", key, libraries)
        return value

    def put(
        self,
        key: object,
        value: object,
        libraries: frozenset[str] = NO_LIBRARIES,
        frame: FrameType | None = None,
    ) -> None:
        """Write *value*, and count a put."""
        self.cache[key] = value
        # As `OperationLog.record`.
        log = self.operations
        frame = frame or _getframe(1)
        code = frame.f_code
        if libraries or code is not log._caller:
            frame, code = log.find_caller(frame, libraries)
        state = log._state
        state.puts.append(None)
        state.latest.append(("put", key, here.thread, code, frame.f_lasti))

    def delete(self, key: object, libraries: frozenset[str] = NO_LIBRARIES) -> bool:
        """Forget the entry of *key*, log a delete, and return whether there was one."""
        found = self.cache.pop(key, MISSING) is not MISSING
        self.record("delete", key, libraries)
        return found

    def keep(self, what: str, make: Callable[[], T]) -> T:
        """Return what *make* made when *what* was first asked for.

        It is where an adapter has the entries of a library that keeps them itself: one store for each cache
        of each scope.
        """
        found = self._kept.get(what)
        if found is None:
            # setdefault is atomic: of two threads that make one at once, both get the same.
            found = self._kept.setdefault(what, make())
        return cast("T", found)

    def record(self, kind: Kind, key: object, libraries: frozenset[str] = NO_LIBRARIES) -> None:
        """Count and log an operation that was done elsewhere, by a library on entries of its own."""
        self.operations.record(kind, key, libraries, _getframe(1))

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
        from .texts import shorten

        of_key = "" if key is MISSING else f" of {shorten(key)}"
        why = f": {self.unknown['operations']}" if "operations" in self.unknown else ""
        raise NoMissError(f"cache {self.name!r} has no miss{of_key} in its log to explain{why}")

    def history(self, others: Iterable[MockCache] = ()) -> History:
        """Return what happened to it, set up to explain its misses; *others* may have the keys it lacks."""
        # Loaded here: only a failure or a report needs it.
        from .explain import Facts, History, components

        explainer = self.explainer
        dropped = self.operations.dropped
        return History(
            self.name,
            self.operations.snapshot(),
            Facts(
                take_apart=components if explainer is None else partial(explainer.take_apart, self),
                opaque="" if explainer is None else explainer.opaque(self),
                forgotten=self._forgotten,
                present=self.cache,
                unkept=tuple(self.keep("keys not kept", set)),
                notes=self.keep("notes", dict),
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
        return (0, 0, 0) if self.source is None else self.source().counts()

    def _add(self, puts: int, hits: int, misses: int) -> None:
        self._added = (self._added[0] + puts, self._added[1] + hits, self._added[2] + misses)

    def __iadd__(self, other: Stats) -> Self:
        if not isinstance(other, Stats):
            return NotImplemented
        self._add(*other.counts())
        return self


class MockCaches(Mapping[str, MockCache]):
    """The caches of one scope, by name: ``caches["fx_graph"]`` and ``caches.fx_graph`` are the same.

    A cache that is named like a method (``"items"``) is reached by ``caches["items"]`` only.
    """

    _names: tuple[str, ...]
    _owners: Callable[[str], str | None] | None
    _footnotes: Callable[[], Iterable[str]] | None
    _observer: Callable[[Operation], None] | None
    _log_length: int | None
    _caches: dict[str, MockCache]
    _explainer_of: Callable[[str], Explainer | None] | None

    def __init__(
        self,
        names: Iterable[str] = (),
        owners: Callable[[str], str | None] | None = None,
        footnotes: Callable[[], Iterable[str]] | None = None,
        log_length: int | None = None,
        explainer_of: Callable[[str], Explainer | None] | None = None,
        *,
        observer: Callable[[Operation], None] | None = None,
    ) -> None:
        """Have one empty cache for each of *names*.

        *owners* tells which adapter, if any, would add an unknown name; *footnotes* gives the lines that end
        the report; *log_length* is how many operations each cache keeps, 10,000 by default; *explainer_of*
        gives, for the name of a cache, what keeps what explains its misses; *observer* is told of every
        operation on any of the caches.
        """
        # Not by assignments, which __setattr__ makes slow: a scope is opened for every test.
        own = vars(self)
        own["_names"] = tuple(names)
        own["_owners"] = owners
        own["_footnotes"] = footnotes
        own["_observer"] = observer
        own["_log_length"] = log_length
        own["_explainer_of"] = explainer_of
        # Each is made on first use, as most tests use one or two.
        own["_caches"] = {}

    def ensure(self, name: str) -> MockCache:
        """Return the cache called *name*, made now if there was none."""
        # A lookup first: this is on the path of every operation. setdefault is atomic, so two threads
        # that use a new name at once get one cache.
        found = self._caches.get(name)
        if found is None:
            made = self._make(name)
            if self._explainer_of is not None:
                made.explainer = self._explainer_of(name)
            found = self._caches.setdefault(name, made)
        return found

    def _make(self, name: str) -> MockCache:
        if self._observer is None:
            return MockCache(name, OperationLog(name, self._log_length))
        return MockCache(name, ObservedLog(name, self._log_length, self._observer))

    def get_stat(self, name: str) -> MockCache:
        """Return the cache called *name*.

        Raises `UnknownCacheError` that lists the known names, the closest first.
        """
        return self[name]

    def reset(self) -> None:
        """Reset every cache in place: a `MockCache` held from before stays valid."""
        for cache in self.values():
            cache.reset()

    def by_name(self) -> dict[str, MockCache]:
        """Return the caches that were made, live: for what looks one up at every operation."""
        return self._caches

    def report(self, file: TextIO | None = None, *, entries: bool = True, operations: bool = True) -> None:
        """Print the counts of every cache, then the entries and the operations, unless told not to.

        *file* is standard error by default. A long key or value is cut at 100 characters; of very many
        entries the first are shown, and of very many operations the newest. The newest miss of each cache is
        explained. Stray operations come last.
        """
        notes = self._footnotes() if self._footnotes is not None else ()
        # Loaded here, as below: few tests ask for it.
        from . import report

        report.write_report(self, file, entries=entries, operations=operations, footnotes=notes)

    def as_dict(self) -> dict[str, Any]:
        """Return counts, entries and operations, ready for ``json.dumps``.

        Keys and values of entries that JSON can't hold are shown by their shortened repr.
        """
        from . import report

        return report.as_dict(self)

    def __getitem__(self, name: str) -> MockCache:
        try:
            if (found := self._caches.get(name)) is not None:
                return found
            if name in self._names:
                return self.ensure(name)
        except TypeError:  # it can't be hashed
            pass
        raise UnknownCacheError(self._unknown(name))

    def __getattr__(self, name: str) -> MockCache:
        # copy and pickle probe for dunders before __init__ has run, when there is no _caches either.
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self[name]

    def __setattr__(self, name: str, value: object) -> None:
        # `caches.fx_graph += Stats(...)` assigns what it got back; anything else is a mistake.
        if not name.startswith("_") and self._caches.get(name) is not value:
            raise AttributeError(f"the cache {name!r} of a scope can't be replaced")
        if name.startswith("_"):
            super().__setattr__(name, value)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._names, *self._caches]))

    def __len__(self) -> int:
        return len({*self._names, *self._caches})

    def __repr__(self) -> str:
        inside = ", ".join(f"{cache.name}: ({cache})" for cache in self.values())
        return f"<MockCaches {inside}>" if inside else "<MockCaches, none>"

    def _unknown(self, name: object) -> str:
        if not isinstance(name, str):
            return f"a cache has a string for a name, not {name!r}"
        text = f"no cache {name!r} here"
        if self:
            text += f"; known, the closest first: {', '.join(closest_first(name, self))}"
        else:
            text += ": no adapter was patched, and no MockBackend was used"
        owner = self._owners(name) if self._owners is not None else None
        if owner is not None:
            text += f". The adapter {owner!r} would add it: patch_caches = ({owner!r},)"
        return text
