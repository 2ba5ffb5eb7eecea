import unittest

from cachetest._patching.patches import Patches

from cachetest._caches.scope import Scope
from cachetest._patching.session import Session
from cachetest._patching.switches import switches_of
from cachetest.errors import UnknownSwitchError

from ..support import make_library


class PatchesTests(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()

    def test_install_and_run(self):
        """Installing returns the names of the caches; taking off puts back all, and nothing more after."""
        before = vars(self.library).copy()
        patches = Patches([self.adapter], (), switches_off=True)
        self.assertEqual(patches.install(), ("lib",))
        patches.turn_switches(Scope("a test"))
        self.assertNotEqual(vars(self.library), before)
        self.assertEqual(patches.displaced(), [])
        patches.run()
        self.assertEqual((vars(self.library), patches.problems), (before, []))
        self.library.backend = "another"
        patches.run()
        self.assertEqual(self.library.backend, "another")

    def test_switches_of(self):
        """The switches of all adapters, in their order."""
        _, other = make_library()
        self.assertEqual(switches_of([self.adapter, other]), [*self.adapter.switches, *other.switches])

    def test_two_caches_of_one_name(self):
        """Two libraries with a cache of the same name are an error, and nothing stays patched."""
        before = vars(self.library).copy()
        other_library, other = make_library()
        patches = Patches([self.adapter, other], (), switches_off=True)
        with self.assertRaisesRegex(ValueError, "have a cache 'lib': give one of them another name"):
            try:
                patches.install()
            finally:
                patches.run()
        self.assertEqual(vars(self.library), before)
        self.assertEqual(other_library.backend, "real")

    def test_switch_of_no_adapter(self):
        """A switch that nobody has is an error before anything is patched."""
        with self.assertRaisesRegex(UnknownSwitchError, "^no switch 'nothing' here$"):
            Session([], enable=["nothing"], label="a test").open()


if __name__ == "__main__":
    unittest.main()
