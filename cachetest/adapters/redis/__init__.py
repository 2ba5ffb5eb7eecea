"""redis-py: its connections, on a Redis in memory."""

from .adapter import Redis

__all__ = ["Redis"]
