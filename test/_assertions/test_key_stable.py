"""Keys that are others in another process are told by their parts, and nothing passes that tested nothing."""

import functools
import os
import re
import tempfile
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest._assertions import key_processes

from ..support import EXHAUSTIVE, expand, takes_a_while, takes_long
from . import key_functions


class StableCase(CacheTestCase):
    patch_caches = ()

    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)


class StableTests(StableCase):
    def test_stable(self):
        """It passes, nothing of it is counted here, and nothing is left."""
        before = os.environ.copy()
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(tempfile, "tempdir", folder):
            self.assertIsNone(self.assertCacheKeyStable("prices", key_functions.steady))
            left = os.listdir(folder)
        self.assertEqual([each for each in left if each.startswith("cachetest-keys-")], [])
        self.assertCacheUnused("prices")
        self.assertEqual(os.environ, before)

    @parameterized.expand(
        [
            ("a coroutine function", key_functions.awaited),
            ("a string", "test._assertions.key_functions:awaited"),
            ("a static method", key_functions.Pages.page),
        ]
    )
    @takes_a_while
    def test_functions(self, _, function):
        self.assertCacheKeyStable("prices", function, runs=2)

    def test_each_part(self):
        """Each part that moves is named, with what it looks like and what it changes with."""
        with self.fails(
            r"(?s)^cache 'prices': all_at_once\(\) looks up other keys in another process\n"
            r"  \"price:.*:en\" in run 1, \"price:.*:en\" in run 2, \"price:.*:en\" in run 3, "
            r"at \S*key_functions\.py:\d+ in all_at_once\n"
            r"    part 2 looks like what hash\(\) returns; it changes with the seed of hash\(\)\n"
            r"    part 3 looks like an address; it changes from process to process, whatever they have in "
            r"common\n    part 4 looks like the order of a set; it changes with the seed of hash\(\)\n"
            r"    part 5 looks like a path in the working directory; it changes with the working directory\n"
            r"    part 6 looks like a time zone; it changes with the time zone : told$"
        ):
            self.assertCacheKeyStable("prices", key_functions.all_at_once, msg="told")

    @takes_a_while
    def test_own_path(self):
        """A path that is made from ``__file__`` is the same in all processes of one machine alone."""
        folder = re.escape(os.path.dirname(os.path.dirname(key_functions.__file__)))
        with self.fails(
            r"^cache 'prices': own_path\(\) looks up a key that is another on another machine\n"
            r"  'price:\S+prices\.txt:en', at \S*key_functions\.py:\d+ in own_path\n"
            rf"    part 2 looks like an absolute path: '{folder}' is where the module '\S+' is on this "
            "machine$"
        ):
            self.assertCacheKeyStable("prices", key_functions.own_path, runs=2)

    def with_seeds_alone(self):
        """Have one process more, and not one for each possible cause, where the cause is that seed."""
        seed = {"seed": key_processes.FACTORS["seed"]}
        return mock.patch.object(key_processes, "FACTORS", key_processes.FACTORS if EXHAUSTIVE else seed)

    @takes_long
    def test_several_parts_of_one_set(self):
        """Elements of a set that are parts by themselves are told together."""
        with (
            self.with_seeds_alone(),
            self.fails(
                r"\n    part \d(?:, part \d)+ look like the order of a set; they change with the seed of hash"
            ),
        ):
            self.assertCacheKeyStable("prices", key_functions.joined_set)

    @takes_a_while
    def test_digest(self):
        """Of a hash nothing can be seen, and what it changes with is told all the same."""
        with (
            self.with_seeds_alone(),
            self.fails(r"part 1 looks like a hash.*; it changes with the seed of hash\(\)$"),
        ):
            self.assertCacheKeyStable("prices", key_functions.digest, runs=2)

    @takes_long
    def test_lookups(self):
        """As many lookups in each."""
        with (
            self.with_seeds_alone(),
            self.fails(r"\n  nothing more in run 1, 'lamp' in run 2, at \S+ in as_many_as_seeds$"),
        ):
            self.assertCacheKeyStable("prices", key_functions.as_many_as_seeds, runs=2)

    @takes_long
    def test_types(self):
        """Keys of two types that read the same are others."""
        with (
            self.with_seeds_alone(),
            self.fails(r"\n  7 \(int\) in run 1, '7' \(str\) in run 2, at \S+ in of_two_types$"),
        ):
            self.assertCacheKeyStable("prices", key_functions.of_two_types, runs=2)


