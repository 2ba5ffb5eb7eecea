"""What a program meets of a server that is down, or slow: of a real one, and of the one of a test."""

import contextlib
from unittest import mock

from cachetest import Fails, PatchCaches, Slow

from ..servers import running

# Of no server, and no part of any other number.
_PORT = 54329
DOWN, SLOW = "down", "slow"
# What a real server that is frozen is waited for, in seconds: short, since each try takes as long.
LIMIT = 0.02


class Outcomes:
    """What came of some calls of one function: an answer or an error each, and how many waits it took."""

    def __init__(self, port, make_waits):
        self.port = str(port)
        self.found = []
        self._make_waits = make_waits

    def of(self, function, times):
        """Note what comes of *function*, called so many *times*."""
        for _ in range(times):
            with self._make_waits() as waits:
                try:
                    found = function()
                except Exception as error:
                    found = type(error), str(error).replace(self.port, "PORT")
            self.found.append((found, waits.call_count))
        return self.found


def no_waits():
    """Return a context manager that counts no waits: the client has none."""
    return contextlib.nullcontext(mock.Mock(call_count=0))


def on_a_real_server(program, how, make, call, *, warm, times=2, waits=no_waits):
    """Return what comes of *call*, with what *make* makes of a port, once a real server is *how*.

    A client that is *warm* has been used before.
    """
    with running(program) as server:
        client = _warmed(make, call, server.port) if warm else make(server.port)
        server.stop() if how == DOWN else server.freeze()
        return Outcomes(server.port, waits).of(lambda: call(client), times)


def _warmed(make, call, port):
    """Return a client that has been used; on a busy machine the first may wait longer than its limit."""
    for _ in range(1000):
        client = make(port)
        with contextlib.suppress(Exception):
            call(client)
            return client
    raise TimeoutError(f"nothing answers at {port}")


def in_a_test(adapter, name, how, make, call, *, warm, times=2, waits=no_waits):
    """Return what comes of the same in a test, where a fault has it so; no wait takes any time."""
    with PatchCaches(adapter) as patch:
        client = make(_PORT)
        if warm:
            call(client)
        with patch.caches[name].inject(Fails() if how == DOWN else Slow(60)):
            return Outcomes(_PORT, waits).of(lambda: call(client), times)
