"""A cache in a table does in a test as on its table, which the checks make; run inside `django_project`."""

import unittest
from contextlib import nullcontext
from datetime import datetime, timezone
from unittest import mock

from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from parameterized import parameterized

from cachetest import PatchCaches

from .django_support import kinds

NOW = 1_000_000.0
TABLE = "django.core.cache.backends.db.DatabaseCache"


class TableTests(unittest.TestCase):
    def setUp(self):
        self.now = NOW
        for name, clock in (
            ("time.time", lambda: self.now),
            ("django.core.cache.backends.db.tz_now", lambda: datetime.fromtimestamp(self.now, timezone.utc)),
        ):
            patch = mock.patch(name, clock)
            patch.start()
            self.addCleanup(patch.stop)

    def run_both(self, calls, **options):
        """Run *calls* on a table with *options*, and in a test; return what was left, and the operations."""
        found = []
        settings = {"BACKEND": TABLE, "LOCATION": "room", "OPTIONS": options}
        with override_settings(CACHES={"default": settings}):
            call_command("createcachetable", verbosity=0)
            try:
                for scope in (nullcontext(), PatchCaches("django")):
                    self.now = NOW
                    with scope:
                        answers = calls()
                        left = [key for key in "abcdefgh" if key in cache]
                        found.append((answers, left, cache.get_many("abcdefgh")))
            finally:
                with connection.cursor() as cursor:
                    cursor.execute("DROP TABLE room")
        real, ours = found
        self.assertEqual(ours, real)
        return left, scope.caches.default.operations

    @parameterized.expand(
        [(frequency, order) for frequency in (0, 1, 2, 3) for order in ("abcdefg", "gfedcba")]
    )
    def test_room(self, frequency, order):
        """It has room for one more than its most, and what goes then is decided by the keys."""

        def calls():
            for key in order:
                cache.set(key, key)
            cache.set(order[-1], "again")

        self.run_both(calls, MAX_ENTRIES=3, CULL_FREQUENCY=frequency)

    def test_evicted(self):
        """Each entry that goes is an eviction, before the put that it makes room for."""

        def calls():
            for key in "dcba":
                cache.set(key, key)

        left, operations = self.run_both(calls, MAX_ENTRIES=2, CULL_FREQUENCY=3)
        self.assertEqual(left, ["a", "c", "d"])
        self.assertEqual(kinds(operations)[:5], ["put", "put", "put", "eviction", "put"])
        self.assertEqual(operations[3].key, ":1:b")

    def test_expired_first(self):
        """Those whose time has passed go first, and may be enough."""

        def calls():
            for key in "abc":
                cache.set(key, key, 10 if key == "c" else None)
            self.now += 20
            cache.set("d", "d")

        left, operations = self.run_both(calls, MAX_ENTRIES=2, CULL_FREQUENCY=2)
        self.assertEqual(left, ["a", "b", "d"])
        self.assertEqual(kinds(operations)[:5], ["put", "put", "put", "expiration", "put"])

    def test_counted(self):
        """An entry that is counted up lasts anew as long as the settings say."""

        def calls():
            cache.set("a", 1, 10)
            cache.set("b", 1, 10)
            answers = [cache.incr("a"), cache.decr("a")]
            self.now += 20
            return answers

        left, operations = self.run_both(calls)
        self.assertEqual(left, ["a"])
        self.assertEqual(kinds(operations)[:6], ["put", "put", "hit", "put", "hit", "put"])
