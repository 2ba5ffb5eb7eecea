"""Caches that can't be in every state, and one that fails: what is compared, and what is told."""

import unittest
from unittest import mock

from cachetest import MockBackend
from cachetest.adapters import Functools

from ..adapters.functools_support import squares
from .test_transparent import TransparentCase

square = squares()


class FailingTests(TransparentCase):
    def test_failing(self):
        """What a program answers without its cache is what it answers with it."""
        cache = MockBackend("prices")

        def price():
            try:
                return cache.get("lamp") or 4.0
            except ConnectionError:
                return 0.0

        with self.fails(
            r"(?s)^failing, price\(\) gives 0\.0; cold, it gives 4\.0\n"
            r"it begins with operation 1, a failure, where there was a miss cold\n"
        ):
            self.assertCacheTransparent(price, states=("cold", "failing"))

    def test_nothing_fails(self):
        """Where no call has failed, nothing was tested; what can't fail is told."""
        self.patchCaches(Functools(squares=square))
        prices = MockBackend("prices")
        self.assertIsNotNone(prices)
        text = r"(?s)^failing, none of the calls of the function to a cache .*\n  'squares' can't fail: "
        with self.fails(text):
            self.assertCacheTransparent(lambda: square(3), states=("cold", "failing"))


class FunctoolsTests(TransparentCase):
    patch_caches = (Functools(squares=square),)

    def test_left_out(self):
        """A memoised function is not off; it is tried cold and warm, and the failure says so."""
        self.assertCacheTransparent(lambda: square(3))
        numbers = {3: 9}
        with self.fails(r"(?s)^warm, .*\nnot tried: 'squares' off: it is only watched"):
            self.assertCacheTransparent(
                lambda: (square(3), numbers[3], square.cache_info().hits > 1)[: 2 + (self.is_warm())]
            )

    def is_warm(self):
        return square.cache_info().hits > 0

    def test_named(self):
        """Where it, or the state, is named, that is an error."""
        nobody = mock.patch("cachetest._caches.in_state.backend_names", return_value=())
        nobody.start()
        self.addCleanup(nobody.stop)
        with self.assertRaisesRegex(TypeError, "the cache 'squares' can't be off: it is only watched"):
            self.assertCacheTransparent(lambda: square(3), caches=("squares",))
        with self.assertRaisesRegex(TypeError, "the cache 'squares' can't be off"):
            self.assertCacheTransparent(lambda: square(3), states=("cold", "off"))
        self.assertCacheTransparent(lambda: square(3), caches=("squares",), states=("cold", "warm"))


if __name__ == "__main__":
    unittest.main()
