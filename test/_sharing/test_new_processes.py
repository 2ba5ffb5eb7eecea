"""A child that multiprocessing starts, and a worker that is older than the test, do as forked ones do."""

import multiprocessing
import os
import tempfile
import unittest
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from parameterized import parameterized

from cachetest import Fails, MockBackend
from cachetest.adapters import Functools

from ..support import expand, is_there, run_python
from . import library_use
from .children_support import (
    ANEW,
    EVERY_START_METHOD,
    SECONDS,
    START_METHODS,
    counted_in,
    failure_of,
    needs_fork,
    outcome_of,
    own_scope_then_not,
    put_and_get,
    run_by,
    use_mock,
    use_neither,
)
from .library_use import PLACES, USES, try_all, try_django

# By the libraries that each needs.
NEEDED = {
    "redis": ("redis", "fakeredis"),
    "redis.asyncio": ("redis", "fakeredis"),
    "pymemcache": ("pymemcache",),
    "cachetools": ("cachetools", "dogpile"),
    "dogpile": ("cachetools", "dogpile"),
    **dict.fromkeys(
        ("Shop.stock", "Shop.weight", "size_of", "width_of", "Shop.price"), ("cachetools", "dogpile")
    ),
}


def adapters_and_uses():
    """Return adapters of all libraries that are there, and the names of what uses their caches."""
    uses = [name for name in USES if all(map(is_there, NEEDED.get(name, ())))]
    memoised = {"price": library_use.price_of}
    made = []
    if "redis" in uses:
        from cachetest.adapters import Redis

        made.append(Redis())
    if "pymemcache" in uses:
        from cachetest.adapters import Pymemcache

        made.append(Pymemcache())
    if "cachetools" in uses:
        from cachetest.adapters import Cachetools, Dogpile

        from .library_objects import Shop, prices, size_of

        # Some by the object, the others by where they are.
        memoised |= {"of_shop": Shop.price, "weight": Shop.weight}
        caches = {"prices": prices, "stock": Shop.stock, "size": size_of, "width": f"{PLACES}:width_of"}
        made += [Cachetools(**caches), Dogpile(region=f"{PLACES}:region")]
    return [*made, Functools(**memoised)], uses


def start_pool(method):
    """Return a pool of one process, which runs."""
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method))
    pool.submit(use_neither).result(SECONDS)
    return pool


MAIN = """
import multiprocessing, sys
from functools import lru_cache
from cachetest import ChildOperationError, PatchCaches
from cachetest.adapters import Functools

@lru_cache
def price_of(name):
    return len(name)

def use():
    sys.exit(price_of("lamp") + price_of("lamp"))

if __name__ == "__main__":
    for method in {methods!r}:
        with PatchCaches(Functools(price=price_of)) as patched:
            child = multiprocessing.get_context(method).Process(target=use)
            child.start()
            child.join()
            print(method, child.exitcode, *patched.caches.price.counts())
"""


class MainTests(unittest.TestCase):
    def test_counted(self):
        """What the main module has, which multiprocessing makes anew in a child, is counted as well."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "main.py").write_text(MAIN.format(methods=EVERY_START_METHOD), encoding="utf-8")
            done = run_python(str(Path(folder, "main.py")))
        self.assertEqual(
            done.stdout.splitlines(), [f"{method} 8 0 1 1" for method in EVERY_START_METHOD], done.stderr
        )


# What each use returns, and the counts of its cache after it.
DONE = {
    "redis": (None, "redis", (0, 0, 2)),
    "redis.asyncio": (None, "redis", (0, 0, 2)),
    "pymemcache": (None, "pymemcache", (0, 0, 1)),
    "cachetools": ("done", "prices", (1, 0, 0)),
    "dogpile": ("done", "region", (1, 0, 0)),
    "functools": (4, "price", (0, 0, 1)),
    "Shop.stock": (None, "stock", (0, 0, 1)),
    "Shop.weight": (4, "weight", (0, 0, 1)),
    "size_of": (4, "size", (1, 0, 1)),
    "width_of": (4, "width", (1, 0, 1)),
    "Shop.price": (4, "of_shop", (0, 0, 1)),
    "mock": ("done", "by_hand", (1, 0, 0)),
}


class StartMethodTests(unittest.TestCase):
    def check(self, start):
        """Check what the child that *start* starts does with all libraries that are there."""
        made, uses = adapters_and_uses()

        def body(caches):
            told = start(uses)
            return told, {name: caches[DONE[name][1]].counts() for name in uses}

        (told, counts), failure = failure_of(body, *made)
        self.assertEqual(failure, "")
        self.assertEqual(told.pop("others", "done"), "done", "a cache that the test does not watch")
        self.assertEqual(told.pop("fakeredis", "done"), "done", "what never leaves the process")
        self.assertEqual(told.pop("own scope"), [1, 1, 1])
        self.assertEqual(told, {name: DONE[name][0] for name in uses})
        self.assertEqual(counts, {name: DONE[name][2] for name in uses})

    @expand(EVERY_START_METHOD, quick=1)
    def test_libraries(self, method):
        """Each use of a cache of the test's adapters is counted, and reaches no store."""
        self.check(lambda uses: run_by(method, try_all, uses))

    @parameterized.expand(START_METHODS)
    def test_counted(self, method):
        """What a child does with a cache that is tested by hand is counted, with its process and its line."""
        told, counts, (put, hit) = counted_in(lambda _: run_by(method, put_and_get))
        self.assertEqual((told[0], counts), (4.0, (1, 1, 0)))
        self.assertEqual((put.process, hit.process), (told[1],) * 2)
        self.assertIn("Process-", put.process_name)
        self.assertEqual((put.where.function, hit.origin), ("put_and_get", put.number))

    @parameterized.expand(START_METHODS)
    def test_own_scope(self, method):
        """A scope of the child is its own; after it the child asks again."""
        (own, told), counts, _ = counted_in(lambda _: run_by(method, own_scope_then_not))
        self.assertEqual((own, told, counts), ([1, 1, 1], "done", (1, 0, 0)))

    @parameterized.expand(START_METHODS)
    def test_no_use(self, method):
        """A child that uses no cache changes nothing."""
        self.assertEqual(failure_of(lambda _: run_by(method, use_neither)), ("done", ""))

    def test_grandchild(self):
        """A child of the child is of the test as well."""
        (_, process), counts, operations = counted_in(lambda _: run_by(ANEW, run_by, ANEW, put_and_get))
        self.assertEqual((counts, {each.process for each in operations}), ((1, 1, 0), {process}))

    def test_outside_any_scope(self):
        """A child of a process in which no test runs is as ever."""
        self.assertEqual(run_by(ANEW, use_mock), "done")

    @unittest.skipUnless(is_there("django"), "needs django: pip install django")
    def test_django(self):
        """Django's caches are counted where nobody has named an adapter: the child alone has Django."""

        def body(caches):
            return run_by(ANEW, try_django), caches["default"].counts()

        self.assertEqual(failure_of(body), ((["done", True], (1, 0, 0)), ""))


