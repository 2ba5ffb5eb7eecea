"""The clock of a scope: the time that its caches keep, which a test can move on."""

from __future__ import annotations

import time
from datetime import timedelta

__all__ = ["Clock"]


class Clock:
    """The time that the caches of one scope keep: that of the program, and by how much a test moved it on."""

    offset = 0.0

    def now(self) -> float:
        """Return the time of the caches, in seconds since the epoch."""
        return time.time() + self.offset

    def advance(self, by: float | timedelta) -> None:
        """Move the clock on *by* seconds, or a ``timedelta``."""
        step = by.total_seconds() if isinstance(by, timedelta) else by
        if step < 0:
            raise ValueError(f"the clock goes forward only: advance({by!r})")
        self.offset += step

    def reach(self, offset: float) -> None:
        """Move the clock on to *offset* seconds ahead of the program's; it stays where it is further on."""
        self.offset = max(self.offset, offset)
