"""What an adapter knows of the keys of a child is told in the parent."""

import multiprocessing
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest._caches.attribution import cache_for

from ..contract.tiny import load_library
from .children_support import EVERY_START_METHOD, SECONDS, loaded_adapters, needs_fork, run_in_child

ELSEWHERE = loaded_adapters.__module__


class ShapedKeys:
    """Adds to an adapter that the parts of a key are what it was told of it."""

    def keep_details(self, cache, key, details):
        cache.adapter_state("shapes", dict)[key] = details

    def components(self, cache, key):
        return [("shape", cache.adapter_state("shapes", dict)[key])]


def rank(library, key, shape):
    """Look *key* up, and put it where it is not there, as a library does that knows what it is of."""
    cache_for("pages").keep_details(key, shape)
    client = library.Client("pages")
    if client.get(key) is None:
        client.set(key, "compiled")


class Query:
    """Something that can't be pickled."""

    def __init__(self, pk):
        self.pk = pk
        self.lines = iter(())

    def __reduce__(self):
        raise TypeError("not to be sent")


def key_of(query, *, page=1):
    return f"{query.pk * 1_000_003:x}{page * 7_919:x}"


prices = MockBackend("prices")


def put_page(pk, page):
    prices.put(key_of(Query(pk), page=page), "made")


@needs_fork
class DetailsTests(CacheTestCase):
    patch_caches = ()

    def test_two_ranks(self):
        """A miss of one rank says how its key differs from that of another, and who has put that, where."""
        library = load_library(self)
        adapter = type("Shaped", (ShapedKeys, library.TinyAdapter), {})()
        self.patchCaches(adapter)
        context = multiprocessing.get_context("fork")
        for n, (key, shape) in enumerate([("c3d5a1", [32, 32]), ("93ff07", [33, 32])]):
            child = context.Process(target=rank, args=(library, key, shape), name=f"process {n}")
            child.start()
            child.join(SECONDS)
        text = str(self.caches.pages.explain("93ff07"))
        self.assertRegex(
            text,
            r"(?s)the nearest key, 'c3d5a1', put by rank 0 at \S+:\d+ in rank \(operation 2\), "
            r"missed by rank 1, differs in\n +shape.*: .*32.* -> .*33",
        )

    def test_functions_of_keys(self):
        """A key that a function of the program has made in a child is told by what that was called with."""
        with PatchCaches(explain_keys=[f"{__name__}:key_of"]) as patched:
            child = multiprocessing.get_context("fork").Process(target=put_page, args=(4, 1), name="filler")
            child.start()
            child.join(SECONDS)
            self.assertEqual(child.exitcode, 0)
            prices.get(key_of(Query(4), page=2))
            text = str(patched.caches.prices.explain())
        self.assertRegex(text, r"put by filler at .*, missed by MainProcess, differs in\n +page: 1 -> 2$")

    @parameterized.expand([(each,) for each in (*EVERY_START_METHOD[1:], "subprocess")])
    def test_functions_of_keys_anew(self, method):
        """So it is in a child that started anew, which imports the function later, or another one never."""
        with PatchCaches(explain_keys=[f"{__name__}:key_of", f"{ELSEWHERE}:loaded_adapters"]) as patched:
            self.assertIsNone(run_in_child(method, put_page, 4, 1))
            prices.get(key_of(Query(4), page=2))
            text = str(patched.caches.prices.explain())
        self.assertRegex(text, r"put by \S.* at .*, missed by MainProcess, differs in\n +page: 1 -> 2\n")


if __name__ == "__main__":
    unittest.main()
