"""A strike that is left to the client below is there for its own call, and for no other."""

import asyncio
import unittest
from contextvars import copy_context
from unittest import mock

from cachetest.adapters.struck_below import leave_below, strikes_around


class AwaitedTests(unittest.TestCase):
    def test_closed_in_another_call(self):
        """A coroutine that is closed as garbage, in the middle of another call, leaves that as it is."""
        begun = leave_below(mock.MagicMock(), lambda: asyncio.sleep(0))
        copy_context().run(begun.send, None)

        def collect():
            before = strikes_around()
            begun.close()
            return before, strikes_around()

        before, after = leave_below(mock.MagicMock(), collect)
        self.assertEqual(len(before), 1)
        self.assertEqual(after, before)
        self.assertEqual(strikes_around(), ())


if __name__ == "__main__":
    unittest.main()
