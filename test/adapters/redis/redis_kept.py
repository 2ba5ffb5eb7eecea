"""A child is struck, and its scope let go of: run by itself, where nothing else can keep the scope."""

import gc
import weakref

from cachetest import Fails, PatchCaches
from cachetest._caches.scope import open_scopes

from ..._sharing.children_support import listening_port, run_in_child
from .test_redis_children import use


def strike(port):
    """Strike a call of a child, and return what refers to its scope without keeping it."""
    with PatchCaches("redis") as patch:
        with patch.caches.redis.inject(Fails(), on="get"):
            told = run_in_child("fork", use, port, "desk")
        (scope,) = open_scopes()
        struck = [each for each in scope._relayed.tried.values() if each.tries is not None]
        print(f"{len(struck)} call was struck: {told.partition(':')[0]}")
        return weakref.ref(scope)


if __name__ == "__main__":
    with listening_port() as server:
        left = strike(server)
    # What remembers the scope that was open last has another one to remember.
    with PatchCaches("redis"):
        pass
    gc.collect()
    print("it is gone" if left() is None else f"left: {left()}")
