"""The assertions of a test that is a function: those of a scope, and a snapshot named after the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._assertions.own import OwnAssertions
from .._assertions.snapshot_files import file_beside
from .._assertions.snapshots import SnapshotAssertions
from .items import names_of, state_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from .._assertions.snapshot_files import SnapshotFile
    from .._caches.caches import MockCaches
    from .._caches.scope import Scope

__all__ = ["ItemAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True
__tracebackhide__ = True


class ItemAssertions(OwnAssertions):
    """The assertions on *caches*, those of the test that is *item*."""

    def __init__(self, caches: MockCaches, scope: Scope, item: pytest.Item) -> None:
        super().__init__(caches, scope)
        # Unused snapshots are told to it.
        self.config = item.config
        self._place: tuple[Path, tuple[str, ...]] = item.path, names_of(item)
        self._test_state = state_of(item) or "cold"

    def assertCacheSnapshot(self, *names: str, volatile: Any = (), msg: object = None) -> None:
        """Do as in a test case; the file is named after the function, with its parameters."""
        SnapshotAssertions.assertCacheSnapshot(self, *names, volatile=volatile, msg=msg)

    def _snapshot_file(self) -> SnapshotFile:
        module, names = self._place
        counts: dict[str, int] = vars(self._session).setdefault("snapshots", {})
        place = counts[""] = counts.get("", 0) + 1
        return file_beside(module, names, (), place)
