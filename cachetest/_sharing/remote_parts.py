"""The parts of a cache that asks: its log, its entries and its clock, as the parent has them."""

from __future__ import annotations

from collections import deque
from collections.abc import MutableMapping
from time import time
from typing import TYPE_CHECKING, Any

from .._behaving.clock import Clock
from .._behaving.gate import MISSING
from .._recording.log import OperationLog
from .client import ask, packages_outside, place_of_frame, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FrameType

    from .._recording.operation import Kind
    from .links import At

__all__ = ["RemoteClock", "RemoteEntries", "RemoteLog"]

# What a log of another process is cleared by is another token.
_generations: dict[int, object] = {}


class RemoteLog(OperationLog):
    """The log of a cache that asks: it is read from the parent, and recorded in there."""

    __slots__ = ()

    @property
    def state(self) -> Any:  # type: ignore[override]
        operations, counts, length = ask("operations", self._cache)
        from .._recording.log import _Tally

        return _Tally(deque(operations, length), counts)

    def record(
        self,
        kind: Kind,
        key: object,
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object] | None = None,
    ) -> None:
        self.record_all(((kind, key),), libraries, frame, known)

    def record_numbered(
        self,
        kind: Kind,
        key: object,
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object],
    ) -> int:
        at = self._at(frame, libraries)
        number: int = ask("record_numbered", self._cache, kind, key, dict(known), at=at)
        return number

    def record_all(
        self,
        effects: Iterable[tuple[Kind, object]],
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object] | None = None,
    ) -> None:
        at = self._at(frame, libraries)
        tell("record", self._cache, tuple(effects), None if known is None else dict(known), at=at)

    def _at(self, frame: FrameType, libraries: frozenset[str]) -> At:
        self.outside = packages_outside()
        return place_of_frame(self.find_caller(frame, libraries)[0])

    def clear(self) -> None:
        tell("reset", self._cache)

    def _tallies(self) -> dict[str, int]:
        found: dict[str, int] = ask("tally", self._cache)
        return found

    def tally(self, kind: Kind) -> int:
        return self._tallies()[kind]

    @property
    def total(self) -> int:
        found = self._tallies()
        return sum(found.values()) - found["length"] - found["dropped"]

    @property
    def generation(self) -> object:
        return _generations.setdefault(ask("generation", self._cache), object())

    @property
    def dropped(self) -> int:
        return self._tallies()["dropped"]

    def __len__(self) -> int:
        return self._tallies()["length"]


class RemoteEntries(MutableMapping[Any, Any]):
    """The entries of a cache that asks: a view of those in the parent."""

    def __init__(self, cache: str) -> None:
        self._cache = cache

    def __getitem__(self, key: object) -> Any:
        found = ask("entry", self._cache, key)
        if found is MISSING:
            raise KeyError(key)
        return found

    def __setitem__(self, key: object, value: object) -> None:
        tell("set_entry", self._cache, key, value)

    def __delitem__(self, key: object) -> None:
        if not ask("take_entry", self._cache, key):
            raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        return iter(ask("keys", self._cache))

    def __len__(self) -> int:
        return len(ask("keys", self._cache))

    def clear(self) -> None:
        tell("drop_entries", self._cache)

    def copy(self) -> dict[Any, Any]:
        return dict(ask("entries", self._cache))

    def __repr__(self) -> str:
        return repr(self.copy())


class RemoteClock(Clock):
    """The clock of the parent's test."""

    def __init__(self) -> None:
        super().__init__()
        # How far it is ahead only the parent knows.
        self._be_asked()

    @property
    def offset(self) -> float:
        return float(ask("offset"))

    def now(self) -> float:
        return time() + self.offset

    def _move(self, moved_from: Callable[[float], float]) -> None:
        before = self.offset
        tell("advance", moved_from(before) - before)
