"""`global_stats`: the scope that the running test is in, from wherever it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO, cast

from ..errors import NotPatchedError
from .attribution import current_scope
from .cache import MockCache
from .caches import MockCaches
from .scope import lines_left

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .._behaving.clock import Clock
    from .._recording.operation import Injected
    from ..faults import Fault

__all__ = ["GlobalStats", "global_stats"]


class GlobalStats(Mapping[str, MockCache]):
    """The scope that the running test, or ``with PatchCaches()`` block, is in.

    After exit it shows that scope until the next one begins. It has what `MockCaches` has; before the
    first scope, *names* are there with nothing counted.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._idle = MockCaches(names, footnotes=lines_left)

    @property
    def _caches(self) -> MockCaches:
        scope = current_scope()
        return self._idle if scope is None else scope.caches

    @property
    def clock(self) -> Clock:
        """As `MockCaches.clock`; a `NotPatchedError` before the first scope, where it would move nothing."""
        if current_scope() is None:
            raise NotPatchedError("no scope was opened yet, and so there is no clock")
        return self._caches.clock

    def get_stat(self, name: str) -> MockCache:
        """As `MockCaches.get_stat`."""
        return self._caches.get_stat(name)

    def reset(self) -> None:
        """As `MockCaches.reset`."""
        self._caches.reset()

    def report(self, file: TextIO | None = None, *, entries: bool = True, operations: bool = True) -> None:
        """As `MockCaches.report`."""
        self._caches.report(file, entries=entries, operations=operations)

    def as_dict(self) -> dict[str, Any]:
        """As `MockCaches.as_dict`."""
        return self._caches.as_dict()

    def inject(self, *faults: Fault, **options: Any) -> Injected:
        """As `MockCaches.inject`."""
        return self._caches.inject(*faults, **options)

    def settle(self, patience: float = 5.0) -> Any:
        """As `MockCaches.settle`."""
        return self._caches.settle(patience)

    def __getitem__(self, name: str) -> MockCache:
        return self._caches[name]

    def __getattr__(self, name: str) -> MockCache:
        # copy and pickle probe for dunders before __init__ has run.
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if hasattr(MockCaches, name):
            # What the caches of a scope can do besides.
            return cast("MockCache", getattr(self._caches, name))
        return self._caches.__getattr__(name)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "_idle":
            super().__setattr__(name, value)
        else:
            setattr(self._caches, name, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._caches)

    def __len__(self) -> int:
        return len(self._caches)

    def __repr__(self) -> str:
        return f"<global_stats: {self._caches!r}>"


global_stats = GlobalStats()
