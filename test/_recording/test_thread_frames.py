"""The frames of threads, while garbage is collected and other threads look as well."""

import gc
import os
import threading
import unittest

from cachetest._recording.thread_frames import thread_frames, without_collection

from ..support import run_python

# What is kept makes the collections come, each of which lets the other threads on.
LOOKING = """
import faulthandler, gc, sys, threading, time
from cachetest._recording.thread_frames import thread_frames
faulthandler.dump_traceback_later(20, exit=True)
together = threading.Barrier(9)
kept = []

def look():
    together.wait()
    for _ in range(200):
        kept.append(thread_frames())

threads = [threading.Thread(target=look) for _ in range(8)]
for each in threads:
    each.start()
# Not before: CPython 3.11 ends a thread in which coverage begins to trace while it does so in another.
gc.callbacks.append(lambda *_: time.sleep(0.00001))
sys.setswitchinterval(1e-6)
gc.set_threshold(1)
together.wait()
for each in threads:
    each.join()
print("looked")
"""


class ThreadFrameTests(unittest.TestCase):
    def test_each_thread(self):
        """Each thread is there by its id, with the frame that it is in."""
        go = threading.Event()
        thread = threading.Thread(target=go.wait)
        thread.start()
        try:
            found = thread_frames()
            self.assertEqual(found[threading.get_ident()].f_globals["__name__"], thread_frames.__module__)
            self.assertIn(thread.ident, found)
        finally:
            go.set()
            thread.join()

    def test_collection_meanwhile(self):
        """No thread waits for another that collects garbage while it looks."""
        done = run_python("-c", LOOKING)
        self.assertEqual((done.stdout, done.returncode), ("looked\n", 0), done.stderr)

    def test_as_it_was(self):
        """Garbage is collected again afterwards, if it was before, whatever was raised."""
        self.addCleanup(gc.enable)
        self.assertFalse(without_collection(lambda: without_collection(gc.isenabled)))
        self.assertFalse(without_collection(lambda: (without_collection(int), gc.isenabled())[1]))
        self.assertTrue(gc.isenabled())
        with self.assertRaises(ZeroDivisionError):
            without_collection(lambda: 1 / 0)
        self.assertTrue(gc.isenabled())
        gc.disable()
        without_collection(int)
        self.assertFalse(gc.isenabled())

    @unittest.skipUnless(hasattr(os, "fork"), "needs os.fork")
    def test_forked_meanwhile(self):
        """A child that is forked by another thread meanwhile collects its garbage."""
        from .._sharing.children_support import run_forked

        inside, go = threading.Event(), threading.Event()

        thread = threading.Thread(target=without_collection, args=(lambda: inside.set() or go.wait(10),))
        thread.start()
        try:
            inside.wait(10)
            self.assertTrue(run_forked(gc.isenabled))
        finally:
            go.set()
            thread.join()
        self.assertTrue(gc.isenabled())


if __name__ == "__main__":
    unittest.main()
