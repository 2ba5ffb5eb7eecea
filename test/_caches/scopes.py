"""Scopes that are open for the time of a block, with nothing patched, and threads that no hook has marked."""

import _thread
import contextlib
import threading
import unittest

from cachetest._caches.attribution import scope_of_caller
from cachetest._caches.scope import Scope, close_scope, open_scope
from cachetest._recording.uncounted import take_uncounted


@contextlib.contextmanager
def scope(label="a test", names=("c",)):
    made = Scope(label, names)
    open_scope(made)
    try:
        yield made
    finally:
        close_scope(made)


def elsewhere(function, *args):
    """Call *function* on a thread that no hook has marked, and return what it returned."""
    found = []
    done = threading.Event()

    def work():
        try:
            found.append(function(*args))
        finally:
            done.set()

    # Not by Thread.start, which is hooked while somebody holds the hooks.
    _thread.start_new_thread(work, ())
    done.wait()
    return found[0]


class ScopeCase(unittest.TestCase):
    def setUp(self):
        # A scope that stays open, or an uncounted operation that stays untold, would show in another test.
        self.addCleanup(lambda: self.assertEqual(self.uncounted(), []))
        self.addCleanup(lambda: self.assertIsNone(scope_of_caller()))

    def uncounted(self):
        return [each for kind in (take_uncounted(Scope("nobody")) or ())[:3] for each in kind]
