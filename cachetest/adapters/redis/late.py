"""Replies that are late, in place of those that a client would read now."""

from __future__ import annotations

import errno
from contextlib import suppress
from queue import Empty
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from queue import SimpleQueue

    from ..tries import Tries

__all__ = ["Late", "read_late"]


class Late(Exception):  # noqa: N818 (it is none: it stands where an error may)
    """What stands in for replies that are late: *data*, that comes as the call has got to *due*.

    Where *limit* is less than that is from now, the time that the client waits is up before.
    """

    def __init__(self, data: bytes, tries: Tries, seconds: float, limit: float | None) -> None:
        super().__init__("the replies are late")
        self.data = data
        self.is_too_late = limit is not None and seconds > limit
        self._tries = tries
        self._seconds = limit if self.is_too_late and limit is not None else seconds

    @property
    def due(self) -> float:
        """By how much the clock is ahead when it comes, or when nobody waits for it any more."""
        return self._tries.at + self._seconds

    def wait(self) -> None:
        """Have the clock get there."""
        self._tries.pass_on(self._seconds)


def read_late(late: Late, timeout: float | None, arrivals: SimpleQueue[bytes | Exception]) -> bytes:
    """Return the replies that are *late*, once the clock has got there; raise what a socket raises before.

    Where nobody waits, as a *timeout* of 0 says, they are the next of the *arrivals* again.
    """
    if timeout == 0:
        left: list[bytes | Exception] = [late]
        with suppress(Empty):
            while True:
                left.append(arrivals.get(False))
        for each in left:
            arrivals.put(each)
        raise BlockingIOError(errno.EWOULDBLOCK, "nothing to read")
    late.wait()
    if late.is_too_late:
        raise TimeoutError("timed out")
    return late.data
