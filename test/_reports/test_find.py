"""``python -m cachetest find``: the caches in the source of a package, which is not imported."""

import re
import tempfile
import textwrap
import unittest
from pathlib import Path

from parameterized import parameterized

from cachetest._reports.found import find_caches
from cachetest._reports.sources import Sources

from ..documents import DOCS, blocks
from ..support import needs, run_python

FILES = {
    "shop/__init__.py": 'print("imported")\n',
    "shop/memo.py": """\
        import functools
        from functools import lru_cache as remembered

        @remembered(maxsize=100)
        def price(item):
            return len(item)

        class Shop:
            @functools.cache
            def stock(self, item):
                return 0

            @property
            @functools.cache
            def size(self):
                return 1

            @functools.cached_property
            def name(self):
                return "shop"

            @functools.cache
            def __secret(self):
                return 1

        def outer():
            @functools.cache
            def inner():
                return 1
            return inner

        def slow(item):
            return item

        quick = functools.lru_cache(maxsize=None)(slow)
        """,
    "shop/below/__init__.py": "from cachetools import TTLCache as Kept\n",
    "shop/below/kept.py": """\
        import cachetools
        from cachetools.func import ttl_cache
        from dogpile.cache import make_region
        from . import Kept

        class Own(cachetools.LRUCache):
            pass

        prices = Kept(10, 60)
        sizes = Own(10)
        region = make_region().configure("dogpile.cache.memory")

        @cachetools.cached(sizes)
        def size(item):
            return 1

        @cachetools.cached(cachetools.LRUCache(10))
        def stock(item):
            return 1

        @cachetools.cached(cache={})
        def plain(item):
            return 1

        @ttl_cache(maxsize=10)
        def price(item):
            return 1

        class Holder:
            kept = cachetools.FIFOCache(10)

            def __init__(self):
                self.own = cachetools.LFUCache(10)

            @cachetools.cachedmethod(lambda self: self.own)
            def read(self):
                return 1
        """,
    "shop/others.py": """\
        import aiocache, diskcache, requests_cache
        from flask_caching import Cache
        from joblib import Memory

        cache = Cache()
        memory = Memory("folder")
        disk = diskcache.Cache("folder")
        session = requests_cache.CachedSession()

        @cache.memoize(60)
        def view():
            return ""

        @memory.cache
        def fitted(x):
            return x

        @aiocache.cached(ttl=10)
        async def fetched():
            return 1
        """,
    "shop/use.py": "from .others import cache\n@cache.cached()\ndef page(): ...\n",
    "shop/broken.py": "def = 1\n",
}

# What the table has of each: the line, what it is made by, and what it is named by.
FOUND = """\
below/kept.py:9 cachetools.TTLCache shop.below.kept:prices
below/kept.py:10 cachetools.LRUCache shop.below.kept:sizes
below/kept.py:11 dogpile.cache.make_region shop.below.kept:region
below/kept.py:17 cachetools.cached shop.below.kept:stock
below/kept.py:21 cachetools.cached -
below/kept.py:25 cachetools.func.ttl_cache shop.below.kept:price
below/kept.py:30 cachetools.FIFOCache shop.below.kept:Holder.kept
below/kept.py:33 cachetools.LFUCache -
below/kept.py:35 cachetools.cachedmethod shop.below.kept:Holder.read
memo.py:4 functools.lru_cache shop.memo:price
memo.py:9 functools.cache shop.memo:Shop.stock
memo.py:14 functools.cache shop.memo:Shop.size.fget
memo.py:18 functools.cached_property shop.memo:Shop.name
memo.py:22 functools.cache shop.memo:Shop._Shop__secret
memo.py:27 functools.cache -
memo.py:35 functools.lru_cache shop.memo:quick
others.py:5 flask_caching.Cache shop.others:cache
others.py:6 joblib.Memory shop.others:memory
others.py:7 diskcache.Cache shop.others:disk
others.py:8 requests_cache.CachedSession shop.others:session
others.py:10 flask_caching.Cache.memoize shop.others:view
others.py:14 joblib.Memory.cache shop.others:fitted
others.py:18 aiocache.cached shop.others:fetched
use.py:2 flask_caching.Cache.cached shop.use:page
"""

TESTS = """\
from cachetest import PatchCaches
{code}
with PatchCaches(*patch_caches) as patched:
    from shop.memo import price
    from shop.below.kept import size
    price("lamp")
    size("lamp")
    size("lamp")
print(patched.caches.memo_price.num_get_miss, patched.caches.sizes)
"""


class FindTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, files):
        """Have these *files*, by their names."""
        for name, source in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source))

    def call(self, *arguments):
        """Return what the command has done in the folder."""
        return run_python("-m", "cachetest", "find", *arguments, cwd=self.folder)

    @needs("cachetools", "'cachetest[cachetools]'")
    @needs("dogpile", "'cachetest[dogpile]'")
    def test_package(self):
        """The table has each cache, and the code counts those that have an adapter."""
        self.write(FILES)
        done = self.call("shop")
        self.assertEqual(done.returncode, 0, done.stderr)
        table, _, code = done.stdout.partition("\n\n")
        *rows, total = table.splitlines()
        shown = [" ".join(row.split()[:3]).replace("\\", "/").removeprefix("shop/") for row in rows]
        self.assertEqual(shown, FOUND.splitlines())
        self.assertEqual(total, "24 caches in 6 modules")
        self.assertNotIn("imported", done.stdout)
        self.assertRegex(done.stderr, r"^not read: .*broken.py: SyntaxError: ")
        (self.folder / "use.py").write_text(TESTS.format(code=code))
        used = run_python("use.py", cwd=self.folder)
        self.assertEqual(used.stdout, "imported\n1 puts: 1, misses: 1, hits: 1\n", used.stderr)

    @parameterized.expand(
        [
            ("missing", "nix"),
            ("missing_below", "json.nix"),
            ("without_source", "sys"),
            ("no_name", "shop/memo.py"),
        ]
    )
    def test_wrong(self, _, name):
        """What has no source is told."""
        with self.assertRaisesRegex(ModuleNotFoundError, re.escape(repr(name))):
            Sources(name)

    def test_module(self):
        """A module alone, below a package, is read without the others."""
        found = Sources("json.decoder")
        self.assertEqual(list(found.modules), ["json.decoder"])
        self.assertEqual(find_caches(found), [])

    def test_page(self):
        """The page shows what is printed."""
        page = DOCS / "how-to" / "find.rst"
        (source,), (shown,) = blocks(page, "python"), blocks(page, "text")
        self.write({"shop/catalog.py": source})
        done = self.call("shop")
        self.assertEqual(done.stdout.rstrip(), shown.rstrip(), done.stderr)
        self.assertEqual(self.call("nix").returncode, 2)


if __name__ == "__main__":
    unittest.main()
