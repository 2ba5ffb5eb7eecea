"""The gate as torch's caches pass it, with real torch."""

import unittest

from cachetest._behaving.gate import MISSING
from cachetest.adapters.registry import get_adapter
from cachetest.contract import Subject

from ..support import needs_torch
from .gate_case import GateCase
from .inductor.torch_support import cache_class


class FxGraphSubject(Subject):
    """The remote cache of graphs, used as torch does."""

    caches = ("fx_graph",)

    def __init__(self):
        self.adapter = get_adapter("inductor")

    def open(self, name):
        return cache_class("RemoteFxGraphCache")("an id")

    def get(self, cache, key):
        found = cache.get(key)
        return MISSING if found is None else found["value"]

    def put(self, cache, key, value):
        cache.put(key, {"value": value})

    def state(self):
        return None


@needs_torch
class FxGraphGateTests(GateCase, unittest.TestCase):
    def make_subject(self):
        return FxGraphSubject()

    def made_key(self, key):
        # With the id of the cache object and a version of torch's.
        return self.cache.operations[0].key.replace("::a:", f"::{key}:")


if __name__ == "__main__":
    unittest.main()