class PoolTests(unittest.TestCase):
    """Workers that are older than the test, and outlive it."""

    @expand(START_METHODS, quick=1)
    def test_executor(self, method):
        """A job that is given in a test works for it, and no other job does."""
        with start_pool(method) as pool:
            for _ in range(2):
                # Each test begins with nothing.
                StartMethodTests.check(self, lambda uses: pool.submit(try_all, uses).result(SECONDS))
            self.assertEqual(failure_of(lambda _: list(pool.map(outcome_of, [use_neither]))), (["done"], ""))
            self.assertEqual(pool.submit(use_mock).result(SECONDS), "done")

    @parameterized.expand(EVERY_START_METHOD)
    def test_counted(self, method):
        """What a job does is counted in the test that has given it, and not in one before or after."""
        with start_pool(method) as pool:
            for n in range(1, 4):
                told, counts, operations = counted_in(
                    lambda _, n=n: [pool.submit(put_and_get).result(SECONDS) for _ in range(n)]
                )
                self.assertEqual(counts, (n, n, 0))
                self.assertEqual({each.process for each in operations}, {told[0][1]})

    def test_error_arrives(self):
        """What is in force strikes a job as well, and the error is raised where the result is asked for."""
        with start_pool(ANEW) as pool:

            def body(caches):
                MockBackend("prices")
                with caches.prices.inject(Fails()), self.assertRaises(ConnectionError):
                    pool.submit(put_and_get).result(SECONDS)

            self.assertEqual(counted_in(body)[1], (0, 0, 0))

    @needs_fork
    @parameterized.expand(
        [
            ("apply", lambda pool: [pool.apply(outcome_of, (use_mock,))]),
            ("apply_async", lambda pool: [pool.apply_async(outcome_of, (use_mock,)).get(SECONDS)]),
            ("map", lambda pool: pool.map(outcome_of, [use_mock])),
            ("starmap", lambda pool: pool.starmap(outcome_of, [(use_mock,)])),
            ("map_async", lambda pool: pool.map_async(outcome_of, [use_mock]).get(SECONDS)),
            ("imap", lambda pool: list(pool.imap(outcome_of, [use_mock]))),
            ("imap_unordered", lambda pool: list(pool.imap_unordered(outcome_of, [use_mock], 2))),
        ]
    )
    def test_pool(self, _, use):
        """So does what a multiprocessing.Pool is given, in each way."""
        with multiprocessing.get_context(ANEW).Pool(1) as pool:
            told, counts, _ = counted_in(lambda _: use(pool))
            self.assertEqual((told, counts), (["done"], (1, 0, 0)))

    def test_initializer(self):
        """What a pool of the test does first is counted too."""

        def body(_):
            context = multiprocessing.get_context(ANEW)
            with ProcessPoolExecutor(1, context, initializer=outcome_of, initargs=(use_mock,)) as pool:
                return pool.submit(os.getpid).result(SECONDS)

        process, counts, (put,) = counted_in(body)
        self.assertEqual((counts, put.process), ((1, 0, 0), process))


if __name__ == "__main__":
    unittest.main()
