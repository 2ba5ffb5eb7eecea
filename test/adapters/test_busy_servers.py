"""Clients of real servers that threads are in the middle of using while a scope opens or closes."""

import threading
import unittest

from ..servers import needs_memcached, needs_redis_server, server
from ..support import needs
from .busy_case import BusyCase


def check(found, *expected):
    if found not in expected:
        raise AssertionError(found)


class BusyServersTests(BusyCase):
    # A call is a conversation, of which each part asks whose it is.
    late_is_an_error = False

    @needs("fakeredis", "cachetest[redis]")
    @needs_redis_server
    def test_redis(self):
        """No call fails, and none gets the reply to another: what began on a connection ends on it."""
        import redis

        from cachetest.adapters import Redis

        with server("redis-server") as port, redis.Redis(port=port) as client:

            def single(n):
                client.set(f"k{n % 17}", "v")
                check(client.get(f"k{n % 17}"), b"v", None)

            def pipeline(n):
                with client.pipeline() as pipe:
                    pipe.set("p", n).get("q")
                    check(pipe.execute()[1], None)

            self.run_busy(Redis, {"single": single, "pipeline": pipeline})

    @needs("pymemcache", "pymemcache")
    @needs_memcached
    def test_pymemcache(self):
        """So does a client of memcached, of which each thread has its own, as pymemcache demands."""
        import pymemcache

        from cachetest.adapters import Pymemcache

        with server("memcached") as port:
            made = threading.local()

            def work(n):
                if not hasattr(made, "client"):
                    made.client = pymemcache.Client(("127.0.0.1", port))
                made.client.set(f"k{n % 17}", b"v")
                check(made.client.get(f"k{n % 17}"), b"v", None)

            self.run_busy(Pymemcache, {"client": work, "another": work})


if __name__ == "__main__":
    unittest.main()
