"""What a test has left running when the process exits."""

import unittest

from parameterized import parameterized

from .support import run_python

SCRIPT = """
import threading
import unittest
from cachetest import CacheTestCase
from test.support import make_library

library, adapter = make_library()

class Tests(CacheTestCase):
    patch_caches = (adapter,)
    patience = {patience}

    def test(self):
        def work():
            threading.main_thread().join()
            library.backend.put("k", 1)
        threading.Thread(target=work, daemon={daemon}).start()

unittest.main(argv=["x"], exit=False)
print("exits")
"""


class ExitTests(unittest.TestCase):
    def test_waited_for(self):
        """A thread that the process waits for keeps the patches, and is told of as the process exits."""
        done = run_python("-c", SCRIPT.format(daemon=False, patience=60))
        self.assertEqual((done.returncode, done.stdout), (0, "exits\n"), done.stderr)
        self.assertIn("no test was left to tell of this.", done.stderr)
        self.assertIn("late: put on 'lib', key 'k'", done.stderr)

    @parameterized.expand([("patient", 60), ("impatient", 0)])
    def test_daemon(self, _, patience):
        """Nobody waits for a daemon, whether its patches are held or not."""
        done = run_python("-c", SCRIPT.format(daemon=True, patience=patience))
        self.assertEqual((done.returncode, done.stdout), (0, "exits\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
