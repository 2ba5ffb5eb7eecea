"""The same calls made of a real Redis and of the adapter's: each reply and each error is equal."""

import asyncio
import unittest
import warnings
from unittest import mock

from cachetest import PatchCaches

from ...servers import needs_redis_server, server
from ...support import expand, needs
from .redis_calls import CALLS

# Redis gives these in no order, and fakeredis in another.
UNORDERED = {"keys", "scan", "sscan", "hscan"}


def outcome(error):
    return type(error), str(error)


def play(client):
    """Make every call, and return what each came to."""
    found = []
    for method, arguments, options in CALLS:
        try:
            found.append(getattr(client, method)(*arguments, **options))
        except Exception as error:
            found.append(outcome(error))
    return found


async def play_async(client):
    found = []
    async with client:
        for method, arguments, options in CALLS:
            try:
                found.append(await getattr(client, method)(*arguments, **options))
            except Exception as error:
                found.append(outcome(error))
    return found


def pipeline(client, transaction):
    with client.pipeline(transaction=transaction) as pipe:
        for method, arguments, options in CALLS:
            if method not in ("execute_command", "select", "scan", "blpop", "ping", "echo"):
                getattr(pipe, method)(*arguments, **options)
        return [
            outcome(each) if isinstance(each, Exception) else each
            for each in pipe.execute(raise_on_error=False)
        ]


def in_order(method, reply):
    if method in UNORDERED and isinstance(reply, (list, tuple)):
        return sorted(map(repr, reply))
    return reply


@needs_redis_server
@needs("fakeredis", "cachetest[redis]")
class ReplayTests(unittest.TestCase):
    def setUp(self):
        ignored = warnings.catch_warnings()
        ignored.__enter__()
        self.addCleanup(ignored.__exit__, None, None, None)
        # redis-py deprecates some of the calls.
        warnings.simplefilter("ignore", DeprecationWarning)

    def compare(self, calls, real, mocked):
        """Fail at each call whose outcomes differ; return how many are equal."""
        self.assertEqual((len(real), len(mocked)), (len(calls), len(calls)))
        equal = 0
        for number, (call, expected, got) in enumerate(zip(calls, real, mocked, strict=True)):
            with self.subTest(call=call, number=number):
                method = call[0]
                self.assertIs(type(got), type(expected))
                self.assertEqual(in_order(method, got), in_order(method, expected))
                equal += 1
        return equal

    @expand([(p, d) for p in (2, 3) for d in (False, True)], quick=1)
    def test_sync(self, protocol, decode):
        """Of the sync client, in both protocols, with and without decoded replies."""
        import redis

        from cachetest.adapters import Redis

        options = {"protocol": protocol, "decode_responses": decode, "encoding_errors": "surrogateescape"}
        with server("redis-server") as port:
            client = redis.Redis(port=port, single_connection_client=True, **options)
            self.addCleanup(client.close)
            real = play(client)
            with PatchCaches(Redis()):
                equal = self.compare(CALLS, real, play(client))
        self.assertEqual(equal, len(CALLS))
        forms = {(method, *sorted(options)) for method, _, options in CALLS}
        self.assertGreaterEqual(len(forms), 100, "commands and forms of them")
        print(f"redis: {equal} of {len(CALLS)} calls equal, of {len(forms)} forms")

    @expand([(p, d) for p in (2, 3) for d in (False, True)], quick=1)
    def test_async(self, protocol, decode):
        """Of the asyncio client, too."""
        import redis.asyncio

        from cachetest.adapters import Redis

        options = {"protocol": protocol, "decode_responses": decode, "encoding_errors": "surrogateescape"}

        def run(port):
            client = redis.asyncio.Redis(port=port, single_connection_client=True, **options)
            return asyncio.run(play_async(client))

        with server("redis-server") as port:
            real = run(port)
            with PatchCaches(Redis()):
                equal = self.compare(CALLS, real, run(port))
        self.assertEqual(equal, len(CALLS))

    @expand([(p, t) for p in (2, 3) for t in (False, True)], quick=1)
    def test_pipeline(self, protocol, transaction):
        """In one pipeline, in a transaction and not."""
        import redis

        from cachetest.adapters import Redis

        calls = [
            call
            for call in CALLS
            if call[0] not in ("execute_command", "select", "scan", "blpop", "ping", "echo")
            # In a transaction a command that is not known ends it all.
            and not (transaction and call[0] in ("object", "touch"))
        ]
        with mock.patch.dict(globals(), {"CALLS": calls}), server("redis-server") as port:
            client = redis.Redis(port=port, protocol=protocol)
            self.addCleanup(client.close)
            real = pipeline(client, transaction)
            with PatchCaches(Redis()):
                self.compare(calls, real, pipeline(client, transaction))


if __name__ == "__main__":
    unittest.main()
