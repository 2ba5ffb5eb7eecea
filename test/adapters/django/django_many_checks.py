"""Callers at once of Django's caches; run inside `django_project`."""

from django.core.cache import cache
from django.test import SimpleTestCase

from cachetest import CacheTestMixin


class ManyTests(CacheTestMixin, SimpleTestCase):
    patch_caches = ("django",)

    def load(self):
        return 4.0

    def visit(self):
        number = (cache.get("n") or 0) + 1
        cache.set("n", number)
        return number

    def test_lost_update(self):
        """A get and a set lose updates; an incr does not."""
        cache.set("n", 1)
        with self.assertRaisesRegex(AssertionError, "(?s)a gets 2, b gets 2.*4 of 6 orders fail; .*'abba'$"):
            self.assertCacheAtomic("default", self.visit)
        self.assertCacheAtomic("default", lambda: cache.incr("n"))

    def test_get_or_set(self):
        """Each that finds nothing computes; one of them puts."""
        with self.assertRaisesRegex(AssertionError, r"called load\(\) for .* 8 times, where loads=1"):
            self.assertCacheSingleFlight("default", lambda: cache.get_or_set("a", self.load), load=self.load)
        self.assertCacheStats("default", puts=1)
