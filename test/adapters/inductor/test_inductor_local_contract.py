"""The contract of adapters, for torch's local caches of graphs and of AOTAutograd, with real torch."""

import pickle
import sys
import unittest
from typing import ClassVar

from cachetest._behaving.gate import MISSING
from cachetest.adapters.registry import get_adapter
from cachetest.contract import AdapterContract, Subject

from ...support import needs_torch
from .torch_support import lacks, load_torch


class Candidate:
    """What torch finds in a file, as far as a lookup reads it."""

    guards_expr = ""

    def __init__(self, value):
        self.value = value


class LocalSubject(Subject):
    """The functions by which torch comes to the files of a local cache."""

    caches = ("fx_graph_local", "aot_autograd_local")

    def __init__(self):
        self.adapter = get_adapter("inductor")

    def open(self, name):
        codecache = sys.modules["torch._inductor.codecache"]
        autograd = sys.modules["torch._functorch._aot_autograd.autograd_cache"]
        return codecache.FxGraphCache if name == "fx_graph_local" else autograd.AOTAutogradCache

    def get(self, cache, key):
        found, *_ = cache.find_guarded_entry(key, True, None, lambda *_: True, [])
        return MISSING if found is None else found.value

    def put(self, cache, key, value):
        cache._write_to_local_cache(key, pickle.dumps(Candidate(value)))

    def state(self):
        found = [self.open(name) for name in self.caches]
        return [(each, dict(vars(each))) for each in found]


SEVERAL = "a key has a file for each set of guards: a put adds one"
TIMELESS = "PyTorch gives what it puts in its caches no time to live"


@needs_torch
class LocalContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar = {
        "overwrite": SEVERAL,
        "stale": SEVERAL,
        "fault_stale": SEVERAL,
        "fault_fails": "torch logs that a file can't be read, and goes on without it",
        "delete": "torch deletes no entry",
        "many": "torch looks one key up at a time",
        "expiry": TIMELESS,
        "clock": TIMELESS,
        "clock_nested": TIMELESS,
        "clock_parallel": TIMELESS,
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        load_torch()
        if not hasattr(sys.modules["torch._inductor.codecache"].FxGraphCache, "find_guarded_entry"):
            raise lacks("find_guarded_entry")

    def make_subject(self):
        return LocalSubject()


class AutogradSubject(LocalSubject):
    caches = ("aot_autograd_local", "fx_graph_local")


@needs_torch
class AutogradContract(LocalContract):
    def make_subject(self):
        return AutogradSubject()


if __name__ == "__main__":
    unittest.main()
