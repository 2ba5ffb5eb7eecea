"""Workers that a test leaves running, and what there is of its patches."""

import threading
import unittest

from cachetest import MockBackend, PatchCaches
from cachetest._caches import thread_hooks
from cachetest._patching import late_patches
from cachetest._recording.uncounted import forget_uncounted

from ..support import make_library


class Worker:
    """A thread that the caller starts, and that waits until it may go on."""

    def __init__(self, work=lambda: None, **options):
        self._go = threading.Event()
        self._work = work
        self.thread = threading.Thread(target=self._run, daemon=True, **options)
        self.thread.start()

    def _run(self):
        self._go.wait()
        self._work()

    def end(self):
        self._go.set()
        self.thread.join()


class LateCase(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        self.addCleanup(forget_uncounted)
        self.addCleanup(self.assert_all_gone)

    def assert_all_gone(self):
        self.assertEqual(late_patches.held, [])
        self.assertEqual(self.library.backend, "real")
        self.assertFalse(any(hook.on for hook in thread_hooks._made))

    def assert_held(self):
        self.assertIsInstance(self.library.backend, MockBackend)

    def left_by_block(self, make, **options):
        """Return what *make* makes in a block, which ends with that running."""
        with PatchCaches(self.adapter, **options):
            return make()
