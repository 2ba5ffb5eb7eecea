"""What the tests of guards share: a place to connect to, and the state that has to be as before."""

from __future__ import annotations

import socket
import sys
import unittest

from cachetest import GuardError
from cachetest._patching import watched_functions
from cachetest._patching.import_hook import ImportHook

__all__ = ["GuardCase", "Listener"]


class Listener:
    """A socket that listens, and is never answered from."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def came(self):
        """Return whether anybody has connected."""
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True


class GuardCase(unittest.TestCase):
    """A test after which nothing is watched, and nobody has connected to ``self.listener``."""

    def setUp(self):
        self.listener = Listener()
        self.addCleanup(self.listener.socket.close)
        self.port = self.listener.port
        self.addCleanup(self.check_nothing_left)

    def check_nothing_left(self):
        self.assertEqual(watched_functions.watchers(), ())
        self.assertEqual(watched_functions._watched, {})
        self.assertFalse([each for each in sys.meta_path if isinstance(each, ImportHook)])

    def refuses(self, call, *args, text=""):
        """Check that *call* is refused, and that nobody has connected."""
        with self.assertRaisesRegex(GuardError, text) as caught:
            call(*args)
        self.assertFalse(self.listener.came())
        return str(caught.exception)
