"""The folder of the ledger: what was left by a process that is gone is removed, and nothing else."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from cachetest._sharing.ledger import Ledger, remove_left
from cachetest._sharing.processes import exists, is_running, may_run, spawned_processes

from .children_support import SECONDS, needs_fork


def process_that_is_gone():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait(SECONDS)
    return process.pid


@unittest.skipIf(sys.platform == "win32", "needs Unix sockets")
class LeftTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def make(self, name, *files):
        made = self.folder / name
        made.mkdir()
        for each in files:
            (made / each).touch()
        return made

    def test_removed(self):
        """The folder of a process that is gone is removed, with what we put in it."""
        self.make(f"cachetest-{process_that_is_gone()}-abc", "ledger", "socket")
        remove_left(os.fspath(self.folder))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_kept(self):
        """What somebody else has put there is kept, and so is what is of a process that runs."""
        gone = process_that_is_gone()
        kept = [
            self.make(f"cachetest-{os.getpid()}-abc", "ledger"),
            self.make("cachetest-keys-abc"),
            self.make(f"cachetest-{gone}-more", "ledger", "something"),
            self.make(f"other-{gone}-abc", "ledger"),
        ]
        (self.folder / f"cachetest-{gone}-file").touch()
        target = self.make("target", "ledger")
        (self.folder / f"cachetest-{gone}-link").symlink_to(target)
        remove_left(os.fspath(self.folder))
        for each in (*kept, target / "ledger", self.folder / f"cachetest-{gone}-file"):
            self.assertTrue(each.exists(), each)
        self.assertTrue((kept[2] / "something").exists())

    def test_somebody_listens(self):
        """A process of another container is not seen here, but answers: what it has is kept."""
        import socket

        made = self.make(f"cachetest-{process_that_is_gone()}-abc", "ledger")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.fspath(made / "socket"))
            listening.listen()
            remove_left(os.fspath(self.folder))
            self.assertTrue((made / "ledger").exists())
        remove_left(os.fspath(self.folder))
        self.assertFalse(made.exists())

    def test_no_folder(self):
        """Where there is no folder, there is nothing to be done."""
        remove_left(os.fspath(self.folder / "nowhere"))

    def test_long_path(self):
        """Where the path of the temporary folder is too long for a socket, it is in a shorter one."""
        long = self.folder / ("x" * 90)
        long.mkdir()
        found, tempfile.tempdir = tempfile.tempdir, os.fspath(long)
        try:
            ledger = Ledger()
        finally:
            tempfile.tempdir = found
        self.assertLess(len(os.path.join(ledger.folder, "socket")), 104)
        ledger.remove()
        self.assertFalse(os.path.exists(ledger.folder))


@needs_fork
class ProcessTests(unittest.TestCase):
    def test_child(self):
        """A child runs until it has ended, and it need not have been waited for."""
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        self.assertEqual([ask(child) for ask in (is_running, may_run, exists)], [True] * 3)
        os.close(writing)
        os.close(reading)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        self.assertEqual([ask(child) for ask in (is_running, may_run, exists)], [False, False, True])
        os.waitpid(child, 0)
        self.assertEqual([ask(child) for ask in (is_running, may_run, exists)], [False] * 3)

    def test_other(self):
        """One that is nobody's child here may run."""
        self.assertEqual([ask(os.getppid()) for ask in (is_running, may_run)], [False, True])
        self.assertEqual((is_running(None), spawned_processes()), (False, set()))


if __name__ == "__main__":
    unittest.main()
