"""What a server keeps of the commands that took long: SLOWLOG."""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Any

from ..._behaving.clock import now

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SlowLog"]

# As many as Redis has unless it is configured otherwise.
_LENGTH = 128
# What an entry shows of a command.
_ARGUMENTS, _BYTES = 32, 128


class SlowLog:
    """The commands that took longer than ``limit``, in microseconds, the oldest first.

    Nothing is logged before the program has set a limit: in memory no command takes long, but for a machine
    that is busy with something else, and no test should depend on that.
    """

    def __init__(self) -> None:
        self.limit: int | None = None
        self._numbers = itertools.count()
        self._entries: deque[list[Any]] = deque(maxlen=_LENGTH)

    def __len__(self) -> int:
        return len(self._entries)

    def note(self, fields: Sequence[bytes], microseconds: int, address: bytes, name: bytes) -> None:
        """Log a command, if it took so long."""
        if self.limit is None or self.limit < 0 or microseconds < self.limit:
            return
        shown = [_shortened(field) for field in fields]
        if len(shown) > _ARGUMENTS:
            more = len(shown) - _ARGUMENTS + 1
            shown[_ARGUMENTS - 1 :] = [b"... (%d more arguments)" % more]
        entry = [next(self._numbers), int(now()), microseconds, shown, address, name]
        self._entries.append(entry)

    def latest(self, count: int) -> list[list[Any]]:
        """Return as many entries, the latest first; all for -1."""
        found = list(reversed(self._entries))
        return found if count < 0 else found[:count]

    def keep(self, length: int) -> None:
        """Have as many entries at most."""
        self._entries = deque(self._entries, maxlen=length)

    def clear(self) -> None:
        """Forget all entries; the next number is not 0."""
        self._entries.clear()


def _shortened(field: bytes) -> bytes:
    more = len(field) - _BYTES
    return field if more <= 0 else field[:_BYTES] + b"... (%d more bytes)" % more
