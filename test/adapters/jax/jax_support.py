"""A program that compiles with JAX, and the events that JAX itself records of its cache."""

from collections import Counter
from contextlib import contextmanager

from cachetest import CacheTestCase

PREFIX = "/jax/compilation_cache/"
SWITCH = "jax_enable_compilation_cache"


def double(x):
    return x * 2


def compile_anew(shape=(2, 3), dtype="float32", function=double, options=None):
    """Compile *function* as a fresh process does: with nothing in memory."""
    import jax
    import numpy

    jax.clear_caches()
    compiled = jax.jit(function)
    return compiled.lower(jax.ShapeDtypeStruct(shape, numpy.dtype(dtype))).compile(options)


@contextmanager
def events():
    """Give the numbers of JAX's own events while the block runs."""
    from jax._src import monitoring

    seen = Counter()

    def listen(event, **_):
        if event.startswith(PREFIX):
            seen[event.removeprefix(PREFIX)] += 1

    monitoring.register_event_listener(listen)
    try:
        yield seen
    finally:
        unregister = getattr(monitoring, "unregister_event_listener", None)
        if unregister is None:  # until JAX 0.7 it has a private name
            unregister = monitoring._unregister_event_listener_by_callback
        unregister(listen)


class JaxTestCase(CacheTestCase):
    patch_caches = ("jax",)
    enable_caches = (SWITCH,)
