"""Whether a process still runs, as far as each system tells."""

import os
import unittest
from types import SimpleNamespace
from unittest import mock

from parameterized import parameterized

from cachetest._sharing import processes

from .children_support import needs_fork


@needs_fork
class RunningTests(unittest.TestCase):
    def test_child(self):
        """A child that has ended, and was not waited for, runs no more; it is there until then."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        os.close(reading)
        asked = (processes.is_running, processes.may_run, processes.exists)
        self.assertEqual([ask(child) for ask in asked], [True, True, True])
        os.close(writing)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        self.assertEqual([ask(child) for ask in asked], [False, False, True])
        os.waitpid(child, 0)
        self.assertEqual([ask(child) for ask in asked], [False, False, False])

    def test_of_nobody(self):
        self.assertFalse(processes.is_running(None))
        # It is no child of this one, and runs.
        self.assertEqual((processes.is_running(os.getppid()), processes.may_run(os.getppid())), (False, True))

    @parameterized.expand([(ProcessLookupError, False), (PermissionError, True), (None, True)])
    def test_without_waitid(self, error, expected):
        """Where a system can't say whether a child has ended, it is asked whether there is one."""
        kill = mock.Mock(side_effect=error)
        with mock.patch.object(processes, "os", SimpleNamespace(kill=kill)):
            found = [ask(7) for ask in (processes.is_running, processes.may_run, processes.exists)]
        self.assertEqual(found, [expected] * 3)
        self.assertEqual(kill.mock_calls, [mock.call(7, 0)] * 3)

    def test_windows(self):
        """There, to send a process a signal would end it."""
        with mock.patch.object(processes.sys, "platform", "win32"), mock.patch.object(os, "kill") as kill:
            self.assertTrue(processes.exists(7))
        kill.assert_not_called()


if __name__ == "__main__":
    unittest.main()
