"""Faults are values that are checked when they are made."""

import pickle
import unittest

from parameterized import parameterized

from cachetest import Damaged, Dropped, Fails, Fault, Gone, LosesReply, Slow, Stale, TooLarge


class NeedsTwo(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one}{two}")


class OfItsOwn(Exception):
    """One that can't be copied."""

    def __copy__(self):
        raise OSError("no")


VALUES = [
    Fails(),
    Fails(OSError),
    LosesReply(),
    LosesReply(then_down=True),
    Slow(1),
    Slow(0.5),
    Damaged(),
    Damaged(bytes.upper),
    Gone(),
    Dropped(),
    Stale(),
    TooLarge(0),
    TooLarge(1_000),
]


class ValueTests(unittest.TestCase):
    def test_frozen(self):
        """No fault can be changed, and those that say the same are equal."""
        for fault in VALUES:
            with self.subTest(fault), self.assertRaises(AttributeError):
                fault.error = None
            self.assertIsInstance(fault, Fault)
        self.assertEqual(Slow(1), Slow(1.0))
        self.assertNotEqual(Gone(), Dropped())
        self.assertEqual(len({*VALUES, *VALUES}), len(VALUES))

    def test_repr(self):
        """A fault is written as it was made, and pickled."""
        for fault in VALUES:
            with self.subTest(fault):
                self.assertEqual(pickle.loads(pickle.dumps(fault)), fault)
        made = [Slow(60), LosesReply(then_down=True), Fails(), Fails(OSError), Damaged(bytes.upper)]
        self.assertEqual(
            str(made),
            "[Slow(60), LosesReply(then_down=True), Fails(), Fails(OSError), Damaged(bytes.upper)]",
        )

    @parameterized.expand(
        [
            ("no exception", lambda: Fails("down"), TypeError, "exception or a class of exceptions.*'down'"),
            ("no class", lambda: LosesReply(int), TypeError, "LosesReply: error must be an exception"),
            ("interrupt", lambda: Fails(KeyboardInterrupt), TypeError, "exception or a class"),
            ("arguments", lambda: Fails(NeedsTwo), TypeError, r"NeedsTwo\(\) can't be made without arg"),
            ("then down", lambda: LosesReply(then_down=1), TypeError, "True or False, not 1"),
            ("text", lambda: Slow("60"), TypeError, "seconds must be a number, not '60'"),
            ("true", lambda: Slow(True), TypeError, "seconds must be a number, not True"),
            ("zero", lambda: Slow(0), ValueError, "more than 0.*not 0"),
            ("before", lambda: Slow(-1), ValueError, "not -1"),
            ("for ever", lambda: Slow(float("inf")), ValueError, "not inf"),
            ("nan", lambda: Slow(float("nan")), ValueError, "not nan"),
            ("damage", lambda: Damaged(b"x"), TypeError, "a function of what is stored, not b'x'"),
            ("limit", lambda: TooLarge(1.5), TypeError, "a number of bytes, not 1.5"),
            ("no limit", lambda: TooLarge(-1), ValueError, "less than 0, and is -1"),
        ]
    )
    def test_refused(self, _, make, error, text):
        """What can't be is an error where it is made, which says what was given and what is expected."""
        with self.assertRaisesRegex(error, text):
            make()


class RaisedTests(unittest.TestCase):
    def test_class(self):
        """Of a class, each strike raises a new exception."""
        fault = Fails(OSError)
        self.assertIsInstance(fault.raised(), OSError)
        self.assertIsNot(fault.raised(), fault.raised())

    def test_exception(self):
        """An exception is raised as it was given, without what an earlier strike has left in it."""
        given = NeedsTwo(1, 2)
        fault = Fails(given)
        try:
            raise fault.raised()
        except NeedsTwo as error:
            self.assertEqual(str(error), "12")
            self.assertIsNotNone(error.__traceback__)
        self.assertIsNone(fault.raised().__traceback__)
        self.assertIsNone(given.__traceback__)

    def test_that_can_not_be_copied(self):
        """One that can't be copied is raised itself."""
        given = OfItsOwn("x")
        self.assertIs(Fails(given).raised(), given)

    def test_library(self):
        """Without one, the library's own is to be raised."""
        self.assertIsNone(Fails().raised())


if __name__ == "__main__":
    unittest.main()
