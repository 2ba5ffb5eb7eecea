"""Snapshots that no test has any more are told, after a run that is of all tests, and no others are."""

import os
import sys
import unittest
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestWarning
from cachetest._assertions import unused_snapshots

from ..support import BY_PYTEST, is_there, run_case
from ..warm import run_runner
from .snapshot_shop import MODULE, SnapshotShop, look_up

TESTS = """\
import unittest
from parameterized import parameterized
from cachetest import CacheTestCase, MockBackend

cache = MockBackend("prices")


class PriceTests(CacheTestCase):
    patch_caches = ()

    @parameterized.expand([(n,) for n in range(6)])
    def test_price(self, n):
        cache.get(f"lamp:{n}")
        self.assertCacheSnapshot()

    def test_other(self):
        cache.get("chair")
        with self.subTest(locale="en"):
            self.assertCacheSnapshot()
        self.assertCacheSnapshot()
        self.assertCacheSnapshot()

    def test_without(self):
        pass

    @unittest.skip("not today")
    def test_skipped(self):
        self.assertCacheSnapshot()


if __name__ == "__main__":
    unittest.main()
"""
FILES = {f"test_shop.PriceTests.test_price_{n}.txt" for n in range(6)} | {
    "test_shop.PriceTests.test_other.txt",
    "test_shop.PriceTests.test_other-2.txt",
    "test_shop.PriceTests.test_other[locale=en].txt",
}
KEPT = [
    "test_shop.PriceTests.test_skipped.txt",
    "test_shop.make._locals_.Inner-0.test.txt",
    "test_beside.A.test.txt",
]
UNUSED = ["test_gone.A.test", "test_shop.Gone.test", "test_shop.PriceTests.test_gone"]
PASSED = [
    "test_shop.PriceTests.test_other-3",
    "test_shop.PriceTests.test_other[locale=de]",
    "test_shop.PriceTests.test_without",
]


class RunTests(SnapshotShop):
    """Runs of a folder of tests, by each runner."""

    def setUp(self):
        super().setUp()
        self.write("test_shop.py", TESTS)
        self.write("test_beside.py")

    def run_with(self, *arguments, **environment):
        done = run_runner(*arguments, cwd=self.folder, **{"CACHETEST_SNAPSHOTS": "none", **environment})
        return done.stdout + done.stderr

    def write_all(self, *names):
        for name in names or (*FILES, *KEPT, *(f"{each}.txt" for each in UNUSED + PASSED)):
            key = f"lamp:{name[-5]}" if "test_price" in name else "chair"
            function = "test_price" if "test_price" in name else "test_other"
            self.write(f"snapshots/{name}", f"cache prices\n  miss {key} < {function}\n")

    def told(self, text):
        """Return which of the files are told of in *text*."""
        names = [*UNUSED, *PASSED, *(each.removesuffix(".txt") for each in [*KEPT, *FILES])]
        return sorted(name for name in names if f"snapshots/{name}.txt" in text)

    @parameterized.expand([("discovered", ("-m", "unittest")), ("script", ("test_shop.py",))])
    def test_unittest(self, _, arguments):
        """unittest has them on standard error when it ends."""
        self.write_all()
        text = self.run_with(*arguments)
        self.assertIn("OK (skipped=1)", text)
        self.assertIn("cachetest: no test has these snapshots any more:\n  snapshots/", text)
        self.assertEqual(self.told(text), sorted(UNUSED + PASSED))

    @parameterized.expand(
        [("unittest", ("-m", "unittest", "test_shop.PriceTests")), ("pytest", (*BY_PYTEST, "-kother"))]
    )
    def test_selection(self, _, arguments):
        """After a run of some tests alone nothing is told."""
        self.write_all()
        self.assertEqual(self.told(self.run_with(*arguments)), [])

    def check_pytest(self, *more, **environment):
        """Check that pytest tells them as warnings, each once, and return what it prints."""
        text = self.run_with(*BY_PYTEST, "-q", *more, **environment)
        self.assertEqual(text.count(": CacheTestWarning: no test has this snapshot any more\n"), 6, text)
        self.assertEqual(self.told(text), sorted(UNUSED + PASSED))
        return text

    def test_pytest(self):
        """So they are by one process."""
        self.write_all()
        self.check_pytest()

    @unittest.skipUnless(is_there("xdist"), "needs pytest-xdist: pip install pytest-xdist")
    def test_workers(self):
        """So they are by those that its workers have found; and these write what one process would."""
        self.write_all()
        expected = self.files()
        for name in FILES:
            Path(self.folder, "snapshots", name).unlink()
        text = self.check_pytest("-n", "2", CACHETEST_SNAPSHOTS="update")
        self.assertRegex(text, r"\b8 passed, 1 skipped")
        self.assertEqual(self.files(), expected)


