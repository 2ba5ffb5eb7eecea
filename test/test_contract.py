import functools
import importlib.util
import sys
import unittest
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from parameterized import parameterized

from cachetest.contract import MISSING, AdapterContract, Subject, contract_table

from .support import run_case

FALSY = ["falsy_none", "falsy_false", "falsy_zero", "falsy_bytes", "falsy_text"]


COUNTING_PUTS = [
    "warm",
    "overwrite",
    "delete",
    *FALSY,
    "many",
    "expiry",
    "two_names",
    "made_before",
    "entries",
]
COUNTING_PUTS += ["threads", "nested", "parallel", "call_site"]


TINYLIB = Path(__file__).with_name("tinylib.py")


@functools.cache
def tinylib_code():
    """Return the code of `tinylib`, compiled once: the suites load it some 800 times."""
    return compile(TINYLIB.read_text(encoding="utf-8"), str(TINYLIB), "exec")


def load_library(case):
    """Return `tinylib`, loaded anew, as the library of that name for as long as the test *case* runs."""
    spec = importlib.util.spec_from_file_location("tinylib", TINYLIB)
    library = importlib.util.module_from_spec(spec)
    loaded = mock.patch.dict(sys.modules, {"tinylib": library})
    loaded.start()
    case.addCleanup(loaded.stop)
    exec(tinylib_code(), vars(library))
    return library


class TinySubject(Subject):
    caches = ("pages", "users")

    def __init__(self, library, adapter="TinyAdapter"):
        self.library = library
        self.adapter = getattr(library, adapter)()
        self.now = 1000
        library.clock = lambda: self.now

    def open(self, name):
        return self.library.Client(name)

    def get(self, cache, key):
        return cache.get(key, MISSING)

    def put(self, cache, key, value):
        cache.set(key, value)

    def state(self):
        return sorted(vars(self.library)), self.library.store.kept.copy()

    def delete(self, cache, key):
        cache.remove(key)

    def get_many(self, cache, keys):
        return cache.get_many(keys)

    def put_for(self, cache, key, value, seconds):
        cache.set(key, value, seconds)

    def advance(self, seconds):
        self.now += seconds


class TinyContract(AdapterContract, unittest.TestCase):
    """A library whose adapter has nothing wrong."""

    adapter = "TinyAdapter"

    def make_subject(self):
        return TinySubject(load_library(self), self.adapter)


def failing(suite):
    """Return the names of the cases of *suite* that fail, in their order."""
    found = {name: run_case(suite(f"test_{name}")) for name in suite.cases()}
    return [name for name, result in found.items() if not result.wasSuccessful()]


def declaring(exceptions, **attributes):
    """Return a suite with these *exceptions*."""
    return type("DeclaringContract", (TinyContract,), {"exceptions": exceptions, **attributes})


class BrokenAdapterTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("TinyAdapter", []),
            ("CountsPutsTwice", COUNTING_PUTS),
            ("FalsyIsMissing", FALSY),
            ("NoneIsMissing", ["falsy_none"]),
            ("BytesForText", ["falsy_text"]),
            ("NeverOverwrites", ["overwrite"]),
            ("DeleteIsNotLogged", ["delete"]),
            ("ManyIsOne", ["many"]),
            ("NeverExpires", ["expiry"]),
            ("ExpirationIsNotLogged", ["expiry"]),
            ("OneCacheForAll", ["two_names"]),
            ("EntriesOfTheProcess", ["nested", "parallel"]),
            ("KeysOfItsOwn", ["entries"]),
            ("HidesItsEntries", ["entries", "reset"]),
            ("OfTheFirstScope", ["nested", "parallel"]),
            ("OfTheThread", ["threads", "parallel"]),
            ("NewClientsOnly", ["made_before"]),
            ("LeavesSomething", ["restored"]),
            ("LeavesSomethingWhereItFails", ["fails_half_way"]),
            ("ConnectsToSomething", ["no_network"]),
            ("ItsOwnLines", ["call_site"]),
        ]
    )
    def test_fails(self, adapter, cases):
        """An adapter with one thing wrong fails the cases that are about it, and no other."""
        suite = type("BrokenContract", (TinyContract,), {"adapter": adapter})
        self.assertEqual(failing(suite), cases)


