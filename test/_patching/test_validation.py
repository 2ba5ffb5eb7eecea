import unittest

from parameterized import parameterized

from cachetest._patching.validation import validate_flag, validate_length, validate_names, validate_sequence
from cachetest.adapters.registry import resolve_adapters, validate_adapters
from cachetest.errors import UnknownAdapterError

from ..support import LibraryAdapter, make_library


class AdaptersTests(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()

    def test_none_of_them(self):
        """An empty sequence, of any kind, stands for no adapter."""
        self.assertEqual(resolve_adapters(()), [])
        self.assertEqual(resolve_adapters([]), [])

    def test_one_of_each(self):
        """An adapter that is given twice is there once."""
        self.assertEqual(resolve_adapters([self.adapter, LibraryAdapter(self.library)]), [self.adapter])

    def test_two_of_one_that_differ(self):
        """Two adapters that are one to cachetest, and yet have other caches, are an error."""
        other = LibraryAdapter(self.library)
        other.caches = ("other",)
        with self.assertRaisesRegex(ValueError, "can't be used together"):
            resolve_adapters([self.adapter, other])

    @parameterized.expand(
        [
            ("no adapter", [5], TypeError, "expected an adapter or the name of one, not 5"),
            ("a name of none", ["indcutor"], UnknownAdapterError, "closest first: inductor,"),
        ]
    )
    def test_not_adapters(self, _, given, error, message):
        with self.assertRaisesRegex(error, message):
            resolve_adapters(given)

    def test_checked_before_any_is_made(self):
        """Checking makes no adapter, so it needs no library."""
        self.assertEqual(validate_adapters(("inductor", self.adapter)), ("inductor", self.adapter))
        with self.assertRaises(UnknownAdapterError):
            validate_adapters(("inductor", "indcutor"))


class FlagTests(unittest.TestCase):
    def test_flags(self):
        """True and False are flags, and what is merely true is not."""
        self.assertIs(validate_flag(False, "explain_misses"), False)
        for given in (0, None, "yes"):
            with self.assertRaisesRegex(TypeError, "^explain_misses: expected True or False, not "):
                validate_flag(given, "explain_misses")


class SequenceTests(unittest.TestCase):
    def test_sequences(self):
        """Any collection is taken, and comes back as a tuple."""
        self.assertEqual(validate_sequence([1, 2], "patch_caches"), (1, 2))
        self.assertEqual(validate_sequence({1: 2}.keys(), "patch_caches"), (1,))

    @parameterized.expand(
        [
            (
                "a string",
                "inductor",
                r"expected a sequence of names, not the string 'inductor': \('inductor',\)",
            ),
            ("an iterator", iter(()), "expected a sequence, not <tuple_iterator"),
        ]
    )
    def test_no_sequences(self, _, given, message):
        """What can't be gone through again and again is refused."""
        with self.assertRaisesRegex(TypeError, f"^patch_caches: {message}"):
            validate_sequence(given, "patch_caches")


class LengthTests(unittest.TestCase):
    def test_a_length(self):
        self.assertEqual(validate_length(1), 1)

    @parameterized.expand(
        [(0, ValueError), (-1, ValueError), (True, TypeError), (1.5, TypeError), (None, TypeError)]
    )
    def test_no_length(self, length, error):
        with self.assertRaisesRegex(error, f"^log_length: .*{length}$"):
            validate_length(length)


class NamesTests(unittest.TestCase):
    def test_names(self):
        """Any collection of strings is taken, and comes back as a tuple."""
        self.assertEqual(validate_names(["a", "b"], "enable"), ("a", "b"))

    def test_no_names(self):
        with self.assertRaisesRegex(TypeError, "^enable: expected the names of switches, not 5$"):
            validate_names(["a", 5], "enable")


if __name__ == "__main__":
    unittest.main()
