"""A wait that spins lasts as long as this process has had time for it."""

import unittest
from unittest import mock

from parameterized import parameterized

from cachetest._recording import patience


class PatienceTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("neither", 0.9, 0.9, False),
            ("a machine that stood still", 60.0, 0.1, False),
            ("work of many threads", 0.5, 4.0, False),
            ("both", 1.0, 1.0, True),
        ]
    )
    def test_over(self, _, passed, worked, expected):
        """It is over when the clock and the work of the process have both gone on for so long."""
        with (
            mock.patch.object(patience, "monotonic", return_value=10.0) as clock,
            mock.patch.object(patience, "process_time", return_value=3.0) as work,
        ):
            made = patience.Patience(1.0)
            self.assertFalse(made.is_over())
            clock.return_value += passed
            work.return_value += worked
            self.assertIs(made.is_over(), expected)

    def test_none(self):
        """No patience is over at once."""
        self.assertTrue(patience.Patience(0.0).is_over())


if __name__ == "__main__":
    unittest.main()
