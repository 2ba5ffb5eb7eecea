"""The mocked memcached answers as the real one does."""

import contextlib
import re
import socket
import time
import unittest
from functools import partial

from hypothesis import given, settings

from cachetest import MockCache, PatchCaches
from cachetest.adapters.pymemcache.protocol import Conversation
from cachetest.adapters.pymemcache.store import MemcachedStore

from ...servers import needs_memcached, server
from ...support import needs, sample_or_all, takes_a_while
from .replay_programs import CALLS, LINES, PROGRAMS


def outcome(expression, client, now):
    """Return the type and value of *expression*, or of what it raises."""
    try:
        value = eval(expression, {"c": client, "now": now})
    except Exception as error:
        return type(error), str(error)
    return type(value), value


class Numbers:
    """Stands for the numbers of writes, which count from wherever the server is: by their order."""

    def __init__(self):
        self._seen = {}

    def of(self, found):
        """Return *found* with each such number replaced."""
        if isinstance(found, dict):
            return {key: self.of(value) for key, value in found.items()}
        if isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], bytes):
            return found[0], self._seen.setdefault(found[1], len(self._seen))
        return found

    def of_answer(self, answer):
        """Return the bytes *answer* with each such number replaced."""
        return re.sub(
            rb"(VALUE \S+ \d+ \d+ )(\d+)\r\n",
            lambda match: b"%b#%d\r\n" % (match[1], self._seen.setdefault(match[2], len(self._seen))),
            answer,
        )


def clients(address):
    """Yield the name, and a new one, of each kind of client there is for *address*."""
    from pymemcache import Client, HashClient, PooledClient
    from pymemcache.client.retrying import RetryingClient
    from pymemcache.serde import compressed_serde, pickle_serde

    # With a delay, each answer to a call of several packets would come 40 ms later.
    options = {"default_noreply": False, "timeout": 30, "no_delay": True}
    yield "Client", Client(address, timeout=30)
    yield "replying", Client(address, **options)
    yield "prefix", Client(address, key_prefix="app:", **options)
    yield "pickle", Client(address, serde=pickle_serde, **options)
    yield "compressed", Client(address, serde=compressed_serde, **options)
    yield "unicode", Client(address, allow_unicode_keys=True, encoding="utf-8", **options)
    yield "ignore_exc", Client(address, ignore_exc=True, **options)
    yield "PooledClient", PooledClient(address, max_pool_size=2, **options)
    yield "pooled_ignore_exc", PooledClient(address, ignore_exc=True, **options)
    yield "HashClient", HashClient([address], **options)
    yield "pooled_hash", HashClient([address], use_pooling=True, ignore_exc=True, **options)
    yield "RetryingClient", RetryingClient(Client(address, **options), attempts=2)


@needs_memcached
@needs("pymemcache", "pymemcache")
class ReplayTests(unittest.TestCase):
    def setUp(self):
        # A server for each test: what one leaves behind would be answered to another.
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.address = "127.0.0.1", stack.enter_context(server("memcached"))
        with socket.create_connection(self.address, 30) as real:
            # A thread that sorts entries by their use would at times keep incr from writing in place.
            real.sendall(b"lru mode flat\r\n")
            real.recv(100)

    def run_calls(self, client):
        """Return what each of the calls comes to."""
        now, numbers = int(time.time()), Numbers()
        found = [outcome(call, client, now) for call in CALLS]
        return [(kind, numbers.of(value)) for kind, value in found]

    @takes_a_while
    def test_calls(self):
        """Every call of every kind of client comes to the same, in type, value and text of the error."""
        compared, forms = 0, set()
        for (name, real), (_, ours) in zip(clients(self.address), clients(self.address), strict=True):
            self.addCleanup(real.close)
            expected = self.run_calls(real)
            with PatchCaches("pymemcache"):
                got = self.run_calls(ours)
            for call, one, other in zip(CALLS, expected, got, strict=True):
                with self.subTest(client=name, call=call):
                    self.assertEqual(other, one)
                # Not all clients have all methods.
                if one[0] is not AttributeError:
                    compared += 1
                    forms.add(call)
        print(f"memcached: {compared} calls of 12 kinds of client equal, of {len(forms)} forms")

    def test_statistics(self):
        """The statistics are some of those of the real one, of the same types."""
        real = next(clients(self.address))[1]
        self.addCleanup(real.close)
        expected = real.stats()
        with PatchCaches("pymemcache"):
            got = real.stats()
        self.assertGreater(len(got), 5)
        for name, value in got.items():
            self.assertIs(type(value), type(expected[name]), name)

    def test_lines(self):
        """Every line of the protocol is answered with the same bytes."""
        ours, real = Conversation(self.new_store()), self.connect()
        seen, expected = Numbers(), Numbers()
        for line in LINES:
            with self.subTest(line=line[:60]):
                got, want = ours.send(line + b"\r\n"), self.ask(real, line)
                self.assertEqual(seen.of_answer(got), expected.of_answer(want))
        print(f"memcached: {len(LINES)} lines of the protocol answered with equal bytes")

    @settings(max_examples=sample_or_all(30, of=150), deadline=None)
    @given(PROGRAMS)
    def test_random_programs(self, program):
        """Whatever is said in whatever order is answered with the same bytes."""
        real = self.connect()
        # Not by flush_all: an entry that it took comes back with the next that has a delay.
        self.ask(real, b"delete a\r\ndelete b")
        ours = Conversation(self.new_store())
        seen, expected = Numbers(), Numbers()
        for line in program:
            got, want = (
                self.with_latest(line, ask)
                for ask in (lambda line: ours.send(line + b"\r\n"), partial(self.ask, real))
            )
            self.assertEqual(seen.of_answer(got), expected.of_answer(want), line)

    def with_latest(self, line, ask):
        """Return the answer to *line* with the number of the latest write in it."""
        if b"LATEST" in line:
            found = re.search(rb"VALUE \S+ \d+ \d+ (\d+)", ask(b"gets " + line.split()[1]))
            line = line.replace(b"LATEST", found[1] if found else b"0")
        return ask(line)

    def new_store(self):
        """Return what gives a new and empty store."""
        store = MemcachedStore(MockCache("pages"), frozenset())
        return lambda: store

    def connect(self):
        """Return a connection to the real server."""
        real = socket.create_connection(self.address)
        self.addCleanup(real.close)
        real.settimeout(30)
        return real

    def ask(self, real, line):
        """Send *line*, and return all that the real server answers."""
        # A second command, of which the answer is known, tells that the first was done.
        real.sendall(line + b"\r\nmn\r\n")
        answer = b""
        while not answer.endswith(b"MN\r\n"):
            answer += real.recv(1 << 20)
        return answer.removesuffix(b"MN\r\n")


if __name__ == "__main__":
    unittest.main()
