"""The session of a scope that rests, and is withdrawn while tests run that have nothing to do with it."""

import unittest

from cachetest import MockBackend, PatchCaches
from cachetest._caches.attribution import scope_of_caller
from cachetest._caches.scope import open_scopes
from cachetest._patching.class_scope import LastingSession

from ..support import make_library


class WithdrawTests(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        self.session = LastingSession([self.adapter], label="the fixture", switches_off=True)
        self.addCleanup(self.session.close)
        self.scope = self.session.open()
        MockBackend("prices").put("lamp", 4)
        self.session.rest()

    def test_rests(self):
        """While it rests the patches stay, for what was started there."""
        self.assertIsInstance(self.library.backend, MockBackend)
        self.assertIs(scope_of_caller(), self.scope)

    def test_withdrawn(self):
        """While it is withdrawn nothing is patched, and nothing belongs to it; that may be repeated."""
        for _ in range(2):
            self.session.withdraw()
            self.assertEqual(self.library.backend, "real")
            self.assertEqual(open_scopes(), ())
            self.assertIsNone(scope_of_caller())
        with PatchCaches(self.adapter) as patched:
            self.assertIsNone(MockBackend("prices").get("lamp"))
        self.assertEqual(patched.caches.prices.num_get_miss, 1)

    def test_comes_back(self):
        """Whether it is there for a test again or entered, it has its entries, and is patched."""
        for come_back in (self.session.come_back, self.session.resume):
            with self.subTest(come_back.__name__):
                self.session.withdraw()
                come_back()
                self.assertIsInstance(self.library.backend, MockBackend)
                self.assertEqual(MockBackend("prices").get("lamp"), 4)
                self.assertIs(scope_of_caller(), self.scope)
                self.session.rest()
        self.assertEqual(self.scope.caches.prices.num_get_hit, 2)

    def test_closed_while_withdrawn(self):
        """It can be closed then; what was left is left."""
        self.session.withdraw()
        self.assertIsNone(self.session.close())
        self.session.withdraw()
        self.session.come_back()
        self.assertEqual((self.library.backend, open_scopes()), ("real", ()))

    def test_displaced(self):
        """A patch that somebody has displaced is told at its end."""
        self.library.backend = "another"
        self.session.withdraw()
        result = self.session.close()
        self.assertRegex(result.problems[0], "Library.backend")


if __name__ == "__main__":
    unittest.main()
