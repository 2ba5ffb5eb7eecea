"""The reader of imports, on sources that are made for it."""

import unittest

from parameterized import parameterized

from .import_graph import circles, imports_of, longest_chain

KNOWN = [
    "__init__",
    "errors",
    "case",
    "_caches.__init__",
    "_caches.cache",
    "_caches.scope",
    "adapters.__init__",
]
KNOWN += ["adapters.redis.__init__", "adapters.redis.adapter"]


def imported(source, name="_caches.scope"):
    """Return the files of the package that the file *name* of this *source* imports."""
    return [each.imported for each in imports_of(name, source, KNOWN)[0]]


class ImportTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("name_of_a_file", "from .cache import MockCache", ["_caches.cache"]),
            ("file", "from . import cache", ["_caches.cache"]),
            ("several", "from . import cache, scope", ["_caches.cache", "_caches.scope"]),
            ("name_of_the_room", "from . import nothing", ["_caches.__init__"]),
            ("above", "from ..errors import closest_first", ["errors"]),
            ("above_file", "from .. import errors", ["errors"]),
            ("above_name", "from .. import MockCache", ["__init__"]),
            ("room", "from .. import adapters", ["adapters.__init__"]),
            ("room_in_a_room", "from ..adapters import redis", ["adapters.redis.__init__"]),
            ("name_of_a_room", "from ..adapters import Redis", ["adapters.__init__"]),
            ("absolute", "import cachetest._caches.cache", ["_caches.cache"]),
            ("absolute_room", "import cachetest.adapters", ["adapters.__init__"]),
            ("absolute_from", "from cachetest.adapters.redis import adapter", ["adapters.redis.adapter"]),
            ("whole", "import cachetest", ["__init__"]),
            ("another", "import cachetools", []),
        ]
    )
    def test_names(self, _, source, files):
        """An import is of the file that it names, through whatever rooms."""
        self.assertEqual(imported(source), files)

    def test_room(self):
        """In the own file of a room, one dot is that room."""
        self.assertEqual(
            imported("from .adapter import Redis", "adapters.redis.__init__"), ["adapters.redis.adapter"]
        )
        self.assertEqual(imported("from .case import CacheTestCase", "__init__"), ["case"])

    def test_where(self):
        """An import has its line, the function it is in, and whether it is for types."""
        source = (
            "if TYPE_CHECKING:\n    from .cache import A\nelse:\n    from ..errors import B\n"
            "class C:\n    def method(self):\n        from ..case import D\n"
        )
        found = [
            (each.imported, each.line, each.inside, each.for_types)
            for each in imports_of("_caches.scope", source, KNOWN)[0]
        ]
        self.assertEqual(
            found,
            [("_caches.cache", 2, "", True), ("errors", 4, "", False), ("case", 7, "C.method", False)],
        )

    def test_others(self):
        """What comes from elsewhere has its own name, also where ours has a file of that name."""
        _, others = imports_of(
            "adapters.redis.adapter", "import redis.client\nfrom redis import Redis", KNOWN
        )
        self.assertEqual([each.imported for each in others], ["redis.client", "redis"])


class GraphTests(unittest.TestCase):
    def test_circles(self):
        """Those that reach each other are a circle, one that imports itself too; others are none."""
        edges = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}, "e": {"a"}}
        self.assertEqual(circles(edges), [["d"], ["b", "c"]])

    def test_longest_chain(self):
        """The longest way down is found, whatever it begins with."""
        self.assertEqual(longest_chain({"a": {"c"}, "b": {"a", "c"}, "c": set()}), ["b", "a", "c"])


if __name__ == "__main__":
    unittest.main()
