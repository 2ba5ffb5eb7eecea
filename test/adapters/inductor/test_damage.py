"""What is wrong with an entry is told from its bytes, and none of it is run."""

import base64
import json
import pickle
import unittest
from collections import OrderedDict, defaultdict, deque
from datetime import datetime, timezone

from parameterized import parameterized

from cachetest.adapters.inductor.damage import damage_of

ran = []


class Loud:
    """Its pickle runs code."""

    def __reduce__(self):
        return ran.append, ("ran",)


class Gone:
    """A class that is not there when its pickle is read."""


def entry(content):
    """Return the bytes of an entry that holds *content*, as torch writes it."""
    return json.dumps({"data": base64.b64encode(content).decode("ascii")}).encode()


WHOLE = entry(pickle.dumps({"a": 1}))


class DamageTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("empty", b"", "it is b'', which torch takes for no entry"),
            ("none", None, "it is None, which torch takes for no entry"),
            ("truncated", WHOLE[:-5], "it can't be decoded: JSONDecodeError: "),
            ("garbage", b"\x80\xff", "it can't be decoded: UnicodeDecodeError: "),
            ("another_type", 7, "it can't be decoded: TypeError: "),
            ("no_mapping", b"[1]", "it holds no mapping, but list"),
            ("no_data", b'{"time_taken_ms": 1}', "it has no 'data'"),
            ("data_of_another_type", b'{"data": 7}', "it can't be decoded: TypeError: "),
            ("no_base64", b'{"data": "A"}', "it can't be decoded: Error: "),
            ("no_pickle", entry(b"\0"), "it can't be decoded: UnpicklingError: invalid load key"),
            ("half_a_pickle", entry(pickle.dumps([1, 2])[:-2]), "it can't be decoded: "),
            ("whole", WHOLE, "torch did not use it, and does not say why"),
        ]
    )
    def test_told(self, _, value, text):
        """Each kind of damage is told apart."""
        self.assertIn(text, damage_of(value))

    @parameterized.expand(
        [
            ("mapping", b"{}", "torch did not use it"),
            ("list", b"[]", "it holds no mapping"),
        ]
    )
    def test_without_a_pickle(self, _, value, text):
        """Where no pickle is expected, none is looked for."""
        self.assertIn(text, damage_of(value, pickled=False))

    def test_nothing_runs(self):
        """A pickle's own code is not run."""
        self.assertIn("does not say why", damage_of(entry(pickle.dumps(Loud()))))
        self.assertEqual(ran, [])

    def test_what_it_names_is_gone(self):
        """A class that a pickle names and that is not there any more is named."""
        content = pickle.dumps(Gone()).replace(b"Gone", b"Lost")
        self.assertIn("Lost", damage_of(entry(content)))

    @parameterized.expand(
        [
            ("defaultdict", defaultdict(list, a=[1])),
            ("ordered", OrderedDict(a=1)),
            ("sets", {1, frozenset({2})}),
            ("deque", deque([1, 2])),
            ("datetime", datetime(2026, 1, 1, tzinfo=timezone.utc)),
            ("instance", Gone()),
            ("keys", {(1, 2): Gone, Gone(): 1}),
        ]
    )
    def test_whole(self, _, value):
        """What pickle itself can read is not called damaged."""
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            self.assertEqual(damage_of(entry(pickle.dumps(value, protocol)), unsaid=""), "", protocol)
