"""Snapshots: when they are written, compared and refused."""

import os
import re
import unittest
from functools import lru_cache
from unittest import mock

from parameterized import parameterized

from cachetest import MockBackend
from cachetest.adapters import Functools

from .snapshot_shop import NAME, TEXT, SnapshotShop, look_up


def look_up_other(case, cache):
    """Do as `look_up` does, by another key."""
    cache.get("chair")
    cache.put("chair", 1)
    case.assertCacheSnapshot()


class ModeTests(SnapshotShop):
    def test_once(self):
        """It is written where it is not there, and fails once, with the lines; then it passes."""
        self.assertEqual(
            self.outcome(look_up),
            f"snapshots/{NAME}.txt was not there, and is written now: read it, run the test again, and "
            "commit it\n  cache prices\n    miss lamp < look_up\n    put lamp < look_up\n",
        )
        self.assertEqual(self.files(), {f"{NAME}.txt": TEXT})
        for environment in ("", "once", "none", "update"):
            self.assertEqual(self.outcome(look_up, environment), "")

    @parameterized.expand(["", "once", "none"])
    def test_differs(self, environment):
        """One that differs fails, and stays as it is."""
        self.outcome(look_up)
        self.assertIn("missing miss lamp < look_up and 1 more", self.outcome(look_up_other, environment))
        self.assertEqual(self.files(), {f"{NAME}.txt": TEXT})

    def test_update(self):
        """One that differs, or is not there, is written."""
        self.assertEqual(self.outcome(look_up, "update"), "")
        self.assertEqual(self.files(), {f"{NAME}.txt": TEXT})
        self.assertEqual(self.outcome(look_up_other, "update"), "")
        self.assertIn("miss chair < look_up_other", self.files()[f"{NAME}.txt"])

    def test_update_of_the_same(self):
        """One that is the same is not written anew."""
        self.outcome(look_up)
        os.utime(self.folder / "snapshots" / f"{NAME}.txt", (1, 1))
        self.outcome(look_up, "update")
        self.assertEqual((self.folder / "snapshots" / f"{NAME}.txt").stat().st_mtime, 1)

    @parameterized.expand([("none", "none", ""), ("ci", "", "true"), ("ci_1", "", "1")])
    def test_none(self, _, environment, ci):
        """Where none is written, one that is not there fails, each time."""
        with mock.patch.dict(os.environ, {"CI": ci}):
            for _ in range(2):
                self.assertRegex(self.outcome(look_up, environment), "txt is not there, and none is written")
        self.assertEqual(self.files(), {})

    @parameterized.expand([("said", "once", "true"), ("no_ci", "", "false"), ("zero", "", "0")])
    def test_not_none(self, _, environment, ci):
        """What is said goes before CI, which may say that it is none."""
        with mock.patch.dict(os.environ, {"CI": ci}):
            self.assertIn("is written now", self.outcome(look_up, environment))

    def test_unknown(self):
        """Another value of the variable is an error, with the closest one, and nothing is written."""
        self.assertIn(
            "CACHETEST_SNAPSHOTS must be 'update', the closest, or 'none' or 'once', not 'updat'",
            self.outcome(look_up, "updat"),
        )
        self.assertEqual(self.files(), {})

    def test_passed_over(self):
        """In another state than the test's own none is compared or written."""
        self.outcome(look_up)
        for environment in ("once", "update"):
            self.assertEqual(self.outcome(look_up_other, environment, _test_state="warm"), "")
        self.assertEqual(self.files(), {f"{NAME}.txt": TEXT})

    def test_message(self):
        def body(case, cache):
            cache.get(1)
            case.assertCacheSnapshot(msg="told")

        self.assertIn(" : told", self.outcome(body))

    def test_failure(self):
        """The failure is a diff that says why a hit became a miss."""

        def warm(case, cache):
            for key in keys:
                if cache.get(key) is None:
                    cache.put(key, 1)
            case.assertCacheSnapshot()

        keys = ["lamp:en", "lamp:en"]
        self.outcome(warm)
        keys = ["lamp:en", "lamp:de"]
        self.assertRegex(
            re.sub(r"at \S+test_snapshots\.py:\d+", "at f.py:1", self.outcome(warm)),
            rf"""(?x)^not\ as\ in\ snapshots/{NAME}\.txt:\ missing\ hit\ lamp:en\ <\ warm;
            \ not\ expected\ miss\ lamp:de\ <\ warm\ and\ 1\ more\n
            \ \ -\ snapshot,\ \+\ now:\n
            \ \ \ \ cache\ prices\n
            \ \ \ \ \ \ miss\ lamp:en\ <\ warm\ \ 1\.\ at\ f\.py:1\ in\ warm\n
            \ \ \ \ \ \ put\ lamp:en\ <\ warm\ \ \ 2\.\ .*\n
            \ \ -\ \ \ hit\ lamp:en\ <\ warm\n
            \ \ \+\ \ \ miss\ lamp:de\ <\ warm\ \ 3\.\ .*\n
            \ \ \ \ \ \ \ \ never\ put\ before;.*\ the\ nearest\ key,\ 'lamp:en',\ put\ by\ .*\n
            \ \ \ \ \ \ \ \ \ \ part\ 2:\ 'en'\ ->\ 'de'\n
            \ \ \+\ \ \ put\ lamp:de\ <\ warm\ \ \ 4\..*\n
            \ \ where\ that\ is\ meant,\ run\ it\ with\ CACHETEST_SNAPSHOTS=update,\ and\ .*\n$""",
        )


