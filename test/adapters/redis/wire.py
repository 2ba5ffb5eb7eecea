"""One connection to a real server, or to that of a test, and what comes of the same on both."""

import re

from ...servers import server
from .redis_support import patched


class Talk:
    """One connection, which sends commands as they are and reads the replies; an error is its text."""

    def __init__(self, port, **options):
        import redis

        self.connection = redis.Connection(port=port, **options)
        # A real server that is older than these names would not look whether a client has logged in first.
        for name in ("driver_info", "lib_name", "lib_version"):
            if hasattr(self.connection, name):
                setattr(self.connection, name, None)
        self.connection.connect()

    def __call__(self, *words):
        import redis

        self.connection.send_command(*words)
        try:
            return self.connection.read_response()
        except redis.RedisError as error:
            return str(error)

    def lines(self, lines):
        """Send commands whose words have spaces between them, and return the replies."""
        return [self(*line.split()) for line in lines]

    def read_until(self, end):
        """Return what comes, up to the first in which *end* is."""
        lines = []
        while not lines or end not in lines[-1]:
            lines.append(self.connection.read_response())
        return lines

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.disconnect()


def both(function, *args):
    """Return what *function* returns of a real server, and of that of a test."""
    with server("redis-server") as port:
        real = function(port, *args)
    with patched():
        return real, function(port, *args)


def alike(reply):
    """Return a reply without times, and without what a later release than the real one says otherwise."""
    if isinstance(reply, list):
        pairs = [alike(each) for each in reply]
        at = pairs.index(b"active-time") if b"active-time" in pairs else len(pairs)
        return pairs[:at] + pairs[at + 2 :]
    if isinstance(reply, dict):
        return {key: alike(each) for key, each in reply.items() if key != b"active-time"}
    if isinstance(reply, bytes):
        return re.sub(b"^User u has", b"This user has", reply)
    return "a time" if isinstance(reply, int) and reply > 10**12 else reply
