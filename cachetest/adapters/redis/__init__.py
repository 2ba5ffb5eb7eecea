"""redis-py: its connections, on a Redis in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .adapter import Redis

__all__ = ["Redis"]


def __getattr__(name: str) -> Any:
    # Loaded when it is asked for: what watches a real server needs none in memory.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .adapter import Redis

    return Redis
