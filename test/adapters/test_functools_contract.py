"""The contract of adapters, for functools."""

import functools
import unittest
from typing import ClassVar

from cachetest._behaving.gate import MISSING
from cachetest.adapters import Functools
from cachetest.contract import AdapterContract, Subject


class MemoisedSubject(Subject):
    caches = ("prices", "rates")
    misses_per_put = 1

    def __init__(self):
        self.values = {}
        self.functions = {name: functools.cache(functools.partial(self.load)) for name in self.caches}
        self.adapter = Functools(**self.functions)
        # A child process finds those that a module holds.
        globals().update(self.functions)

    def load(self, key):
        return self.values.pop(key)

    def open(self, name):
        return globals()[name]

    def get(self, cache, key):
        try:
            return cache(key)
        except KeyError:
            return MISSING

    def put(self, cache, key, value):
        self.values[key] = value
        cache(key)

    def state(self):
        return {name: dict(vars(function)) for name, function in self.functions.items()}


NO_OPERATIONS = "a memoised function counts its lookups, but tells nobody of them"


FAULTS = [
    *("fault_fails", "fault_loses_reply", "fault_slow", "fault_damaged", "fault_gone", "fault_dropped"),
    *("fault_stale", "fault_too_large", "evicted_by_hand"),
]


class FunctoolsContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar = {
        "overwrite": "a memoised function computes a value once",
        "delete": "a memoised function deletes no single entry",
        "many": "a memoised function takes one key at a time",
        "expiry": "a memoised function has no TTL",
        "clock": "nothing expires",
        "clock_nested": "nothing expires",
        "clock_parallel": "nothing expires",
        "entries": "a memoised function shows neither its keys nor its values",
        "stale": "a memoised function computes a value once",
        "off": "a memoised function looks its entries up itself, and is only watched",
        "verify": "a memoised function computes a value once",
        "single_flight": "a memoised function looks its entries up as it computes them",
        "atomic": "a memoised function looks its entries up itself, in C",
        "nested": "the function has one set of entries: those of the outer scope are gone after the inner",
        "parallel": "the function has one set of counts: the second scope is refused",
        "call_site": NO_OPERATIONS,
        **dict.fromkeys(FAULTS, "a memoised function looks its entries up itself, in C"),
    }

    def make_subject(self):
        return MemoisedSubject()


if __name__ == "__main__":
    unittest.main()
