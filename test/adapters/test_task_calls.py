"""Whose a call is that a task makes: what its coroutines wait for is looked at."""

import unittest
from unittest import mock

from cachetest.adapters import task_calls


class Coroutine:
    """Stands for one: what it awaits must be asked only while it is suspended."""

    cr_frame = None

    def __init__(self, awaits=None, running=False):
        self.awaits = awaits
        self.cr_running = running
        self.asked = 0

    @property
    def cr_await(self):
        self.asked += 1
        return self.awaits


class TaskCallsTests(unittest.TestCase):
    def test_running(self):
        """A coroutine that is running is not asked: some of the time, Python 3.11 and 3.12 crash then."""
        running = Coroutine(running=True)
        suspended = Coroutine(Coroutine())
        calls = task_calls.TaskCalls("redis")
        with mock.patch.object(task_calls, "CoroutineType", Coroutine):
            for each in running, suspended:
                self.assertFalse(calls.uses(mock.Mock(**{"get_coro.return_value": each}), None))
        self.assertEqual([running.asked, suspended.asked, suspended.awaits.asked], [0, 1, 1])


if __name__ == "__main__":
    unittest.main()
