"""`MockCaches`: the caches of one scope, by name."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, TextIO
from weakref import ref

from .._recording.log import ObservedLog, OperationLog
from ..errors import UnknownCacheError, closest_first
from .cache import MockCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .._behaving.gate import Behaviour
    from .._recording.operation import Operation
    from .cache import Explainer

__all__ = ["MockCaches", "backend_names", "remember_backend"]


# The name of each MockBackend that there is, weakly: by the id of the backend.
_backends: dict[int, ref[Any]] = {}


def remember_backend(backend: object) -> None:
    """Have the name of *backend*, its attribute ``name``, known in every scope for as long as it is there."""
    at = id(backend)
    _backends[at] = ref(backend, lambda _: _backends.pop(at, None))


def backend_names() -> set[str]:
    """Return the names of the mock backends that there are."""
    # A copy is made at once; other threads make backends meanwhile.
    names = [getattr(found(), "name", None) for found in list(_backends.values())]
    return {name for name in names if isinstance(name, str)}


class MockCaches(Mapping[str, MockCache]):
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
    _numbers: Iterator[int]
    _in_force: tuple[Behaviour, ...] = ()

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
    ) -> None:
        """Have one empty cache for each of *names*.

        *adapter_for* tells which adapter, if any, would add an unknown name; *footnotes* gives the lines that
        end the report; *log_length* is how many operations each cache keeps, 10,000 by default;
        *explainer_of* gives, for the name of a cache, the adapter that explains its misses; *observer* is
        told of every operation on any of the caches; *by_name* is the dict that they are kept in.
        """
        # Not by assignments, which __setattr__ makes slow: a scope is opened for every test.
        own = vars(self)
        own["_names"] = tuple(names)
        own["_adapter_for"] = adapter_for
        own["_footnotes"] = tuple if footnotes is None else footnotes
        if observer is not None:
            own["_observer"] = observer
        own["_log_length"] = log_length
        own["_explainer_of"] = explainer_of
        # One sequence for all of the caches.
        own["_numbers"] = count(1)
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
            if self._explainer_of is not None:
                made.explainer = self._explainer_of(name)
            found = self._caches.setdefault(name, made)
        return found

    def _make(self, name: str) -> MockCache:
        if self._observer is None:
            return MockCache(name, OperationLog(name, self._log_length, self._numbers))
        return MockCache(name, ObservedLog(name, self._log_length, self._numbers, self._observer))

    def _put_in_force(self, behaviours: tuple[Behaviour, ...]) -> None:
        """Have *behaviours*, the innermost last, and no others act before each call to each of the caches."""
        vars(self)["_in_force"] = behaviours
        for cache in self._caches.copy().values():
            cache.in_force = behaviours

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
        """Return the caches that were made, as a live dict: for code that looks one up at every operation."""
        return self._caches

    def report(self, file: TextIO | None = None, *, entries: bool = True, operations: bool = True) -> None:
        """Print the counts of every cache, then the entries and the operations, unless told not to.

        *file* is standard error by default. Keys and values are cut at 100 characters. Long lists are
        truncated, with a count of what was left out: the first entries and the newest operations are shown.
        The newest miss of each cache is explained. Stray operations come last.
        """
        from .._reports.text import write_report

        write_report(self, file, entries=entries, operations=operations, footnotes=self._footnotes())

    def as_dict(self) -> dict[str, Any]:
        """Return counts, entries and operations, ready for ``json.dumps``.

        Keys and values of entries that JSON can't hold are shown by their shortened repr.
        """
        from .._reports.data import as_dict

        return as_dict(self)

    def __getstate__(self) -> dict[str, Any]:
        # A `count` can be copied and pickled until Python 3.13 only, and not without a warning.
        return {name: value for name, value in vars(self).items() if name != "_numbers"}

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
            text += ": no adapter was patched, and there is no MockBackend"
        adapter = self._adapter_for(name) if self._adapter_for is not None else None
        if adapter is not None:
            text += f". The adapter {adapter!r} would add it: patch_caches = ({adapter!r},)"
        return text
