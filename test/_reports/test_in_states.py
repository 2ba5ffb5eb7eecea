"""``python -m cachetest --states``: each test in several states, and which end otherwise."""

import json
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from ..documents import DOCS, blocks
from ..support import needs, run_python, takes_a_while

SHOP = """\
import unittest
from cachetest import CacheTestCase, MockBackend, cache_states

prices, sessions = MockBackend("prices"), MockBackend("sessions")
runs = []

def price():
    found = prices.get("lamp")
    if found is None:
        prices.put("lamp", (4, 2))
        return 4, 2
    return list(found)

class Tests(CacheTestCase):
    def test_differs(self):
        self.assertEqual(price(), (4, 2))
        self.assertCacheStats("prices", puts=1, hits=0, misses=1)

    def test_same(self):
        self.assertEqual(tuple(price()), (4, 2))

    def test_flaky(self):
        runs.append(1)
        self.assertEqual(len(runs), 1)

    def test_session(self):
        sessions.put("user", 7)
        self.assertEqual(sessions.get("user"), 7)

    @cache_states("cold")
    def test_own(self):
        pass

class ClearedTests(CacheTestCase):
    def setUp(self):
        prices.get("pen")
        self.caches.prices.delete("lamp")

    def test_cleared(self):
        price()

class KeptTests(ClearedTests):
    def setUp(self):
        pass

class OtherTests(unittest.TestCase):
    def test_other(self):
        pass
"""

DJANGO = """\
from django.conf import settings
settings.configure(
    CACHES={
        name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": name}
        for name in ("default", "rates")
    },
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
import django
django.setup()
from django.core.cache import cache, caches
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase
from cachetest import CacheTestMixin

def answer():
    found = cache.get("answer")
    if found is None:
        with connection.cursor() as cursor:
            found = cursor.execute("select 42").fetchone()[0]
        cache.set("answer", found)
    return found

class QueryTests(CacheTestMixin, TransactionTestCase):
    def test_queries(self):
        with self.assertNumQueries(1):
            answer()
            answer()
        self.assertNumQueries(0, answer)

class RateTests(CacheTestMixin, SimpleTestCase):
    def test_rate(self):
        rates = caches["rates"]
        rates.add("ada", 1)
        self.assertGreater(rates.incr("ada"), 1)
"""


class StatesTests(unittest.TestCase):
    def call(self, source, *arguments):
        """Return what the runner has done with tests of this *source*."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "test_shop.py").write_text(source)
        return run_python("-m", "cachetest", "test_shop", *arguments, cwd=self.folder)

    def told(self, done):
        """Return the lines about states."""
        return done.stderr[done.stderr.index(" run in the states") :].partition("\n")[2]

    def test_shop(self):
        """It is told which test ends otherwise, what was not warmed and by whom, and what was passed over."""
        done = self.call(SHOP, "--states", "warm,off", "--store=sessions", "--report=a.json")
        self.assertEqual(done.returncode, 1)
        told = done.stderr[done.stderr.index("cachetest: 6 tests were") :]
        shown = next(each for each in blocks(DOCS / "how-to" / "runner.rst", "text") if "states" in each)
        self.assertEqual(told.partition("cachetest: report")[0].rstrip(), shown.rstrip())
        # The line that failed.
        self.assertIn("in test_differs\n    self.assertEqual(price(), (4, 2))\n", done.stderr)
        labels = [each["label"] for each in json.loads((self.folder / "a.json").read_text())["tests"]]
        self.assertEqual(len(labels), len(set(labels)), labels)
        self.assertIn("test_shop.Tests.test_same_off", labels)
        self.assertIn("Ran 20 tests", done.stderr)

    @needs("django", "'cachetest[django]'")
    @takes_a_while
    def test_django(self):
        """Queries are not counted, a database that is rolled back is not warm, and a store is not off."""
        done = self.call(DJANGO, "--states", "cold,warm,off")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = self.told(done)
        self.assertIn("  not run warm, as the database is rolled back between two runs: 1\n", told)
        self.assertIn(
            "  never off, as stores: named, or asked for add or incr without a put:\n    'rates'\n", told
        )
        self.assertIn("queries not evaluated, in another state than cold: 2\n", told)

    @parameterized.expand(
        [
            ("state", ["--states", "cold,wram"], "the closest first: 'warm'"),
            ("twice", ["--states", "off,off"], "was given twice"),
            ("store", ["--store", "prices"], "--store is for --states"),
        ]
    )
    def test_wrong(self, _, arguments, told):
        """What can't be done is told before any test is run."""
        done = self.call(SHOP, *arguments)
        self.assertEqual(done.returncode, 2)
        self.assertIn(told, done.stderr)
        self.assertNotIn("Ran", done.stderr)


if __name__ == "__main__":
    unittest.main()
