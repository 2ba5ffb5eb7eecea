import threading
import unittest
import warnings

from parameterized import parameterized

from cachetest._caches.attribution import scope_of_caller
from cachetest._patching.session import Session, SessionResult
from cachetest._patching.switches import switches_of
from cachetest._recording.call_sites import Location
from cachetest.errors import LateOperationWarning, UnknownSwitchError

from ..support import LibraryAdapter, ignore_collected, make_library


class Named(LibraryAdapter):
    """An adapter with keys of its own."""

    def components(self, cache, key):
        return [("own part", key)]


class SessionTests(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        self.addCleanup(lambda: self.assertIsNone(scope_of_caller()))

    def test_open_and_close(self):
        """Opening returns the scope; closing finds nothing when all is well, and nothing more after."""
        session = Session([self.adapter], label="a test")
        scope = session.open()
        self.assertIs(scope_of_caller(), scope)
        self.assertEqual((scope.label, list(scope.caches)), ("a test", ["lib"]))
        self.assertIsNone(session.close())
        self.assertIsNone(scope_of_caller())
        self.assertIsNone(session.close())
        self.assertEqual(self.library.backend, "real")

    def test_closed_without_being_opened(self):
        """What was never opened has nothing to find."""
        self.assertIsNone(Session([self.adapter], label="a test").close())

    def test_all_put_back(self):
        """Closing puts back all that opening has changed, and nothing more after."""
        before = vars(self.library).copy()
        session = Session([self.adapter], label="a test", switches_off=True)
        session.open()
        self.assertNotEqual(vars(self.library), before)
        self.assertIs(self.library.flag, False)
        self.assertIsNone(session.close())
        self.assertEqual(vars(self.library), before)
        self.library.backend = "another"
        self.assertIsNone(session.close())
        self.assertEqual(self.library.backend, "another")

    def test_switches_of(self):
        """The switches of all adapters, in their order."""
        _, other = make_library()
        self.assertEqual(switches_of([self.adapter, other]), [*self.adapter.switches, *other.switches])

    def test_two_caches_of_one_name(self):
        """Two libraries with a cache of the same name are an error, and nothing stays patched."""
        before = vars(self.library).copy()
        other_library, other = make_library()
        session = Session([self.adapter, other], label="a test", switches_off=True)
        with self.assertRaisesRegex(ValueError, "have a cache 'lib': give one of them another name"):
            session.open()
        self.assertEqual(vars(self.library), before)
        self.assertEqual(other_library.backend, "real")

    def test_switch_of_no_adapter(self):
        """A switch that nobody has is an error before anything is patched."""
        with self.assertRaisesRegex(UnknownSwitchError, "^no switch 'nothing' here$"):
            Session([], enable=["nothing"], label="a test").open()

    @parameterized.expand([("whole test", True), ("block", False)])
    def test_whole_test_on_a_thread_of_another(self, _, whole_test):
        """The session of a whole test is not inside the test that its thread was started by; a block is."""

        def work():
            session = Session([], label="inner", whole_test=whole_test)
            parents.append(session.open().parent)
            session.close()

        parents = []
        outer = Session([], label="outer", whole_test=True)
        scope = outer.open()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        outer.close()
        self.assertEqual(parents, [None if whole_test else scope])

    def test_overridden_again(self):
        """Switches that somebody has turned back since are turned again, and all of it is undone."""
        before = vars(self.library).copy()
        session = Session([self.adapter], label="a test", switches_off=True)
        session.override_again()
        self.assertEqual(vars(self.library), before)
        session.open()
        self.library.flag = True
        session.override_again()
        self.assertIs(self.library.flag, False)
        session.close()
        self.assertEqual(vars(self.library), before)

    def parts(self, adapter, name, **options):
        """Return the parts in which two keys of the cache *name* are found to differ."""
        session = Session([adapter], label="a test", **options)
        self.addCleanup(session.close)
        cache = session.open().caches.ensure(name)
        cache.put("a:b", 1)
        cache.get("a:c")
        parts = [difference.part for difference in cache.explain().differences]
        session.close()
        return parts

    def test_components(self):
        """Keys are taken apart by the adapter that has the cache, others by their own structure."""
        self.assertEqual(self.parts(self.adapter, "lib"), ["part 2"])
        self.assertEqual(self.parts(Named(self.library), "lib"), ["own part"])
        self.assertEqual(self.parts(Named(self.library), "prices"), ["part 2"])

    def test_components_off(self):
        """Where misses are not to be explained, no adapter is asked."""
        self.assertEqual(self.parts(Named(self.library), "lib", explain_misses=False), ["part 2"])


class SessionResultTests(unittest.TestCase):
    def test_warns_at_the_line(self):
        """Each thing that others left behind is a warning at the line given."""
        result = SessionResult([], ["one", "two"], None)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ignore_collected()
            result.raise_or_warn(Location("file.py", 7, "test"), AssertionError)
        self.assertEqual(
            [(str(each.message), each.category, each.filename, each.lineno) for each in caught],
            [(text, LateOperationWarning, "file.py", 7) for text in ("one", "two")],
        )


if __name__ == "__main__":
    unittest.main()
