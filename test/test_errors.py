import copy
import pickle
import unittest

from parameterized import parameterized

from cachetest import MockBackend, PatchCaches, errors
from cachetest.adapters import Functools
from cachetest.errors import UnknownCacheError, closest_first


class ErrorTests(unittest.TestCase):
    def test_message_is_shown_as_it_is(self):
        """KeyError would show the repr of the message."""
        self.assertEqual(str(UnknownCacheError("no cache 'a'")), "no cache 'a'")

    @parameterized.expand([(name,) for name in errors.__all__ if name.endswith("Error")])
    def test_one_base(self, name):
        """Whatever cachetest raises can be caught by one class, and survives pickling."""
        error = getattr(errors, name)("text")
        self.assertIsInstance(error, errors.CacheTestError)
        self.assertEqual(str(pickle.loads(pickle.dumps(error))), "text")

    @parameterized.expand([(name,) for name in errors.__all__ if name.endswith("Warning")])
    def test_one_base_of_warnings(self, name):
        """So can whatever it warns of, and a user sees it."""
        self.assertTrue(issubclass(getattr(errors, name), errors.CacheTestWarning))
        self.assertTrue(issubclass(getattr(errors, name), UserWarning))
        self.assertEqual(str(pickle.loads(pickle.dumps(getattr(errors, name)("text")))), "text")


class RaisedTests(unittest.TestCase):
    """What is raised may have more in it than what it was made with: an AttributeError has its object."""

    CALLS = (
        (lambda caches: caches.nobody, UnknownCacheError),
        (lambda caches: caches["nobody"], UnknownCacheError),
        (lambda caches: setattr(caches, "c", 1), AttributeError),
        (lambda caches: caches.c.explain(), errors.NoMissError),
        (lambda caches: setattr(caches.c.operations[0], "key", 1), AttributeError),
        (lambda caches: PatchCaches("redsi"), errors.UnknownAdapterError),
        (lambda caches: PatchCaches(enable=["nobody"]).__enter__(), errors.UnknownSwitchError),
        (lambda caches: PatchCaches().caches, errors.NotPatchedError),
        (lambda caches: PatchCaches(Functools(a="nobody:a")).__enter__(), ImportError),
    )

    @parameterized.expand(CALLS)
    def test_pickled_and_copied(self, call, error):
        """It is pickled and copied whole, whatever the caches hold."""
        with PatchCaches() as patch:
            # A value that nobody can pickle.
            MockBackend("c").put("k", lambda: None)
            with self.assertRaises(error) as caught:
                call(patch.caches)
        for copied in (
            pickle.loads(pickle.dumps(caught.exception)),
            copy.copy(caught.exception),
            copy.deepcopy(caught.exception),
        ):
            self.assertIs(type(copied), type(caught.exception))
            self.assertEqual(str(copied), str(caught.exception))


class ClosestFirstTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("fx_grpah", ["fx_graph", "aot_autograd", "triton"]),
            ("FX_GRAPH", ["fx_graph", "aot_autograd", "triton"]),
            ("tritn", ["triton", "fx_graph", "aot_autograd"]),
        ]
    )
    def test_order(self, name, expected):
        """All names are kept, and the likest leads."""
        found = closest_first(name, ["aot_autograd", "fx_graph", "triton"])
        self.assertEqual(found[0], expected[0])
        self.assertEqual(sorted(found), sorted(expected))

    def test_ties_by_name(self):
        """Names that are as like come in the order of their letters."""
        self.assertEqual(closest_first("zzz", ["b", "c", "a"]), ["a", "b", "c"])


if __name__ == "__main__":
    unittest.main()
