"""A price that was changed while a server was down is the new one when that is back."""

import unittest

import program

from cachetest import CacheTestCase, Fails


class FailoverTests(CacheTestCase):
    patch_caches = ("pymemcache",)

    def change_while_down(self):
        """Have the server of the price break off, be left out, and come back, with a change in between."""
        # It breaks off at the delete, which waits for no answer. The next call finds out.
        with self.caches.pymemcache.inject(Fails(), times=1):
            program.update("lamp", "5.00")
            program.price("lamp")
        self.caches.clock.advance(61)

    def test_back_again(self):
        """What the server has of before is not served."""
        self.assertCacheFresh(lambda: program.price("lamp"), after=self.change_while_down)


if __name__ == "__main__":
    unittest.main()
