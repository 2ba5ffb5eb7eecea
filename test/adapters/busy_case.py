"""Threads of a program that go on using caches while scopes open and close around them."""

import collections
import contextlib
import sys
import threading
import traceback
import unittest
import warnings

from cachetest import PatchCaches
from cachetest.errors import CacheTestWarning

from ..support import EXHAUSTIVE

PATIENCE = 40_000
SCOPES = 25 * EXHAUSTIVE or 3


class BusyCase(unittest.TestCase):
    """A test of an adapter under threads from before, which switch as often as they can."""

    late_is_an_error = True
    """Whether a call that goes on when its scope has ended is that scope's all the same."""

    told = None
    """What each line says that a scope may fail with at its end."""

    def setUp(self):
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-5)
        self.errors = collections.Counter()
        self.calls = collections.Counter()

    @contextlib.contextmanager
    def telling(self):
        """Let the end of a scope tell what it may."""
        try:
            yield
        except AssertionError as error:
            _, *lines = str(error).splitlines()
            if self.told is None or not lines or not all(self.told in line for line in lines):
                raise

    def run_busy(self, adapter, works, scopes=SCOPES):
        """Open *scopes* scopes while two threads for each of *works*, by name, call that over and over.

        Returns the operations that the scopes have counted. That a thread raises, or a scope fails, is a
        failure.
        """
        stop = threading.Event()

        def go_on(name, work):
            n = 0
            while not stop.is_set():
                n += 1
                try:
                    work(n)
                except Exception:
                    self.errors[f"{name}: {traceback.format_exc()}"] += 1
                self.calls[name] += 1

        threads = [
            threading.Thread(target=go_on, args=each, daemon=True) for each in works.items() for _ in range(2)
        ]
        counted = 0
        with warnings.catch_warnings():
            # What is done while no test runs is late only where something of ours is still there.
            warnings.simplefilter("error" if self.late_is_an_error else "ignore", CacheTestWarning)
            for thread in threads:
                thread.start()
            try:
                for _ in range(scopes):
                    with self.telling(), PatchCaches(adapter()) as patch:
                        before = sum(self.calls.values())
                        for _ in range(PATIENCE):
                            # One for each thread may have begun before.
                            if sum(self.calls.values()) > before + 2 * len(works):
                                break
                            stop.wait(0.0005)
                        else:
                            self.fail(f"the threads are stuck; so far {self.errors}")
                    counted += sum(sum(cache.counts()) for cache in patch.caches.values())
            finally:
                stop.set()
                for thread in threads:
                    thread.join(20)
        self.assertFalse(self.errors, "\n".join(self.errors))
        self.assertGreater(counted, 0)
        return counted
