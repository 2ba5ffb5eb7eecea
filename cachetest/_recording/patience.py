"""How long one thread waits for another that is about to be done."""

from __future__ import annotations

from time import monotonic, process_time

__all__ = ["Patience"]


class Patience:
    """So many seconds of a wait that spins: as the clock goes, and as this process is given time to run.

    Where a machine is busy, or stands still, a process may get none of a second, and whoever it waits for
    has not had it either. A wait that sleeps has no end by this.
    """

    def __init__(self, seconds: float) -> None:
        self._until = monotonic() + seconds
        self._worked = process_time() + seconds

    def is_over(self) -> bool:
        """Return whether both have passed."""
        return monotonic() >= self._until and process_time() >= self._worked
