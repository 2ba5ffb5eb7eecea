import pickle
import unittest
from typing import ClassVar

from cachetest.contract import MISSING, AdapterContract, Subject
from test.adapters.jax.jax_support import SWITCH
from test.support import needs


class JaxSubject(Subject):
    """The store that JAX has made, as JAX calls it: entries are bytes."""

    caches = ("jax",)

    def __init__(self):
        from cachetest.adapters import Jax

        self.adapter = Jax()

    def open(self, name):
        return None

    @property
    def store(self):
        """The store, which JAX makes where it first needs it, on any thread."""
        from types import SimpleNamespace

        from jax._src import compilation_cache
        from jax._src.config import config

        config.update(SWITCH, True)
        return compilation_cache._get_cache(SimpleNamespace(runtime_type="cpu"))

    def get(self, cache, key):
        found = self.store.get(key)
        return MISSING if found is None else pickle.loads(found)

    def put(self, cache, key, value):
        self.store.put(key, pickle.dumps(value))

    def state(self):
        from jax._src import compilation_cache
        from jax._src.config import config

        return compilation_cache._cache, config.values[SWITCH], compilation_cache.LRUCache


@needs("jax", "jax")
class JaxContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar = {
        "delete": "JAX deletes nothing",
        "many": "JAX has no call for several keys",
        "expiry": "JAX gives no entry a time to live",
        **dict.fromkeys(("clock", "clock_nested", "clock_parallel"), "nothing expires"),
        "two_names": "JAX has one cache",
        "fault_too_large": "JAX refuses nothing for its size",
    }

    def make_subject(self):
        return JaxSubject()


if __name__ == "__main__":
    unittest.main()
