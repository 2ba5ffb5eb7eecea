"""The calls of Django caches that threads from before the tests are in: nothing else holds its patch."""

from __future__ import annotations

from contextlib import contextmanager
from threading import get_ident
from time import sleep
from typing import TYPE_CHECKING

from ..._caches.scope import marked
from ..._recording.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RunningCalls"]

# In seconds; a call of a cache takes microseconds.
_PATIENCE = 1.0


class RunningCalls:
    """The calls that threads without a mark are in."""

    def __init__(self) -> None:
        # By an object for each: the thread that it is on.
        self._threads: dict[object, int] = {}

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note a call from before it is decided whose it is; only those of threads from before."""
        if marked() is not None:
            yield
            return
        call = object()
        try:
            self._threads[call] = get_ident()
            yield
        finally:
            self._threads.pop(call, None)

    def wait(self) -> None:
        """Wait for those that other threads are in now, for a second at most."""
        here = get_ident()
        left = [call for call, thread in self._threads.copy().items() if thread != here]
        patience = Patience(_PATIENCE)
        while left and not patience.is_over():
            left = [call for call in left if call in self._threads]
            sleep(0)
