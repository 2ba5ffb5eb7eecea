"""`MockCaches`: the caches of one scope, by name."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO
from weakref import ref

from .._behaving.acted_on import ActedOn
from .._recording import numbering
from .._recording.log import ObservedLog, OperationLog
from .._recording.packages import NO_LIBRARIES
from ..errors import UnknownCacheError, closest_first
from .acting_all import ActingCaches
from .asserting_all import AssertingCaches
from .backend_names import backend_names
from .blocks import Block
from .cache import MockCache
from .counting import CountingCaches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .._behaving.acted_on import InForceIn
    from .._recording.operation import Operation
    from .._telling.history import History
    from .cache import Explainer

__all__ = ["MockCaches"]


# What is of the scope itself, or can't be pickled.
_NOT_COPIED = ("_numbers", "_inherit", "_scope", "_awaited")
# Held in a tuple, since who stops the time of a program replaces such names in all modules.
_MONOTONIC = (monotonic,)
# So many blocks of a scope are remembered, to say where operations were.
_REMEMBERED = 20


class MockCaches(CountingCaches, ActingCaches, AssertingCaches, ActedOn, Mapping[str, MockCache]):
    """The caches of one scope, by name: ``caches["fx_graph"]`` and ``caches.fx_graph`` are the same.

    A cache that is named like a method (``"items"``) is reached by ``caches["items"]`` only.
    """

    _names: tuple[str, ...]
    _adapter_for: Callable[[str], str | None] | None
    _footnotes: Callable[[], Iterable[str]]
    _observer: Callable[[Operation], None] | None = None
    _log_length: int | None
    _caches: dict[str, MockCache]
    _explainer_of: Callable[[str], Explainer | None] | None
    _explains_misses: bool = True
    _numbers: Iterator[int]
    _shared: dict[str, Any]
    _inherit: Callable[[MockCache], None] | None = None
    _log_outside = NO_LIBRARIES
    _blocks: tuple[Block, ...] = ()

    def __init__(
        self,
        names: Iterable[str] = (),
        adapter_for: Callable[[str], str | None] | None = None,
        footnotes: Callable[[], Iterable[str]] | None = None,
        log_length: int | None = None,
        explainer_of: Callable[[str], Explainer | None] | None = None,
        *,
        observer: Callable[[Operation], None] | None = None,
        by_name: dict[str, MockCache] | None = None,
        inherit: Callable[[MockCache], None] | None = None,
        log_outside: frozenset[str] = NO_LIBRARIES,
        scope: ref[InForceIn] | None = None,
    ) -> None:
        """Have one empty cache for each of *names*.

        *adapter_for* tells which adapter, if any, would add an unknown name; *footnotes* gives the lines that
        end the report; *log_length* is how many operations each cache keeps, 10,000 by default;
        *explainer_of* gives, for the name of a cache, the adapter that explains its misses; *observer* is
        told of every operation on any of the caches; *by_name* is the dict that they are kept in; *inherit*
        gives a new cache what it begins with; *log_outside* are the packages that are not the caller of an
        operation; *scope* is told where something is put in force.
        """
        # Not by assignments, which __setattr__ makes slow: a scope is opened for every test.
        own = vars(self)
        own["_names"] = tuple(names)
        own["_adapter_for"] = adapter_for
        own["_footnotes"] = tuple if footnotes is None else footnotes
        if observer is not None:
            own["_observer"] = observer
        if inherit is not None:
            own["_inherit"] = inherit
        own["_log_length"] = log_length
        if log_outside:
            own["_log_outside"] = log_outside
        if scope is not None:
            own["_scope"] = scope
        own["_explainer_of"] = explainer_of
        # One sequence for all of the caches.
        own["_numbers"] = numbering.make()
        # What adapters keep for all of the caches together.
        own["_shared"] = {"began": _MONOTONIC[0]()}
        # Each is made on first use, as most tests use one or two.
        own["_caches"] = {} if by_name is None else by_name

    def ensure(self, name: str) -> MockCache:
        """Return the cache called *name*, made now if there was none."""
        # A lookup first: this is on the path of every operation. setdefault is atomic, so two threads
        # that use a new name at once get one cache.
        found = self._caches.get(name)
        if found is None:
            made = self._make(name)
            made.in_force = self._in_force
            made.shared = self._shared
            made.scope_caches = ref(self)
            if self._explainer_of is not None:
                made.explainer = self._explainer_of(name)
                made.explains_misses = self._explains_misses
            if self._inherit is not None:
                self._inherit(made)
            found = self._caches.setdefault(name, made)
        return found

    def explain_no_misses(self) -> None:
        """Have adapters keep nothing that explains a miss, in the caches that are made from now on."""
        vars(self)["_explains_misses"] = False

    def _make(self, name: str) -> MockCache:
        if self._observer is None:
            log = OperationLog(name, self._log_length, self._numbers, self._log_outside)
            return MockCache(name, log)
        # Loaded here: nearly always there is none.
        from .uncounted_cache import UncountedCache

        return UncountedCache(name, ObservedLog(name, self._log_length, self._numbers, self._observer))

    def _know(self, names: Iterable[str], explainer_of: Callable[[str], Explainer | None] | None) -> None:
        """Have one cache for each of *names*, and *explainer_of* give what explains each."""
        own = vars(self)
        own["_names"] = tuple(names)
        own["_explainer_of"] = explainer_of
        for name, cache in self._caches.copy().items():
            cache.explainer = None if explainer_of is None else explainer_of(name)

    def add_block(self, label: object, caches: MockCaches) -> Block:
        """Remember a block inside this scope that has *caches* of its own, until it is closed and after."""
        block = Block(label, caches)
        vars(self)["_blocks"] = (*self._blocks[1 - _REMEMBERED :], block)
        return block

    def used_in_blocks(self, name: str) -> dict[str, int]:
        """Return how many operations on a cache called *name* there were in each block, by its label."""
        found: dict[str, int] = {}
        for block in self._blocks:
            count = block.used().get(name, 0)
            if count:
                label = str(block.label)
                found[label] = found.get(label, 0) + count
        return found

    def history_of(
        self, cache: MockCache, before: Mapping[str, int] | None = None, since: object = None
    ) -> History:
        """Return the history of *cache*.

        *before* is what `used_in_blocks` returned where it begins, and *since* the cache's `moment` then.
        """
        found = self.used_in_blocks(cache.name)
        told = [(block, count - (before or {}).get(block, 0)) for block, count in found.items()]
        in_blocks = [(block, count) for block, count in told if count > 0]
        return cache.history(self.values(), in_blocks, since)

    def blocks_told(self) -> list[str]:
        """Return which caches the blocks have used, or have."""
        told = [(block.label, tuple(block.used()) or block.names()) for block in self._blocks]
        return [f"{label} has {', '.join(map(repr, names))}" for label, names in told if names]

    def why_none(self) -> str:
        """Return what is to be said where it has no caches."""
        backends = backend_names()
        there_are = f"the MockBackends are {', '.join(sorted(map(repr, backends)))}"
        text = f"no adapter was patched, and {there_are if backends else 'there is no MockBackend'}"
        blocks = self.blocks_told()
        return f"{text}; but {'; '.join(blocks)}" if blocks else text

    def get_stat(self, name: str) -> MockCache:
        """Return the cache called *name*; an `UnknownCacheError` lists those that are known."""
        return self[name]

    def reset(self) -> None:
        """Reset every cache in place: a `MockCache` held from before stays valid."""
        for cache in self.values():
            cache.reset()

    def by_name(self) -> dict[str, MockCache]:
        """Return the caches that were made, as a live dict: for code that looks one up at every operation."""
        return self._caches

    def report(self, file: TextIO | None = None, *, entries: bool = True, operations: bool = True) -> None:
        """Print the counts of every cache, then the entries and the operations, unless told not to.

        *file* is standard error by default. Keys and values are cut at 100 characters. Long lists are
        truncated, with a count of what was left out: the first entries and the newest operations are shown.
        The newest miss of each cache is explained. Stray operations come last.
        """
        from .._reports.text import write_report

        write_report(self, file, entries=entries, operations=operations, footnotes=self._notes())

    def as_dict(self) -> dict[str, Any]:
        """Return counts, entries and operations, ready for ``json.dumps``.

        Keys and values of entries that JSON can't hold are shown by their shortened repr.
        """
        from .._reports.data import as_dict

        return as_dict(self)

    def __getstate__(self) -> dict[str, Any]:
        # A `count` can be copied and pickled until Python 3.13 only, and not without a warning.
        return {name: value for name, value in vars(self).items() if name not in _NOT_COPIED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        own = vars(self)
        own.update(state)
        logs = [cache.operations for cache in self._caches.values()]
        own["_numbers"] = numbers = count(1 + max((log[-1].number for log in logs if log), default=0))
        for log in logs:
            log.numbers = numbers

    def __getitem__(self, name: str) -> MockCache:
        try:
            if (found := self._caches.get(name)) is not None:
                return found
            if name in self._names or name in backend_names():
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
        used = [
            name
            for name, cache in self._caches.copy().items()
            if not cache.is_unlisted or cache.operations.total
        ]
        return iter(dict.fromkeys([*self._names, *used]))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        inside = ", ".join(f"{cache.name}: ({cache})" for cache in self.values())
        return f"<MockCaches {inside}>" if inside else "<MockCaches, none>"

    def _unknown(self, name: object) -> str:
        if not isinstance(name, str):
            return f"a cache has a string for a name, not {name!r}"
        text = f"no cache {name!r} here"
        blocks = [str(block.label) for block in self._blocks if name in block.names()]
        if blocks:
            where = " and in ".join(dict.fromkeys(blocks))
            text += (
                f": the one of that name is in {where}, which has caches of its own. They are the attribute "
                "`caches` of its PatchCaches"
            )
        if self:
            # Loaded here: only a failure needs it.
            from difflib import get_close_matches

            # Backends of other tests may be there too: only one that may have been meant is no noise.
            meant = get_close_matches(name, backend_names(), 1)
            text += f"; known, the closest first: {', '.join(closest_first(name, {*self, *meant}))}"
        elif not blocks:
            text += f": {self.why_none()}"
        adapter = self._adapter_for(name) if self._adapter_for is not None else None
        if adapter is not None:
            text += f". The adapter {adapter!r} would add it: patch_caches = ({adapter!r},)"
        return text
