"""pymemcache: its clients, on a memcached in memory."""

from .adapter import Pymemcache

__all__ = ["Pymemcache"]
