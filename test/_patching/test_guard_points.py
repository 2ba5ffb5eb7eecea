"""The functions that guards watch: they are there, and no adapter changes them."""

import importlib
import unittest

from parameterized import parameterized

from cachetest import PatchCaches, guard
from cachetest._patching import watched_functions
from cachetest._patching.shared_installs import _installs
from cachetest.adapters.guarding import LEAVING
from cachetest.adapters.registry import known_adapters

from ..support import is_there

POINTS = [
    (f"{adapter}_{point.owner.rpartition('.')[2]}_{point.name}", adapter, point)
    for adapter, points in LEAVING.items()
    for point in points
]


def skip_without(case, adapter):
    if not is_there(known_adapters[adapter].library.partition(".")[0]):
        case.skipTest(f"needs {known_adapters[adapter].library}")


class PointTests(unittest.TestCase):
    @parameterized.expand(POINTS)
    def test_there(self, _, adapter, point):
        """The installed release has the function, in a class or module that defines it."""
        skip_without(self, adapter)
        module, _, name = point.owner.partition(":")
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            self.skipTest(str(error))
        if name and point.optional and not hasattr(found, name):
            self.skipTest(f"{module} of this release has no {name}")
        owner = getattr(found, name) if name else found
        self.assertTrue(any(point.name in vars(each) for each in getattr(owner, "__mro__", (owner,))))


class DisjointTests(unittest.TestCase):
    @parameterized.expand([(name,) for name in ("redis", "pymemcache", "inductor")])
    def test_disjoint(self, adapter):
        """No function that is watched is one that the adapter patches: they may end in any order."""
        skip_without(self, adapter)
        with PatchCaches(adapter):
            patched = {
                (owner, name)
                for install in _installs.values()
                for patch in install.manager.patches
                for _, owner, name, _ in patch.wanted
            }
            with guard():
                watched = set(watched_functions._watched)
        self.assertGreater(len(patched), 1)
        self.assertGreater(len(watched), 1)
        self.assertEqual(patched & watched, set())


if __name__ == "__main__":
    unittest.main()
