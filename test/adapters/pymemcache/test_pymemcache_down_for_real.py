"""What a client raises through a fault is what it raises with a real server that is down, or slow."""

import unittest

from ...servers import needs_memcached
from ...support import expand
from ..outages import DOWN, LIMIT, SLOW, in_a_test, on_a_real_server
from .pymemcache_support import needs_pymemcache


def make(kind, how, port):
    """Return a client of *kind* of the server at *port*."""
    import pymemcache
    from pymemcache.client.retrying import RetryingClient

    server, options = ("127.0.0.1", port), {"connect_timeout": 30}
    if how == SLOW:
        options["timeout"] = LIMIT
    if kind.startswith("ignoring"):
        options["ignore_exc"] = True
    if kind == "retrying":
        return RetryingClient(pymemcache.Client(server, **options), attempts=3)
    if kind.endswith("hash"):
        # It forgets a failure when that is so long ago: no machine is so busy.
        return pymemcache.HashClient([server], retry_timeout=3600, **options)
    return {"pooled": pymemcache.PooledClient}.get(kind, pymemcache.Client)(server, **options)


CALLS = {
    "get": lambda client: client.get("a", "default"),
    "get_many": lambda client: client.get_many(["a", "b"]),
    "set": lambda client: client.set("a", "1", noreply=False),
    "set_many": lambda client: client.set_many({"a": "1", "b": "2"}, noreply=False),
    "incr": lambda client: client.incr("n", 1, noreply=False),
    "delete": lambda client: client.delete("a", noreply=False),
}
KINDS = ("client", "pooled", "hash", "ignoring", "ignoring_hash", "retrying")


def cases():
    return [
        (f"{how}_{'warm' if warm else 'cold'}_{kind}", how, warm, kind)
        for how in (DOWN, SLOW)
        for warm in (True, False)
        for kind in KINDS
    ]


@needs_pymemcache
@needs_memcached
class DownForRealTests(unittest.TestCase):
    @expand(cases(), quick=6)
    def test_client(self, _, how, warm, kind):
        """Class, text and answers are equal, each time, whatever is called."""
        from cachetest.adapters import Pymemcache

        for name in CALLS if how == DOWN else ("get", "set"):
            call = CALLS[name]
            with self.subTest(name):

                def make_it(port):
                    return make(kind, how, port)

                real = on_a_real_server("memcached", how, make_it, call, warm=warm, times=4)
                ours = in_a_test(Pymemcache(), "pymemcache", how, make_it, call, warm=warm, times=4)
                self.assertEqual(ours, real)

    def test_quiet(self):
        """What asks for no answer is lost once, then the connection is broken, then it is refused."""
        from cachetest.adapters import Pymemcache

        def put(client):
            return client.set("a", "1", noreply=True)

        def make_it(port):
            client = make("client", DOWN, port)
            # It has been read, and answered.
            client.set("a", "1", noreply=False)
            return client

        real = on_a_real_server("memcached", DOWN, make_it, put, warm=False, times=4)
        ours = in_a_test(Pymemcache(), "pymemcache", DOWN, make_it, put, warm=False, times=4)
        self.assertEqual(ours, real)
        self.assertEqual([found for found, _ in ours[:1]], [True])


if __name__ == "__main__":
    unittest.main()
