"""What is done for a child process, without one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cachetest._recording.call_sites import ProcessThread, this_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["as_process"]


@contextmanager
def as_process(process: int, name: str, thread: str = "MainThread") -> Iterator[None]:
    """Have the operations of the block logged as those of a child process."""
    own, this_thread.name = this_thread.name, ProcessThread(thread, process, name)
    try:
        yield
    finally:
        this_thread.name = own
