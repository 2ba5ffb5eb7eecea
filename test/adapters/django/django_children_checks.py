"""Django's caches in child processes: shared ones have the parent's entries, others the child's own."""

import multiprocessing
import time
import unittest

from django.conf import settings
from django.core.cache import caches
from parameterized import parameterized

from cachetest import PatchCaches

from ..._sharing.children_support import ANEW, LOADED_BEFORE, METHODS, outcome_of, run_in_child
from ...support import EXHAUSTIVE
from . import django_project

# A server of forks has done the imports of Django as well.
if ANEW == "forkserver":
    multiprocessing.set_forkserver_preload([*LOADED_BEFORE, __name__, "django.test"])

SHARED = ["pages", "files", "table"]
METHODS = [method for method in METHODS if method != "fork"]


def set_up(files):
    """Have Django's settings, in a child that starts anew."""
    if not settings.configured:
        django_project.CACHES["files"]["LOCATION"] = files
        django_project.configure()


def use(files, alias):
    """Find what the parent has put, or not, and put, add, find and count."""
    set_up(files)
    cache = caches[alias]
    found = [cache.get("lamp"), cache.get("none", "nothing"), cache.set("desk", [1, 2]), cache.get("desk")]
    found += [cache.add("desk", 3), cache.set("sold", 1), cache.incr("sold"), cache.has_key("desk")]
    return [*found, cache.get_many(["lamp", "desk"]), cache.delete("sold")]


def use_for_long(files, alias):
    set_up(files)
    caches[alias].set("short", 1, 0.01)
    time.sleep(0.02)
    return caches[alias].get("short")


def put_what_cant_be_pickled(files, alias):
    set_up(files)
    caches[alias].set("lamp", lambda: 1)


def clear(files, alias):
    set_up(files)
    caches[alias].clear()


class ChildTests(unittest.TestCase):
    def setUp(self):
        patched = PatchCaches("django")
        patched.__enter__()
        self.addCleanup(patched.__exit__, None, None, None)
        self.caches = patched.caches
        self.files = django_project.CACHES["files"]["LOCATION"]

    def run_in_child(self, method, function, alias):
        return run_in_child(method, function, self.files, alias)

    def counts_of_same_use(self, alias, found):
        """Return the counts of the same use in this process, in a scope of its own."""
        with PatchCaches("django") as patched:
            if found:
                caches[alias].set("lamp", 3)
            told = use(self.files, alias)
            return told, patched.caches[alias].counts()

    @parameterized.expand([(f"{alias}_{method}", alias, method) for alias in SHARED for method in METHODS])
    def test_shared(self, _, alias, method):
        """What the parent has put is found; counts are as those of the same calls in one process."""
        expected = self.counts_of_same_use(alias, True)
        caches[alias].set("lamp", 3)
        self.assertEqual(self.run_in_child(method, use, alias), expected[0])
        self.assertEqual(self.caches[alias].counts(), expected[1])
        self.assertEqual(caches[alias].get("desk"), [1, 2])

    @parameterized.expand([(method, method) for method in METHODS])
    def test_in_memory(self, _, method):
        """A child has entries of its own: a forked one a copy of its parent's, another none."""
        forked = method == "os.fork"
        expected = self.counts_of_same_use("default", forked)
        caches["default"].set("lamp", 3)
        self.assertEqual(self.run_in_child(method, use, "default"), expected[0])
        puts, hits, misses = expected[1]
        self.assertEqual(self.caches["default"].counts(), (puts + (not forked), hits, misses))
        self.assertIsNone(caches["default"].get("desk"))

    @parameterized.expand(SHARED if EXHAUSTIVE else SHARED[-1:])
    def test_expiry(self, alias):
        self.assertIsNone(self.run_in_child(ANEW, use_for_long, alias))
        self.assertIn(self.caches[alias].counts(), [(1, 0, 1)])

    @parameterized.expand(["files", "table"] if EXHAUSTIVE else ["files"])
    def test_clear(self, alias):
        """What is cleared is the parent's, with a delete for each entry."""
        caches[alias].set("lamp", 3)
        self.run_in_child(ANEW, clear, alias)
        self.assertIsNone(caches[alias].get("lamp"))
        self.assertEqual([each.kind for each in self.caches[alias].operations], ["put", "delete", "miss"])

    def test_unpicklable(self):
        """A value that can't be pickled is the error that the back end raises."""
        told = self.run_in_child(ANEW, put_what_cant_be_pickled, "table")
        with PatchCaches("django"):
            self.assertEqual(told, outcome_of(put_what_cant_be_pickled, self.files, "table"))
        self.assertEqual([each.kind for each in self.caches["table"].operations], ["failure"])