class NothingTestedTests(StableCase):
    @expand(
        [
            (
                key_functions.nothing,
                r"nothing\(\) looks nothing up in it in a fresh process, so nothing was tested$",
            ),
            (key_functions.other_cache, r"nothing was tested\n  it has used 'users'$"),
            (
                key_functions.broken,
                r"(?s)^cache 'prices': broken\(\) in a fresh process, run 1, raised LookupError: no such "
                r"price\n  the end of its output:\n    Trace.*\n      File \S*key_functions.py\".* in broken",
            ),
            (
                key_functions.dead,
                r"run 1, ended by SIGKILL before it had told its keys\n"
                r"  the end of its output:\n    about to be killed",
            ),
            (key_functions.left, r"run 1, ended with exit status 3 before it had told its keys$"),
            (
                key_functions.reads_a_file,
                r"run 2, in the working directory 'another' of its own, raised FileNotFoundError: ",
            ),
        ],
        quick=1,
    )
    def test_failed(self, function, pattern):
        with self.fails(pattern):
            self.assertCacheKeyStable("prices", function, runs=2)

    def test_without_end(self):
        """A process that takes too long is ended, and what it has started."""
        started = []

        def end(process, real=key_processes._end):
            started.append(process)
            real(process)

        with mock.patch.object(key_processes, "_end", end):
            with self.fails(r"run 1, had not told its keys after 0\.05 s, and was ended"):
                self.assertCacheKeyStable("prices", key_functions.forever, timeout=0.05)
        self.assertEqual({each.poll() for each in started}, {-9})

    def test_interrupted(self):
        """Ctrl-C leaves no process."""
        started = []

        def wait(self, started_one, until):
            started.append(started_one.process)
            raise KeyboardInterrupt

        with mock.patch.object(key_processes.Processes, "_wait", wait), self.assertRaises(KeyboardInterrupt):
            self.assertCacheKeyStable("prices", key_functions.forever, runs=2)
        self.assertEqual([each.poll() for each in started], [-9])

    @takes_a_while
    def test_at_import(self):
        """What a module does with a cache as it is imported is no lookup of the function."""
        self.assertCacheKeyStable("prices", "test._assertions.key_import:price", runs=2)
        with self.fails("looks nothing up in it in a fresh process"):
            self.assertCacheKeyStable("prices", "test._assertions.key_import:nothing", runs=2)


class ErrorTests(StableCase):
    @parameterized.expand(
        [
            (
                "lambda",
                lambda: 1,
                TypeError,
                r"can't import ErrorTests\.<lambda>: it has to be one of a module",
            ),
            ("partial", functools.partial(print), TypeError, r"can't import functools\.partial\("),
            ("method", key_functions.Pages().method, TypeError, r"'\S*:Pages\.method' is another object"),
            (
                "number",
                3,
                TypeError,
                "function must be a function, or a string like 'shop.cache:price', not 3",
            ),
            ("text", "shop.price", ValueError, "expected a string like 'package.module:function'"),
            ("no module", "no_such_shop:price", TypeError, "'no_such_shop:price' is not there: No module"),
            ("no name", "os:no_such", TypeError, "'os:no_such' is not there"),
            ("a class", "os:sep.join.no", TypeError, "is not there"),
            ("no function", "os:sep", TypeError, "'os:sep' is no function, but '/'"),
        ]
    )
    def test_function(self, _, function, error, text):
        MockBackend("prices")
        with self.assertRaisesRegex(error, text):
            self.assertCacheKeyStable("prices", function)

    @parameterized.expand(
        [
            ({"runs": 1}, ValueError, "runs: expected from 2 to 20, not 1"),
            ({"runs": True}, TypeError, "runs: expected a number of processes, not True"),
            ({"runs": 2.5}, TypeError, "runs: expected a number"),
            ({"timeout": 0}, ValueError, "timeout: expected more than 0 seconds"),
            ({"timeout": "1"}, TypeError, "timeout: expected a number of seconds, not '1'"),
        ]
    )
    def test_options(self, options, error, text):
        with self.assertRaisesRegex(error, text):
            self.assertCacheKeyStable("prices", key_functions.steady, **options)

    def test_local(self):
        def local():
            pass

        with self.assertRaisesRegex(TypeError, r"can't import .*<locals>\.local"):
            self.assertCacheKeyStable("prices", local)

    def test_the_working_directory_is_gone(self):
        with mock.patch("os.getcwd", side_effect=FileNotFoundError):
            first, second = key_processes.settings_of(2, tempfile.gettempdir())
        self.assertEqual(first.folder, tempfile.gettempdir())
        self.addCleanup(os.rmdir, second.folder)

    def test_no_time_zones(self):
        """Where the system has no names of zones, they are written out; none is that of the test."""
        with mock.patch("os.path.exists", lambda _: False), mock.patch.dict(os.environ, TZ="IST-05:30"):
            with tempfile.TemporaryDirectory() as folder:
                zones = [each.zone for each in key_processes.settings_of(4, folder)]
        self.assertEqual(zones, ["IST-05:30", "NST03:30", "CHAST-12:45", "NST03:30"])


class OutsideTests(unittest.TestCase):
    def test_signal_without_a_name(self):
        self.assertEqual(key_processes._status(-250), "by signal 250")

    def test_no_scope_left(self):
        with PatchCaches():
            pass
        key_processes._end(mock.Mock(returncode=0))


if __name__ == "__main__":
    unittest.main()
