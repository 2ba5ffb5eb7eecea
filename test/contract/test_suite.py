import unittest

from parameterized import parameterized

from cachetest.contract import AdapterContract

from ..support import run_case
from . import tiny


class DeclaredExceptionTests(unittest.TestCase):
    def run_case(self, suite, name):
        return run_case(suite(f"test_{name}"))

    def test_is_skipped(self):
        """A declared case that fails is skipped, with the reason."""
        suite = tiny.declaring({"expiry": "it has no TTL"}, adapter="NeverExpires")
        result = self.run_case(suite, "expiry")
        self.assertEqual([reason for _, reason in result.skipped], ["it has no TTL"])
        self.assertTrue(result.wasSuccessful())

    def test_is_out_of_date(self):
        """A declared case that passes is a failure that shows the reason."""
        result = self.run_case(tiny.declaring({"expiry": "it has no TTL"}), "expiry")
        self.assertRegex(result.failures[0][1], "the case passes, but is declared .*: 'it has no TTL'")

    def test_one_value_of_several(self):
        """The falsy values are cases by themselves."""
        suite = tiny.declaring({"falsy_none": "it can't hold None"}, adapter="NoneIsMissing")
        self.assertEqual(tiny.failing(suite), [])

    def test_error_while_making_the_subject(self):
        """An error in the suite's own code is no exception that was declared."""

        def make_subject(self):
            raise ZeroDivisionError

        suite = tiny.declaring({"expiry": "it has no TTL"}, make_subject=make_subject)
        self.assertEqual(len(self.run_case(suite, "expiry").errors), 1)

    @parameterized.expand(
        [
            ("no_case", {"expires": "it has no TTL"}, "no case 'expires'; the closest first: expiry, "),
            ("no_reason", {"expiry": ""}, r"exceptions\['expiry'\]: give the reason, not ''"),
            ("blank", {"expiry": " "}, "give the reason, not ' '"),
            ("no_text", {"expiry": None}, "give the reason, not None"),
        ]
    )
    def test_bad(self, _, exceptions, message):
        """A declaration of no case, or without a reason, is an error when the class is made."""
        with self.assertRaisesRegex(ValueError, message):
            tiny.declaring(exceptions)


class FactoryTests(unittest.TestCase):
    def test_no_factory(self):
        """A suite without make_subject says that it needs one."""
        suite = type("EmptyContract", (AdapterContract, unittest.TestCase), {})
        message = run_case(suite("test_cold")).errors[0][1]
        self.assertIn("EmptyContract.make_subject has to return a Subject", message)


if __name__ == "__main__":
    unittest.main()
