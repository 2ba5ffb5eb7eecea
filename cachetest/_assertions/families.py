"""All families of assertions in one."""

from __future__ import annotations

from .counts import CountAssertions
from .entries import EntryAssertions
from .fresh import FreshAssertions
from .operations import OperationAssertions
from .snapshots import SnapshotAssertions
from .use import UseAssertions

__all__ = ["Assertions"]


class Assertions(
    CountAssertions,
    EntryAssertions,
    UseAssertions,
    FreshAssertions,
    OperationAssertions,
    SnapshotAssertions,
):
    """The assertions that a test case has."""