class UnusedTests(SnapshotShop):
    @parameterized.expand(
        [
            ([], False),
            (["discover", "-s", "test"], False),
            (["-v", __name__], False),
            (["test/test_shop.py"], False),
            (["-k", "price"], True),
            (["-kprice"], True),
            (["--tag=slow"], True),
            ([f"{__name__}.UnusedTests"], True),
            ([f"{__name__}.UnusedTests.test_arguments"], True),
        ]
    )
    def test_arguments(self, arguments, selects):
        """Part of a module, or what a pattern or a tag takes, is a selection; a module is none."""
        self.assertEqual(unused_snapshots._selects(arguments), selects)

    def test_another_process(self):
        """A child that was forked tells nothing at its exit, and the parent is asked once."""
        with mock.patch.object(unused_snapshots, "_process", -1), mock.patch("atexit.register") as register:
            self.outcome(look_up)
            register.assert_not_called()
            unused_snapshots._tell_at_exit(-1)
        with mock.patch.object(unused_snapshots, "_process", None), mock.patch("atexit.register") as register:
            self.outcome(look_up)
            self.outcome(look_up)
            register.assert_called_once()

    def test_in_this_process(self):
        """What has failed tells of nothing, and what passes then of what it has not."""

        def failing(case, cache):
            look_up(case, cache)
            case.fail("on purpose")

        # Classes of other tests may still be there.
        self.outcome(look_up, "update", name="OnlyHere")
        path = self.write(f"snapshots/{MODULE}.OnlyHere.test_price-2.txt")
        case = self.case(failing, name="OnlyHere")
        run_case(case)
        self.assertEqual(unused_snapshots.unused(), [])
        type(case).test_price = lambda case: None
        run_case(case)
        self.assertIn(path, unused_snapshots.unused())

    def write_unused(self):
        """Have a snapshot that is used, some that no test has, and some that one may have."""
        self.outcome(look_up, "update")
        self.write("beside.py")
        for name in ("beside.A.test", f"{MODULE}.A.<locals>.B.test".replace("<locals>", "_locals_")):
            self.write(f"snapshots/{name}.txt")
        names = ("gone.A.test", f"{MODULE}.Gone.test", f"{MODULE}.PriceTests.test_gone[n=1]-2")
        return [self.write(f"snapshots/{name}.txt") for name in sorted(names)]

    def test_unused(self):
        """A module, a class or a test that is gone has none; a module that was not loaded may."""
        expected = self.write_unused()
        self.assertEqual(unused_snapshots.unused(), expected)

    def test_at_exit(self):
        """They are told on standard error, unless some tests were selected."""
        names = [f"  {path}\n" for path in self.write_unused()]
        for arguments, told in ((["-v"], True), (["-k", "price"], False)):
            with mock.patch("sys.argv", ["unittest", *arguments]), redirect_stderr(StringIO()) as printed:
                unused_snapshots._tell_at_exit(os.getpid())
            expected = f"cachetest: no test has these snapshots any more:\n{''.join(names)}" if told else ""
            self.assertEqual(printed.getvalue(), expected)

    def test_at_exit_without_any(self):
        """Where there are none, nothing is said."""
        self.outcome(look_up, "update")
        with mock.patch("sys.argv", ["unittest"]), redirect_stderr(StringIO()) as printed:
            unused_snapshots._tell_at_exit(os.getpid())
        self.assertEqual(printed.getvalue(), "")

    @parameterized.expand(
        [
            ("all", {}, ["test"], 3),
            ("keyword", {"keyword": "a"}, ["test"], 0),
            ("mark", {"markexpr": "a"}, ["test"], 0),
            ("last_failed", {"lf": True}, ["test"], 0),
            ("one", {}, ["test/test_a.py::ATests"], 0),
        ]
    )
    def test_plugin(self, _, options, arguments, count):
        """pytest is given a warning for each, unless some tests were selected."""
        paths = self.write_unused()
        config = mock.Mock(option=SimpleNamespace(**{"keyword": "", "lf": False, **options}), args=arguments)
        unused_snapshots._Telling().pytest_sessionfinish(mock.Mock(config=config))
        calls = config.hook.pytest_warning_recorded.call_historic.call_args_list
        found = [each.kwargs["kwargs"]["warning_message"] for each in calls]
        self.assertEqual([each.filename for each in found], list(map(str, paths))[:count])
        self.assertTrue(all(each.category is CacheTestWarning for each in found))

    def test_plugin_is_registered(self):
        """pytest, which is known by its result, gets the plugin, and nothing is told at exit."""
        result = unittest.TestResult()
        result.config = mock.Mock()
        with mock.patch.object(unused_snapshots, "_process", None), mock.patch("atexit.register") as register:
            self.case(look_up).run(result)
        result.config.pluginmanager.register.assert_called_once()
        register.assert_not_called()

    def test_package(self):
        """The tests of a package's own file are known by its name."""
        sys.modules[MODULE].__file__ = str(self.write("__init__.py"))
        name = self.folder.name
        case = self.case(look_up)
        with mock.patch.dict(os.environ, {"CACHETEST_SNAPSHOTS": "update"}):
            run_case(case)
        path = self.write(f"snapshots/{name}.Gone.test.txt")
        self.assertEqual(unused_snapshots.unused(), [path])

    def test_folder_elsewhere(self):
        """A folder that is not below the working directory is told in full; one that is gone, too."""
        self.assertEqual(unused_snapshots._shown(self.folder / "a.txt"), str(self.folder / "a.txt"))
        with mock.patch("os.getcwd", side_effect=FileNotFoundError):
            self.assertEqual(unused_snapshots._shown(self.folder / "a.txt"), str(self.folder / "a.txt"))


if __name__ == "__main__":
    unittest.main()