class GivenTests(SnapshotShop):
    def test_caches(self):
        """All that were used are compared, or those that are named, also where one was not."""

        def body(case, cache):
            cache.get("lamp")
            MockBackend("users").get("ada")
            MockBackend("others")
            case.assertCacheSnapshot(*case.names)

        for names, expected in (
            ((), "cache prices\n  miss lamp < body\ncache users\n  miss ada < body\n"),
            (("users", "users"), "cache users\n  miss ada < body\n"),
            (("others", "users"), "cache others: no operations\ncache users\n  miss ada < body\n"),
        ):
            self.outcome(body, "update", names=names)
            self.assertEqual(self.files(), {f"{NAME}.txt": expected})
            self.assertEqual(self.outcome(body, names=names), "")

    def test_nothing(self):
        """A snapshot of nothing is a failure, whatever is to be done."""

        def body(case, cache):
            case.assertCacheSnapshot()

        def body_of_one(case, cache):
            case.assertCacheSnapshot("prices")

        for environment in ("once", "update"):
            self.assertIn(
                "there was no operation on any cache, so there is no", self.outcome(body, environment)
            )
            self.assertIn("there was no operation on 'prices', so", self.outcome(body_of_one, environment))
        self.assertEqual(self.files(), {})

    def test_unknown_operations(self):
        """What is only watched is left out, and listed in a failure; named or alone, it is an error."""

        @lru_cache
        def price_of(name):
            return len(name)

        def alone(case, cache):
            price_of("lamp")
            case.assertCacheSnapshot()

        def beside(case, cache):
            price_of("lamp")
            look_up(case, cache)

        def named(case, cache):
            case.assertCacheSnapshot("price")

        options = {"patch_caches": (Functools(price=price_of),)}
        self.assertIn("no operation on 'price'", self.outcome(alone, **options))
        self.assertRegex(self.outcome(beside, **options), "used, and left out since .* known: 'price'")
        self.assertEqual(self.files(), {f"{NAME}.txt": TEXT})
        self.assertEqual(self.outcome(beside, **options), "")
        self.assertIn("operations of cache 'price' can't be known", self.outcome(named, **options))

    def test_not_kept(self):
        """So is one that has not kept all."""
        self.assertIn(
            "oldest 1 operations of cache 'prices' are not kept", self.outcome(look_up, log_length=1)
        )

    def test_unknown_name(self):
        def body(case, cache):
            case.assertCacheSnapshot("price")

        self.assertIn("no cache 'price' here; known, the closest first: prices", self.outcome(body))

    def test_volatile(self):
        """What a pattern matches is numbered, its groups alone where it has some."""

        def body(case, cache):
            for n in numbers:
                cache.get(f"user:{n}:{n}")
            case.assertCacheSnapshot(volatile=(r"user:(\d+)", re.compile(r":7.*")))

        numbers = [17, 18, 17]
        self.outcome(body)
        lines = "".join(f"  miss user:<{n}>:{m} < body\n" for n, m in ((1, 17), (2, 18), (1, 17)))
        self.assertEqual(self.files(), {f"{NAME}.txt": f"cache prices\n{lines}"})
        numbers = [17, 18, 18]
        self.assertIn("missing miss user:<1>:17", self.outcome(body))

    @parameterized.expand(
        [
            ("text", "user", TypeError, r"must be regular expressions, such as .*, not 'user'"),
            ("none", None, TypeError, "such as .*, not None"),
            ("number", (5,), TypeError, "must be regular expressions, and 5 is none"),
            ("bytes", (re.compile(b"a"),), TypeError, r"and re.compile\(b'a'\) is none"),
            ("wrong", ("a(",), ValueError, r"and 'a\(' is none: missing \)"),
            ("empty", (r"\d*",), ValueError, "matches where there is nothing"),
        ]
    )
    def test_no_pattern(self, _, volatile, error, text):
        def body(case, cache):
            cache.get(1)
            with case.assertRaisesRegex(error, text):
                case.assertCacheSnapshot(volatile=volatile)

        self.assertEqual(self.outcome(body), "")
        self.assertEqual(self.files(), {})


