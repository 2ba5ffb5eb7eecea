"""What an asyncio connection has in place of streams where nothing may connect."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RefusingStream"]


class RefusingStream:
    """Raises *error* when it is written to.

    What connecting raises would be an error of the connection to redis-py, and be tried again and again.
    """

    def __init__(self, error: Exception) -> None:
        self.reader = asyncio.StreamReader()
        self._error = error

    def writelines(self, data: Iterable[bytes]) -> None:
        """Raise the error."""
        raise self._error

    def close(self) -> None:
        """Do nothing."""

    async def wait_closed(self) -> None:
        """Return at once."""

    def get_extra_info(self, name: str) -> None:
        """Return nothing."""
