import pickle
import unittest

from parameterized import parameterized

from cachetest import errors
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
