import unittest

from ..support import EXHAUSTIVE, expand
from . import tiny

CLOCK = ["clock", "clock_nested", "clock_parallel"]
FALSY = ["falsy_none", "falsy_false", "falsy_zero", "falsy_bytes", "falsy_text"]


COUNTING_PUTS = [
    "warm",
    "overwrite",
    "delete",
    *FALSY,
    "many",
    "expiry",
    "two_names",
    "off",
    "made_before",
    "entries",
]
COUNTING_PUTS += ["threads", "nested", "parallel", "call_site"]
COUNTING_PUTS += ["fault_fails", "fault_gone", "fault_dropped", "evicted_by_hand", "forked"]

FAULTS = [
    *("fault_fails", "fault_loses_reply", "fault_slow", "fault_damaged", "fault_gone", "fault_dropped"),
    *("fault_stale", "fault_too_large", "evicted_by_hand"),
]


class SoundContract(tiny.TinyContract):
    """A library whose adapter has nothing wrong."""


class BrokenAdapterTests(unittest.TestCase):
    @expand(
        [
            ("TinyAdapter", []),
            ("CountsPutsTwice", COUNTING_PUTS),
            ("FalsyIsMissing", FALSY),
            ("NoneIsMissing", ["falsy_none"]),
            ("BytesForText", ["falsy_text"]),
            ("NeverOverwrites", ["overwrite", "stale", "fault_damaged", "fault_stale"]),
            ("DeleteIsNotLogged", ["delete"]),
            ("ManyIsOne", ["many", "off"]),
            ("NeverExpires", ["expiry", *CLOCK]),
            ("GoesByTheProgramsTime", CLOCK),
            ("GoesByTheOutermostClock", ["clock_nested"]),
            ("GoesByTheLatestClock", ["clock_parallel"]),
            ("ExpirationIsNotLogged", ["expiry"]),
            ("OneCacheForAll", ["two_names"]),
            ("EntriesOfTheProcess", ["stale", "nested", "parallel", "atomic"]),
            ("KeysOfItsOwn", ["entries", "evicted_by_hand"]),
            (
                "HidesItsEntries",
                ["off", "verify", "entries", "reset", *FAULTS, "single_flight", "atomic", "forked"],
            ),
            ("OfTheFirstScope", ["stale", "nested", "parallel", "atomic"]),
            ("OfTheThread", ["threads", "parallel", "single_flight", "atomic"]),
            ("NewClientsOnly", ["made_before"]),
            ("LeavesSomething", ["restored"]),
            ("LeavesSomethingWhereItFails", ["fails_half_way"]),
            ("ConnectsToSomething", ["no_network"]),
            ("ItsOwnLines", ["call_site"]),
        ],
        quick=8,
    )
    def test_fails(self, adapter, cases):
        """An adapter with one thing wrong fails the cases that are about it, and no other."""
        suite = type("BrokenContract", (tiny.TinyContract,), {"adapter": adapter})
        # What should fail is run, and of the rest a third, another for most adapters.
        some = {*cases, *list(suite.cases())[len(adapter) % 3 :: 3]}
        self.assertEqual(tiny.failing(suite, None if EXHAUSTIVE else some), cases)


if __name__ == "__main__":
    unittest.main()
