"""The numbers of operations, and the times that they were given at."""

import unittest
from unittest import mock

from cachetest._recording import numbering
from cachetest._recording.numbering import TimedNumbers


class NumberTests(unittest.TestCase):
    def test_times_are_bounded(self):
        """Of very many operations the newest have times."""
        with mock.patch.object(numbering, "_KEPT", 3):
            numbers = TimedNumbers()
            self.assertEqual([next(numbers) for _ in range(5)], [1, 2, 3, 4, 5])
            self.assertEqual(
                [numbers.at(n) is None for n in range(1, 7)], [True, True, False, False, False, True]
            )


if __name__ == "__main__":
    unittest.main()
