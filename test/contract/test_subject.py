import unittest
from contextlib import contextmanager
from unittest import mock

from cachetest.contract import Subject

from ..support import expand, run_case
from . import tiny


class SubjectTests(unittest.TestCase):
    @expand(
        [
            ("delete", "delete"),
            ("get_many", "many"),
            ("put_for", "expiry", "clock", "clock_nested", "clock_parallel"),
        ],
        quick=1,
    )
    def test_method_that_is_not_defined(self, method, *cases):
        """The cases that need it say what to do, and no other case needs it."""

        class Partial(tiny.TinySubject):
            pass

        setattr(Partial, method, getattr(Subject, method))
        suite = tiny.declaring({}, make_subject=lambda self: Partial(tiny.load_library(self)))
        self.assertEqual(tiny.failing(suite), list(cases))
        for case in cases:
            message = run_case(suite(f"test_{case}")).errors[0][1]
            self.assertIn(
                f"Partial.{method} is not defined: define it, or declare in `exceptions` why", message
            )

    def test_without_time_of_its_own(self):
        """Where the subject can't move the library's time, the clock of the scope is moved."""

        class Partial(tiny.TinySubject):
            advance = Subject.advance

        suite = tiny.declaring({}, make_subject=lambda self: Partial(tiny.load_library(self)))
        self.assertEqual(tiny.failing(suite), [])
        suite = tiny.declaring(
            {}, make_subject=lambda self: Partial(tiny.load_library(self), "GoesByTheProgramsTime")
        )
        self.assertIn("expiry", tiny.failing(suite))

    def test_one_cache(self):
        """With one name, all but the case of two names can be run."""

        class One(tiny.TinySubject):
            caches = ("pages",)

        self.assertEqual(
            tiny.failing(tiny.declaring({}, make_subject=lambda self: One(tiny.load_library(self)))),
            ["two_names"],
        )

    def test_fails_half_way(self):
        """A failure of its own making is used in place of one at each step of `Undo`."""
        entered = []

        class Failing(tiny.TinySubject):
            @contextmanager
            def fail_half_way(self):
                with mock.patch.object(self.adapter, "Store", side_effect=OSError):
                    entered.append(self)
                    yield

        suite = tiny.declaring({}, make_subject=lambda self: Failing(tiny.load_library(self)))
        self.assertEqual(tiny.failing(suite), [])
        self.assertEqual(len(entered), 1)

    def test_install_that_can_not_fail(self):
        """Where the install makes no change by `Undo`, it has to be said how it fails."""
        suite = tiny.declaring({}, adapter="PatchesByHand")
        self.assertEqual(tiny.failing(suite), ["fails_half_way"])
        message = run_case(suite("test_fails_half_way")).failures[0][1]
        self.assertIn("the install makes no change by Undo: define fail_half_way", message)


if __name__ == "__main__":
    unittest.main()
