"""A fault on a region is what the client of its backend raises, and damages what the region stores."""

import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import Damaged, Dropped, Fails, Gone, LosesReply, PatchCaches, Slow, Stale, TooLarge
from test.servers import needs_memcached, needs_redis_server
from test.support import needs

from ..outages import DOWN, Outcomes, no_waits, on_a_real_server
from ..redis.redis_support import ten_retries
from .dogpile_support import adapter

REDIS, MEMCACHED = "dogpile.cache.redis", "dogpile.cache.pymemcache"
PORT = 54329


def region_of(backend, **arguments):
    from dogpile.cache import make_region

    return make_region().configure(backend, arguments=arguments)


def of_url(port=PORT, **arguments):
    """Return a region on Redis whose client does not try again."""
    return region_of(REDIS, url=f"redis://localhost:{port}/0", **arguments)


def of_host(port=PORT):
    """Return one whose client does."""
    return region_of(REDIS, host="localhost", port=port)


def on_memcached(port=PORT):
    return region_of(MEMCACHED, url=[f"127.0.0.1:{port}"])


def shown(operations):
    return ", ".join(f"{each.kind} {each.key}" for each in operations)


@needs("dogpile", "dogpile.cache")
@needs("fakeredis", "cachetest[redis]")
@needs("pymemcache", "pymemcache")
class DogpileFaultTests(unittest.TestCase):
    def patch(self, region):
        patch = PatchCaches(adapter(region=region))
        caches = patch.__enter__().caches
        self.addCleanup(patch.__exit__, None, None, None)
        region.set("a", "whole")
        return caches

    @parameterized.expand(
        [
            ("url", "redis-server", of_url),
            ("host", "redis-server", of_host),
            ("memcached", "memcached", on_memcached),
        ]
    )
    @needs_redis_server
    @needs_memcached
    def test_down_for_real(self, _, program, make):
        """Class and text are those of a client whose real server is down."""

        def get(region):
            return region.get("a")

        with mock.patch("redis.retry.sleep"):
            real = on_a_real_server(program, DOWN, make, get, warm=False, times=1)
        region = make(PORT)
        caches = self.patch(region)
        with caches["region"].inject(Fails()):
            ours = Outcomes(PORT, no_waits).of(lambda: get(region), 1)
        self.assertEqual(ours, real)

    def test_retries(self):
        """A client that tries again waits by the clock of the scope, and has lost replies done twice."""
        import redis

        region = region_of(REDIS, host="localhost", port=PORT, connection_kwargs=ten_retries())
        caches = self.patch(region)
        with caches["region"].inject(Fails()) as injected:
            self.assertRaises(redis.ConnectionError, region.get, "a")
        waited = caches.clock.offset
        self.assertGreater(waited, 0)
        self.assertEqual(shown(injected.struck), "failure a")
        with caches["region"].inject(LosesReply(), times=1):
            self.assertEqual(region.get("a"), "whole")
        with caches["region"].inject(LosesReply(then_down=True), on="put"):
            self.assertRaisesRegex(redis.ConnectionError, "refused", region.set, "a", "new")
        self.assertEqual(region.get("a"), "new")

    def test_lost(self):
        """One that does not is told that its connection was closed; what was sent is done."""
        import redis
        from pymemcache.exceptions import MemcacheUnexpectedCloseError

        for region, error in (
            (of_url(), redis.ConnectionError),
            (on_memcached(), MemcacheUnexpectedCloseError),
        ):
            with PatchCaches(adapter(region=region)) as patch:
                with patch.caches["region"].inject(LosesReply(), on="put"):
                    self.assertRaises(error, region.set, "a", 1)
                self.assertEqual(region.get("a"), 1)

    def test_slow(self):
        """An answer is late, or too late for the client of the backend."""
        import redis

        region = of_url(socket_timeout=2)
        caches = self.patch(region)
        with caches["region"].inject(Slow(1)) as injected:
            self.assertEqual(region.get_or_create("a", lambda: None), "whole")
        self.assertEqual((caches.clock.offset, shown(injected.struck)), (1, "hit a"))
        with caches["region"].inject(Slow(3)):
            self.assertRaisesRegex(redis.TimeoutError, "Timeout reading from socket", region.get, "a")
        self.assertEqual(caches.clock.offset, 3)

    def test_stored(self):
        """What is stored is damaged, evicted, left, or old; a text that is too large is refused."""
        import redis

        region = of_url()
        cache = self.patch(region)["region"]
        with cache.inject(Stale()):
            region.set("a", "new")
            self.assertEqual(region.get("a"), "whole")
        with cache.inject(Dropped()):
            region.set("a", "newer")
        self.assertEqual(region.get("a"), "new")
        with cache.inject(TooLarge(10)) as injected:
            self.assertRaises(redis.exceptions.OutOfMemoryError, region.set, "b", "text" * 10)
        self.assertEqual(shown(injected.struck), "failure b")
        with cache.inject(Damaged(), key="a") as injected:
            self.assertRaises(ValueError, region.get, "a")
        self.assertEqual(shown(injected.struck), "failure a")
        with cache.inject(Gone(), key="a") as injected:
            self.assertEqual(region.get_or_create("a", lambda: "made"), "made")
        self.assertEqual(shown(injected.struck), "miss a")

    def test_impossible(self):
        """A backend in memory can always be reached, and what pymemcache serializes is kept as objects."""
        cache = self.patch(region_of("dogpile.cache.memory"))["region"]
        self.assertRaisesRegex(TypeError, "inside the process", cache.inject, Fails())
        with PatchCaches(adapter(region=on_memcached())) as patch:
            cache = patch.caches["region"]
            self.assertRaisesRegex(TypeError, "holds objects", cache.inject, Damaged())


if __name__ == "__main__":
    unittest.main()
