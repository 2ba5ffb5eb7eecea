"""What `inject` can't be given is an error where it is called."""

import copy
import unittest

from parameterized import parameterized

from cachetest import Dropped, Fails, Gone, Slow, Stale

from .test_injecting import InjectCase


class GivenTests(InjectCase):
    @parameterized.expand(
        [
            ("on", {"on": "gett"}, ValueError, "on must be one of 'get', .*, the closest first"),
            ("no text", {"on": 1}, ValueError, "or None for all; not 1"),
            ("zero", {"nth": 0}, ValueError, "from 1, so that 0 strikes none"),
            ("zero in a range", {"nth": range(3)}, ValueError, "from 1"),
            ("nothing", {"nth": set()}, ValueError, "from 1"),
            ("text", {"nth": "1"}, TypeError, "not '1'"),
            ("true", {"nth": True}, TypeError, "not True"),
            ("float", {"nth": {1.5}}, TypeError, "nth must be"),
            ("times", {"times": 0}, ValueError, "times must be 1 or more, not 0"),
            ("times of text", {"times": "2"}, TypeError, "times must be how often"),
            ("both", {"key": "a", "keys": "a*"}, TypeError, "and not both"),
            ("keys", {"keys": 3}, TypeError, "keys must be a pattern of text"),
        ]
    )
    def test_refused(self, _, given, error, text):
        with self.assertRaisesRegex(error, text):
            self.cache.inject(Fails(), **given)

    @parameterized.expand(
        [
            ("none", (), TypeError, r"no fault: inject\(Fails\(\)\)"),
            (
                "class",
                (Fails,),
                TypeError,
                r"Fails is a class of faults: .* as inject\(Fails\(\)\)",
            ),
            ("slow", (Slow,), TypeError, r"as inject\(Slow\(60\)\)"),
            (
                "exception",
                (OSError("x"),),
                TypeError,
                r"is one of cachetest.Fails, .*, not OSError\('x'\)",
            ),
        ]
    )
    def test_no_faults(self, _, faults, error, text):
        with self.assertRaisesRegex(error, text):
            self.cache.inject(*faults)

    @parameterized.expand(
        [("gone", Gone(), "put"), ("dropped", Dropped(), "get"), ("stale", Stale(), "delete")]
    )
    def test_never_strikes(self, _, fault, on):
        """A fault that no call of the kind can meet is an error."""
        with self.assertRaisesRegex(ValueError, rf"never strikes a {on}: its on is '"):
            self.cache.inject(fault, on=on)

    def test_copy(self):
        """A copy has no scope, so nothing is made to happen to it."""
        with self.assertRaisesRegex(RuntimeError, "is a copy, or of a scope that is gone"):
            copy.copy(self.cache).inject(Fails())


if __name__ == "__main__":
    unittest.main()
