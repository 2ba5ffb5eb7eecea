"""The contract of `tinylib`, for the tests of the contract itself."""

import functools
import importlib.util
import sys
import unittest
from pathlib import Path

from cachetest.contract import MISSING, AdapterContract, Subject

from ..support import run_case
from .tiny_clocks import adapters_for

TINYLIB = Path(__file__).with_name("tinylib.py")


@functools.cache
def tinylib_code():
    """Return the code of `tinylib`, compiled once: the suites load it some 800 times."""
    return compile(TINYLIB.read_text(encoding="utf-8"), str(TINYLIB), "exec")


def load_library(case):
    """Return `tinylib`, loaded anew, as the library of that name for as long as the test *case* runs."""
    spec = importlib.util.spec_from_file_location("tinylib", TINYLIB)
    library = importlib.util.module_from_spec(spec)
    # Not by mock.patch.dict, which would forget what is imported meanwhile, so that there were two of it.
    sys.modules["tinylib"] = library
    case.addCleanup(sys.modules.pop, "tinylib", None)
    exec(tinylib_code(), vars(library))
    vars(library).update(adapters_for(library))
    return library


class TinySubject(Subject):
    caches = ("pages", "users")

    def __init__(self, library, adapter="TinyAdapter"):
        self.library = library
        self.adapter = getattr(library, adapter)()
        self.now = 1000
        library.clock = lambda: self.now

    def open(self, name):
        return self.library.Client(name)

    def get(self, cache, key):
        return cache.get(key, MISSING)

    def put(self, cache, key, value):
        cache.set(key, value)

    def state(self):
        return sorted(vars(self.library)), self.library.store.kept.copy()

    def delete(self, cache, key):
        cache.remove(key)

    def get_many(self, cache, keys):
        return cache.get_many(keys)

    def put_for(self, cache, key, value, seconds):
        cache.set(key, value, seconds)

    def advance(self, seconds):
        self.now += seconds


class TinyContract(AdapterContract, unittest.TestCase):
    adapter = "TinyAdapter"

    def make_subject(self):
        return TinySubject(load_library(self), self.adapter)


def failing(suite, names=None):
    """Return the names of the cases of *suite*, or those of them in *names*, that fail, in their order."""
    chosen = [name for name in suite.cases() if names is None or name in names]
    found = {name: run_case(suite(f"test_{name}")) for name in chosen}
    return [name for name, result in found.items() if not result.wasSuccessful()]


def declaring(exceptions, **attributes):
    """Return a suite with these *exceptions*."""
    return type("DeclaringContract", (TinyContract,), {"exceptions": exceptions, **attributes})