class FileTests(SnapshotShop):
    @parameterized.expand([("bytes", b"\xff"), ("folder", None)])
    def test_not_readable(self, _, content):
        path = self.folder / "snapshots" / f"{NAME}.txt"
        path.parent.mkdir()
        path.mkdir() if content is None else path.write_bytes(content)
        self.assertRegex(self.outcome(look_up), rf"{NAME}\.txt can't be read: .*; delete it")

    def test_not_writable(self):
        """What can't be written is an error, and nothing is left beside it."""
        (self.folder / "snapshots" / f"{NAME}.txt").mkdir(parents=True)
        with mock.patch("cachetest._assertions.snapshot_files.read", return_value=None):
            self.assertRegex(self.outcome(look_up), rf"{NAME}\.txt can't be written: ")
        self.assertEqual([each.name for each in self.folder.glob("snapshots/*")], [f"{NAME}.txt"])

    def test_interrupted(self):
        """An interrupt leaves the old one, and nothing beside it."""
        self.outcome(look_up)
        with mock.patch("os.replace", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            self.outcome(look_up_other, "update")
        self.assertEqual(self.files(), {f"{NAME}.txt": TEXT})

    def test_other_line_ends(self):
        """A file with the line ends of another system is the same."""
        self.write(f"snapshots/{NAME}.txt").write_bytes(TEXT.replace("\n", "\r\n").encode())
        self.assertEqual(self.outcome(look_up), "")

    def test_mode_of_the_file(self):
        """It is readable as any file that is written."""
        self.outcome(look_up)
        expected = self.write("other.txt").stat().st_mode
        self.assertEqual((self.folder / "snapshots" / f"{NAME}.txt").stat().st_mode, expected)

    def test_no_umask_known(self):
        """Also where nobody says what files are allowed."""
        with mock.patch("cachetest._assertions.snapshot_files.open", side_effect=_no_status, create=True):
            self.outcome(look_up)
        self.assertEqual((self.folder / "snapshots" / f"{NAME}.txt").stat().st_mode & 0o777, 0o644)


def _no_status(name, *arguments, **options):
    if str(name).startswith("/proc"):
        raise FileNotFoundError(name)
    return open(name, *arguments, **options)


if __name__ == "__main__":
    unittest.main()
