"""`AsyncCacheTestCase`, in a module of its own because asyncio is slow to import."""

from __future__ import annotations

from unittest import IsolatedAsyncioTestCase

from .case import CacheTestMixin

__all__ = ["AsyncCacheTestCase"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class AsyncCacheTestCase(CacheTestMixin, IsolatedAsyncioTestCase):
    """A TestCase whose tests may be coroutines, run with their caches counted; see `CacheTestMixin`."""
