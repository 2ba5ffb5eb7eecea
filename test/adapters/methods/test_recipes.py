"""The recipes of docs/methods.rst, each with the real library."""

import asyncio
import importlib
import sys
import tempfile
import unittest
from pathlib import Path

from cachetest import PatchCaches, Stats
from test.documents import DOCS, blocks
from test.support import needs

KERNEL = """\
import numba


@numba.njit(cache=True)
def add_one(number):
    return number + 1
"""


def recipe(name):
    """Return what the page defines as *name*."""
    (block,) = [
        each
        for each in blocks(DOCS / "methods.rst", "python")
        if f"def {name}(" in each or f"{name} = " in each
    ]
    made = {}
    exec(block, made)
    return made[name]


class RecipeTests(unittest.TestCase):
    @needs("numba", "numba")
    def test_numba(self):
        """A kernel is saved once for each signature, and loaded by a dispatcher that has none yet."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "cachetest_kernels.py").write_text(KERNEL, encoding="utf-8")
            sys.path.insert(0, folder)
            self.addCleanup(sys.modules.pop, "cachetest_kernels", None)
            try:
                function = importlib.import_module("cachetest_kernels").add_one
            finally:
                sys.path.remove(folder)
            with PatchCaches(recipe("kernels")(function)) as patched:
                self.assertEqual((function(1), function(1), function(1.5)), (2, 2, 2.5))
                self.assertEqual(patched.caches.kernels, Stats(2, 0, 2))
                known = function.signatures[0]
                function.overloads.clear()
                function.compile(known)
                self.assertEqual(patched.caches.kernels, Stats(2, 1, 2))

    @needs("sqlalchemy", "SQLAlchemy")
    def test_sqlalchemy(self):
        """Two statements that differ by a parameter are compiled once."""
        import sqlalchemy

        engine = sqlalchemy.create_engine("sqlite://")
        self.addCleanup(engine.dispose)
        with PatchCaches(recipe("compiled")(engine)) as patched, engine.connect() as connection:
            for number in (1, 2):
                found = connection.execute(sqlalchemy.select(sqlalchemy.literal(number))).scalar()
                self.assertEqual(found, number)
            self.assertEqual(patched.caches.compiled, Stats(1, 1, 1))

    @needs("jinja2", "Jinja2")
    def test_jinja(self):
        """A template is compiled once for two environments, and again when its source has changed."""
        import jinja2

        def render(source):
            loader = jinja2.DictLoader({"page": source})
            return jinja2.Environment(loader=loader, bytecode_cache=kept).get_template("page").render()

        with tempfile.TemporaryDirectory() as folder:
            kept = jinja2.FileSystemBytecodeCache(folder)
            with PatchCaches(recipe("templates")(kept)) as patched:
                self.assertEqual((render("one"), render("one"), render("two")), ("one", "one", "two"))
                self.assertEqual(patched.caches.templates, Stats(2, 1, 2))

    @needs("cashews", "cashews")
    def test_cashews(self):
        """A function that it caches is called once."""
        from cashews import Cache

        async def use():
            cache = Cache()
            cache.setup("mem://", check_interval=0)

            @cache(ttl="1m", key="price:{name}")
            async def price_of(name):
                return 4.0

            found = [await price_of("lamp"), await price_of("lamp")]
            await cache.close()
            return found

        with PatchCaches(recipe("PRICES")) as patched:
            self.assertEqual(asyncio.run(use()), [4.0, 4.0])
            self.assertEqual(patched.caches.prices, Stats(1, 1, 1))

    @needs("async_lru", "async-lru")
    def test_async_lru(self):
        """Its hits and misses are known."""
        from async_lru import alru_cache

        @alru_cache
        async def price_of(name):
            return 4.0

        async def use():
            return await price_of("lamp"), await price_of("lamp")

        with PatchCaches(recipe("async_prices")(price_of)) as patched:
            self.assertEqual(asyncio.run(use()), (4.0, 4.0))
            self.assertEqual((patched.caches.prices.num_get_hit, patched.caches.prices.num_get_miss), (1, 1))


if __name__ == "__main__":
    unittest.main()