class DeclaredExceptionTests(unittest.TestCase):
    def run_case(self, suite, name):
        return run_case(suite(f"test_{name}"))

    def test_is_skipped(self):
        """A declared case that fails is skipped, with the reason."""
        suite = declaring({"expiry": "it has no TTL"}, adapter="NeverExpires")
        result = self.run_case(suite, "expiry")
        self.assertEqual([reason for _, reason in result.skipped], ["it has no TTL"])
        self.assertTrue(result.wasSuccessful())

    def test_is_out_of_date(self):
        """A declared case that passes is a failure that shows the reason."""
        result = self.run_case(declaring({"expiry": "it has no TTL"}), "expiry")
        self.assertRegex(result.failures[0][1], "the case passes, but is declared .*: 'it has no TTL'")

    def test_one_value_of_several(self):
        """The falsy values are cases by themselves."""
        suite = declaring({"falsy_none": "it can't hold None"}, adapter="NoneIsMissing")
        self.assertEqual(failing(suite), [])

    def test_error_while_making_the_subject(self):
        """An error in the suite's own code is no exception that was declared."""

        def make_subject(self):
            raise ZeroDivisionError

        suite = declaring({"expiry": "it has no TTL"}, make_subject=make_subject)
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
            declaring(exceptions)


class SubjectTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("delete", "delete"),
            ("get_many", "many"),
            ("put_for", "expiry"),
            ("advance", "expiry"),
        ]
    )
    def test_method_that_is_not_defined(self, method, case):
        """The case that needs it says what to do, and no other case needs it."""

        class Partial(TinySubject):
            pass

        setattr(Partial, method, getattr(Subject, method))
        suite = declaring({}, make_subject=lambda self: Partial(load_library(self)))
        self.assertEqual(failing(suite), [case])
        message = run_case(suite(f"test_{case}")).errors[0][1]
        self.assertIn(f"Partial.{method} is not defined: define it, or declare in `exceptions` why", message)

    def test_one_cache(self):
        """With one name, all but the case of two names can be run."""

        class One(TinySubject):
            caches = ("pages",)

        self.assertEqual(
            failing(declaring({}, make_subject=lambda self: One(load_library(self)))), ["two_names"]
        )

    def test_fails_half_way(self):
        """A failure of its own making is used in place of one at each step of `Undo`."""
        entered = []

        class Failing(TinySubject):
            @contextmanager
            def fail_half_way(self):
                with mock.patch.object(self.adapter, "Store", side_effect=OSError):
                    entered.append(self)
                    yield

        suite = declaring({}, make_subject=lambda self: Failing(load_library(self)))
        self.assertEqual(failing(suite), [])
        self.assertEqual(len(entered), 1)

    def test_install_that_can_not_fail(self):
        """Where the install makes no change by `Undo`, it has to be said how it fails."""
        suite = declaring({}, adapter="PatchesByHand")
        self.assertEqual(failing(suite), ["fails_half_way"])
        message = run_case(suite("test_fails_half_way")).failures[0][1]
        self.assertIn("the install makes no change by Undo: define fail_half_way", message)

    def test_no_factory(self):
        """A suite without make_subject says that it needs one."""
        suite = type("EmptyContract", (AdapterContract, unittest.TestCase), {})
        message = run_case(suite("test_cold")).errors[0][1]
        self.assertIn("EmptyContract.make_subject has to return a Subject", message)


class TableTests(unittest.TestCase):
    def test_table(self):
        """The table has a column for each suite, and the reasons below it."""
        tiny = type("TinyContract", (TinyContract,), {})
        other = type(
            "OtherContract",
            (TinyContract,),
            {"adapter": "NeverExpires", "exceptions": {"expiry": "it has no TTL", "cold": "it is warm"}},
        )
        lines = contract_table(tiny, other).splitlines()
        self.assertEqual(
            lines[:4],
            [
                "==============  ====  =====",
                "case            Tiny  Other",
                "==============  ====  =====",
                "cold            pass  FAIL",
            ],
        )
        self.assertIn("expiry          pass  (1)", lines)
        self.assertEqual(lines[-3:], ["==============  ====  =====", "", "1. Other, expiry: it has no TTL"])
        self.assertEqual(len(lines), len(AdapterContract.cases()) + 6)

    def test_is_restructured_text(self):
        """It is a table to docutils."""
        from docutils.core import publish_doctree

        tree = publish_doctree(contract_table(TinyContract), settings_overrides={"halt_level": 2})
        self.assertEqual(tree[0].tagname, "table")


if __name__ == "__main__":
    unittest.main()
