"""A fork that comes while the first scope is opened on another thread waits for what that loads."""

import os
import unittest

from parameterized import parameterized

from ..support import run_python

# The thread that opens the first scope is stopped where it imports a module, and lets another one fork.
FORKING = """
import os, signal, sys, threading
from cachetest import MockBackend, PatchCaches

stopped, forking = threading.Event(), threading.Event()

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            sys.meta_path.remove(self)
            stopped.set()
            forking.wait()
            # The fork has begun, or waits for this thread, by now or soon: either has to be right.
            threading.Event().wait(0.05)
        return None

def open_scope():
    with PatchCaches():
        MockBackend("a").put(1, 1)

sys.meta_path.insert(0, Finder())
opening = threading.Thread(target=open_scope)
opening.start()
stopped.wait(10)
forking.set()
pid = os.fork()
if pid == 0:
    # Ends a child that hangs.
    signal.alarm(10)
    with PatchCaches() as patch:
        MockBackend("b").put(1, 1)
    os._exit(0 if patch.caches.b.num_put == 1 else 3)
_, status = os.waitpid(pid, 0)
opening.join()
print(stopped.is_set(), os.waitstatus_to_exitcode(status))
"""


@unittest.skipUnless(hasattr(os, "fork"), "needs os.fork")
class LoadingTests(unittest.TestCase):
    @parameterized.expand(["cachetest._caches.thread_hooks", "concurrent.futures.thread", "logging"])
    def test_fork(self, module):
        """The child opens a scope; nothing is released that was not taken."""
        done = run_python("-W", "ignore", "-c", FORKING, module)
        self.assertEqual((done.stdout, done.stderr), ("True 0\n", ""))

    def test_registers_again(self):
        """What is registered afterwards is registered by what was there before."""
        from cachetest._recording.locks import loaded_whole

        found = os.register_at_fork
        with loaded_whole():
            self.assertIsNot(os.register_at_fork, found)
        self.assertIs(os.register_at_fork, found)


if __name__ == "__main__":
    unittest.main()
