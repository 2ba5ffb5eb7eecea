"""What snapshots are called: by test, class and module, by subtests, and where there are several."""

import sys
import unittest
import uuid

from parameterized import parameterized

from ..support import run_case
from .snapshot_shop import MODULE, NAME, SnapshotShop, look_up


class NameTests(SnapshotShop):
    def test_several(self):
        """The second in a test has a number, is of all until then, and is found again."""

        def body(case, cache):
            for key in "ab":
                cache.get(key)
                case.assertCacheSnapshot()

        self.assertIn(f"{NAME}.txt was not there", self.outcome(body))
        self.assertIn(f"{NAME}-2.txt was not there", self.outcome(body))
        self.assertEqual(self.outcome(body), "")
        self.assertEqual(
            list(self.files().values()),
            ["cache prices\n  miss a < body\n  miss b < body\n", "cache prices\n  miss a < body\n"],
        )

    def test_run_again(self):
        """A case that is run again has the same ones."""
        case = self.case(look_up)
        run_case(case)
        for _ in range(2):
            self.assertTrue(run_case(case).wasSuccessful())
        self.assertEqual(list(self.files()), [f"{NAME}.txt"])

    def test_nothing_is_kept(self):
        """Nothing stays with a case, which Django's parallel runner pickles."""

        def body(case, cache):
            cache.get(1)
            before = vars(case).copy()
            case.assertCacheSnapshot()
            case.assertEqual(vars(case), before)

        self.assertEqual(self.outcome(body, "update"), "")

    def test_subtests(self):
        """Each subtest has its own, by what it is called; one that is called the same has a number."""

        def body(case, cache):
            cache.get(1)
            for value in (1, "1", "en", "en"):
                with case.subTest(n=value):
                    case.assertCacheSnapshot()
            with case.subTest("a message", n=2), case.subTest(m=3):
                case.assertCacheSnapshot()
            case.assertCacheSnapshot()

        self.outcome(body, "update")
        names = [each.removeprefix(NAME) for each in self.files()]
        self.assertEqual(len(names), 6)
        found = "".join(sorted(names))
        self.assertRegex(
            found,
            r"^\.txt\[a_message,n=2-\w{8}\]\[m=3\]\.txt\[n=1\]\.txt"
            r"\[n=_1_-\w{8}\]\.txt\[n=en\]-2\.txt\[n=en\]\.txt$",
        )
        self.assertEqual(self.outcome(body), "")

    def test_a_runner_without_subtests(self):
        """The names are the same where a runner does not know of subtests."""

        class OldResult:
            """A result without ``addSubTest``."""

            def __init__(self):
                self._result = unittest.TestResult()

            def __getattr__(self, name):
                if name == "addSubTest":
                    raise AttributeError(name)
                return getattr(self._result, name)

        def body(case, cache):
            cache.get(1)
            with case.subTest(n=1):
                case.assertCacheSnapshot()

        self.case(body).run(OldResult())
        self.assertEqual(list(self.files()), [f"{NAME}[n=1].txt"])

    def test_failing_subtest(self):
        """What fails in a subtest is its failure, and the next one is named right."""

        def body(case, cache):
            cache.get(1)
            with case.subTest(n=1):
                case.fail("on purpose")
            with case.subTest(n=2):
                case.assertCacheSnapshot()

        result = run_case(self.case(body))
        self.assertEqual(len(result.failures), 2)
        self.assertNotIn("_assertions/snapshots.py", result.failures[0][1])
        self.assertEqual(list(self.files()), [f"{NAME}[n=2].txt"])

    @parameterized.expand([("address", object()), ("uuid", uuid.uuid4())])
    def test_volatile_subtest(self, _, value):
        """One whose name is another each time is an error."""

        def body(case, cache):
            cache.get(1)
            with case.subTest(n=value):
                case.assertCacheSnapshot()

        self.assertRegex(self.outcome(body), "the subtest n=.* would never be found again")
        self.assertEqual(self.files(), {})

    @parameterized.expand(
        [
            ("nested", "Outer.Inner", "Outer.Inner"),
            ("local", "make.<locals>.Inner", r"make._locals_.Inner-\w{8}"),
            ("long", "A" * 300, r"A{10,}-\w{8}"),
        ]
    )
    def test_classes(self, _, given, expected):
        """A class goes by its qualified name, as far as a file can."""
        self.outcome(look_up, name=given)
        (name,) = self.files()
        self.assertRegex(name, rf"^{MODULE}\.{expected}")
        self.assertEqual(self.outcome(look_up, name=given), "")

    def test_other_places(self):
        """A package's own file goes by its name; without any file there is no place."""
        sys.modules[MODULE].__file__ = str(self.folder / "__init__.py")
        self.outcome(look_up)
        self.assertEqual(list(self.files()), [f"{self.folder.name}.PriceTests.test_price.txt"])
        for file in (None, str(self.folder / "gone" / "tests.py")):
            sys.modules[MODULE].__file__ = file
            self.assertIn(
                f"the file of its module, and '{MODULE}' has none",
                self.outcome(look_up),
            )


if __name__ == "__main__":
    unittest.main()
