"""`Recorder`: keeps of each test that ends what a report needs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .._patching.session import closing
from .._recording import numbering
from .record import TestRecord
from .taking import record_of

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from .._caches.scope import Scope

__all__ = ["Recorder"]


class Recorder:
    """Keeps, from `start` to `stop`, a `TestRecord` of each scope that closes: those in `tests`.

    These are of tests, of blocks, and of what classes have set up; a block inside another scope is in the
    record of that. Also usable in a ``with`` statement.
    """

    def __init__(self) -> None:
        self.tests: list[TestRecord] = []
        self._taken: WeakKeyDictionary[Scope, TestRecord] = WeakKeyDictionary()
        self._inside: WeakKeyDictionary[Scope, list[TestRecord]] = WeakKeyDictionary()
        self._newest: dict[str, TestRecord] = {}
        # The labels of those of which nothing but the outcome is known.
        self._bare: set[str] = set()
        self._is_started = False

    def start(self) -> None:
        """Begin to keep what ends from now on; a ``RuntimeError`` where it was begun already."""
        if self._is_started:
            raise RuntimeError("this Recorder was started before, and not stopped")
        self._is_started = True
        numbering.keep_times(1)
        closing.append(self._take)

    def stop(self) -> None:
        """Keep nothing more; harmless where it was not started."""
        if not self._is_started:
            return
        self._is_started = False
        closing.remove(self._take)
        numbering.keep_times(-1)
        # What is around these is still open, and will not be in the report.
        for blocks in list(self._inside.values()):
            self.tests += blocks
        self._inside.clear()

    def add_outcome(self, label: str, outcome: str, seconds: float | None) -> None:
        """Have the newest record of *label* say what came of the test, and how many seconds it took.

        Where there is none yet, it is there without caches: a test that never entered a scope.
        """
        record = self._newest.get(label)
        if record is None:
            record = self._newest[label] = TestRecord(label)
            self._bare.add(label)
            self.tests.append(record)
        record.outcome = outcome
        record.seconds = record.seconds if seconds is None else seconds

    def has(self, label: str) -> bool:
        """Return whether there is a record of *label*."""
        return label in self._newest

    def _take(self, scope: Scope) -> None:
        before = self._taken.get(scope)
        inside = self._inside.pop(scope, [])
        if before is not None:
            # An end that was interrupted is done once more.
            taken = record_of(scope, (*before.blocks, *inside))
            before.caches, before.blocks, before.packed = taken.caches, taken.blocks, taken.packed
            return
        taken = record_of(scope, inside)
        parent = scope.parent
        if parent is not None and not scope.whole_test:
            self._inside.setdefault(parent, []).append(taken)
        else:
            taken = self._add(taken)
        self._taken[scope] = taken

    def _add(self, taken: TestRecord) -> TestRecord:
        if taken.label in self._bare and taken.kind == "test":
            # Its outcome was told before its scope was closed.
            self._bare.discard(taken.label)
            record = self._newest[taken.label]
            seconds = taken.seconds if record.seconds is None else record.seconds
            vars(record).update(vars(taken) | {"outcome": record.outcome, "seconds": seconds})
            return record
        self._newest[taken.label] = taken
        self.tests.append(taken)
        return taken

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
