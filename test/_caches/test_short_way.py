"""With nothing in force an operation runs what it ran before there was anything that could be."""

import dis
import unittest

from parameterized import parameterized

from cachetest import Fails, MockBackend, MockCache, PatchCaches
from cachetest._caches.backend import get_for_child, get_from_library, put_from_library

# All that the short ways name: what acts on a call is asked for below `cache_for`, and not in here.
COMMON = {
    *("marked", "is_innermost", "by_name", "cache_for", "_getframe", "cache", "Exception", "fail"),
    *(
        "operations",
        "state",
        "latest",
        "append",
        "next",
        "numbers",
        "this_thread",
        "name",
        "f_code",
        "f_lasti",
    ),
    *("calling_frame", "get", "put"),
}
OWN = {"NO_LIBRARIES", "ValueError", "caller", "is_outside"}
LOOKUP = {"MISSING", "misses", "hits"}
WAYS = [
    ("get", MockBackend.get, COMMON | OWN | LOOKUP),
    ("put", MockBackend.put, COMMON | OWN | {"puts"}),
    ("get from a library", get_from_library, COMMON | LOOKUP),
    ("put from a library", put_from_library, COMMON | {"puts"}),
    ("get for a child", get_for_child, (COMMON | LOOKUP | {"NO_LIBRARIES"}) - {"_getframe", "calling_frame"}),
]


def loads(function, name):
    """Return how often the bytecode of *function* asks for an attribute or a global of this *name*."""
    return sum(each.argval == name for each in dis.get_instructions(function) if "LOAD" in each.opname)


class ShortWayTests(unittest.TestCase):
    @parameterized.expand(WAYS)
    def test_names(self, _, function, names):
        """It names nothing else, and no function that it could leave by."""
        self.assertLessEqual(set(function.__code__.co_names), names)
        self.assertEqual(loads(function, "is_innermost"), 1)

    @parameterized.expand([("lookup",), ("write",), ("perform",), ("perform_async",)])
    def test_gate(self, name):
        """The gate looks once whether anything is in force."""
        self.assertEqual(loads(getattr(MockCache, name), "in_force"), 1)

    def test_the_same_code(self):
        """What was in force leaves nothing: the methods are those of before, and the way is open again."""
        before = [function.__code__ for _, function, _ in WAYS]
        with PatchCaches() as patch:
            backend = MockBackend("c")
            with patch.caches.inject(Fails(), must_strike=False):
                self.assertNotEqual(patch.caches.c.in_force, ())
            self.assertEqual((patch.caches.c.in_force, vars(backend)), ((), {"name": "c"}))
        after = [MockBackend.get, MockBackend.put, get_from_library, put_from_library, get_for_child]
        self.assertEqual([function.__code__ for function in after], before)


if __name__ == "__main__":
    unittest.main()
