"""`AsyncCacheTestCase`, apart from the others because asyncio takes longer to import than all of them."""

from __future__ import annotations

from unittest import IsolatedAsyncioTestCase

from .case import CacheTestMixin

__all__ = ["AsyncCacheTestCase"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class AsyncCacheTestCase(CacheTestMixin, IsolatedAsyncioTestCase):
    """A TestCase whose tests may be coroutines, run with their caches counted; see `CacheTestMixin`."""
