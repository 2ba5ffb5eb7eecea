"""Libraries that keep their caches in Redis, on top of the redis adapter."""

import unittest

from cachetest import PatchCaches

from ...support import needs
from .redis_support import shown


def patched():
    from cachetest.adapters import Redis

    return PatchCaches(Redis())


@needs("fakeredis", "cachetest[redis]")
class UserTests(unittest.TestCase):
    @needs("django", "Django")
    def test_django(self):
        """Django's own Redis cache: its keys, its pickles, its TTLs; a stored None is a hit."""
        from django.core.cache.backends.redis import RedisCache

        with patched() as patch:
            cache = RedisCache("redis://localhost:6379", {"KEY_PREFIX": "shop", "TIMEOUT": 300})
            self.assertEqual(cache.get_or_set("a", lambda: {"x": 1}), {"x": 1})
            cache.set("none", None)
            cache.set("n", 1)
            self.assertEqual(cache.incr("n"), 2)
            self.assertEqual(cache.get_many(["none", "n", "no"]), {"none": None, "n": 2})
            cache.delete("n")
            self.assertFalse(cache.has_key("n"))
            self.assertTrue(cache.touch("a"))
            self.assertFalse(cache.add("a", 2))
            operations = shown(patch.caches.redis.operations).replace("shop:1:", "")
            self.assertEqual(
                operations,
                "miss a, put a, hit a, put none, put n, put n, hit none, hit n, miss no, delete n",
            )
            where = {each.where.filename for each in patch.caches.redis.operations}
            self.assertEqual(where, {__file__})

    @needs("dogpile", "dogpile.cache")
    def test_dogpile(self):
        """dogpile's Redis backend: a cold get asks twice, a warm one once."""
        from dogpile.cache import make_region

        region = make_region().configure("dogpile.cache.redis", arguments={"host": "localhost"})
        with patched() as patch:
            self.assertEqual(region.get_or_create("a", lambda: 1), 1)
            self.assertEqual(region.get_or_create("a", lambda: 2), 1)
            region.delete("a")
            self.assertEqual(shown(patch.caches.redis.operations), "miss a, miss a, put a, hit a, delete a")


if __name__ == "__main__":
    unittest.main()
