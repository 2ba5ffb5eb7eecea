"""Torch's caches, set up by a class, and used by a late worker, with real torch."""

import unittest

from ..support import needs_torch
from .inductor.torch_support import cache_class
from .left_case import LeftCase
from .test_gate_torch import FxGraphSubject


class MadeAnewSubject(FxGraphSubject):
    """The remote cache of graphs, made for each use, as torch makes it."""

    def open(self, name):
        return super().open

    def get(self, cache, key):
        return super().get(cache("fx_graph"), key)

    def put(self, cache, key, value):
        super().put(cache("fx_graph"), key, value)


@needs_torch
class FxGraphLeftTests(LeftCase, unittest.TestCase):
    def make_subject(self):
        return MadeAnewSubject()

    def use_real(self, network):
        backend = cache_class("RemoteFxGraphCache")("an id").backend
        self.assertEqual(type(backend).__module__, "torch._inductor.remote_cache")


if __name__ == "__main__":
    unittest.main()
