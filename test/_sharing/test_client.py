"""What can't be asked for is an error that says why, in the child, and nothing is counted for it."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest._sharing import client
from cachetest._sharing.links import AT_ONCE

from ..support import run_case, run_python
from .children_support import ANEW, SECONDS, counted_in, needs_fork, outcome_of, run_by, run_forked, use_mock

ORPHAN = """
import os, signal, sys, time
from cachetest import MockBackend, PatchCaches
with PatchCaches():
    prices = MockBackend("prices")
    if os.fork() == 0:
        signal.alarm({seconds})
        prices.put("lamp", 1)
        parent = os.getppid()
        os.kill(parent, signal.SIGKILL)
        while os.getppid() == parent: time.sleep(0.001)
        for key in "ab":
            try:
                prices.get(key)
            except Exception as error:
                print(type(error).__name__, error, flush=True)
        os._exit(0)
    signal.pause()
"""


class Unreadable:
    """Something that can be pickled, and not be read."""

    def __reduce__(self):
        return int, ("no number",)


class Text(str):
    """Text of a class of its own."""

    __slots__ = ()


class Bytes(bytes):
    """The same for bytes."""

    __slots__ = ()


# About as long as what is read at once, with what stands in front of it; and far longer.
_LONG = (AT_ONCE - 6, AT_ONCE - 5, AT_ONCE - 4, AT_ONCE, 3_000_000)


@needs_fork
class PickleTests(unittest.TestCase):
    def told(self, use):
        def body(_):
            MockBackend("prices").put("function", lambda: 1)
            told = run_forked(use)
            return told, run_forked(use_mock)

        (told, after), counts, _ = counted_in(body)
        self.assertEqual(after, "done", "the connection is good for what comes next")
        return told, counts

    def test_value(self):
        """A value that can't be pickled is named by its key, its type and its line."""
        told, counts = self.told(lambda: MockBackend("prices").put("lamp", lambda: 1))
        self.assertRegex(
            told,
            r"^ChildOperationError: a put of cache 'prices' can't be asked of process \d+: the value for key "
            r"'lamp', a builtins.function, can't be pickled \(.*\), at .*test_client.py:\d+ in <lambda>$",
        )
        self.assertEqual(counts, (2, 0, 0))

    def test_key(self):
        """So is a key."""
        told, counts = self.told(lambda: MockBackend("prices").get(lambda: 1))
        self.assertRegex(told, "a get of cache 'prices' .*: the key, a builtins.function, can't be pickled")
        self.assertEqual(counts, (2, 0, 0))

    @parameterized.expand(
        [
            ("none", None),
            *(
                (f"text {len(value)}", value)
                for value in ("", "lamp", "é", "\ud800", *("x" * n for n in _LONG))
            ),
            *((f"bytes {n}", b"x" * n) for n in (0, 1, *_LONG)),
            ("list", ["x" * 100_000, b"y" * 100_000]),
            ("kind of text", Text("lamp")),
            ("kind of bytes", Bytes(b"lamp")),
        ]
    )
    def test_what_comes_back(self, _, value):
        """What was put in the parent is found in the child, of its own class, however long it is."""

        def use():
            found = MockBackend("prices").get("lamp")
            return type(found) is type(value) and found == value

        def body(_):
            MockBackend("prices").put("lamp", value)
            return run_forked(use)

        same, counts, _ = counted_in(body)
        self.assertIs(same, True)
        self.assertEqual(counts, (1, 1, 0))

    def test_unreadable_value(self):
        """What can't be read in the parent is an error, and what is asked at that line next is not."""

        def use():
            prices = MockBackend("prices")
            told = [outcome_of(prices.put, "lamp", value) for value in (Unreadable(), 1, Unreadable(), 2)]
            return told, prices.get("lamp")

        (told, found), counts, _ = counted_in(lambda _: run_forked(use))
        self.assertRegex(told[0], "^ChildOperationError: what was asked for could not be read .* ValueError")
        self.assertEqual((told[1:], found), ([None, told[0], None], 2))
        self.assertEqual(counts, (2, 1, 0))

    def test_value_of_the_parent(self):
        """What is found in the parent and can't be pickled is an error as well."""
        told, _ = self.told(lambda: MockBackend("prices").get("function"))
        self.assertRegex(
            told,
            r"^ChildOperationError: what a get of cache 'prices' came to in process \d+, of key 'function', "
            "a builtins.function, can't be pickled",
        )

    def test_value_that_the_parent_cannot_read(self):
        """So is what the parent can't read: it is not there."""
        told, counts = self.told(lambda: MockBackend("prices").put("lamp", Unreadable()))
        self.assertRegex(
            told, r"^ChildOperationError: what was asked for could not be read in process \d+: ValueError"
        )
        self.assertEqual(counts, (2, 0, 0))

    def test_value_that_the_child_cannot_read(self):
        """And what the child can't read, which the parent has put."""

        def body(_):
            MockBackend("prices").put("lamp", Unreadable())
            return run_forked(MockBackend("prices").get, "lamp")

        self.assertRegex(
            counted_in(body)[0],
            r"^ChildOperationError: what a get of cache 'prices' came to in process \d+ can't be read in "
            r"child process \d+: ValueError: .*, at .*children_support.py:\d+ in outcome_of$",
        )

    def test_error_of_the_parent(self):
        """What a call raises there is raised in the child, with its own class."""
        self.assertIn("TypeError: unhashable", self.told(lambda: MockBackend("prices").put([], 1))[0])

    def test_values_of_any_length(self):
        """Values come whole, whatever their length."""

        def work():
            prices = MockBackend("prices")
            for length in (0, 1, 8_100, 8_192, 8_193, 70_000, 3_000_000):
                prices.put(length, b"x" * length)
                if prices.get(length) != b"x" * length:
                    return length
            return "all"

        self.assertEqual(self.told(work)[0], "all")


@needs_fork
class GoneTests(unittest.TestCase):
    def test_parent_that_was_killed(self):
        """A child whose parent is gone says so, once on standard error, and reaches no cache."""
        with tempfile.TemporaryDirectory() as folder:
            done = run_python("-c", ORPHAN.format(seconds=SECONDS), TMPDIR=folder)
            left = os.listdir(folder)
            self.assertEqual(done.returncode, -signal.SIGKILL)
            first, second = done.stdout.splitlines()
            for line in (first, second):
                self.assertRegex(
                    line,
                    r"^ChildOperationError process \d+, in which the block at .* was running, answers no "
                    r"more: what child process \d+, forked at .*, does reaches no cache, at <string>:\d+ in ",
                )
            self.assertEqual(done.stderr.count("answers no more"), 1)
            self.assertEqual(len(left), 1, "the folder of the parent that was killed")
            # The next one cleans up, and leaves alone what is not its own.
            Path(folder, "cachetest-keys-1").mkdir()
            Path(folder, f"cachetest-{os.getpid()}-alive").mkdir()
            done = run_python(
                "-c",
                "from test._sharing.children_support import *\n"
                "print(counted_in(lambda _: run_forked(use_mock))[1])",
                TMPDIR=folder,
            )
            self.assertEqual(done.stdout, "(1, 0, 0)\n", done.stderr)
            self.assertEqual(
                sorted(os.listdir(folder)), sorted(["cachetest-keys-1", f"cachetest-{os.getpid()}-alive"])
            )

    def test_test_that_was_over_long_ago(self):
        """A child of a test that nobody remembers reaches nothing either."""
        reading, writing = os.pipe()
        answers, answer = os.pipe()
        with self.assertWarns(Warning), PatchCaches(patience=0):
            child = os.fork()
            if child == 0:
                try:
                    signal.alarm(SECONDS)
                    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                    os.read(reading, 1)
                    client.is_asking().serial = 10**9
                    os.write(answer, outcome_of(use_mock).encode())
                finally:
                    os._exit(0)
        os.write(writing, b"x")
        os.waitpid(child, 0)
        told = os.read(answers, 10_000).decode()
        for each in (reading, writing, answers, answer):
            os.close(each)
        self.assertRegex(told, r"^ChildOperationError: the test of child process \d+ was over long ago")


class NoChildTests(unittest.TestCase):
    def test_no_child(self):
        """A process that is no child asks nobody."""
        self.assertIsNone(client.is_asking())
        with self.assertRaisesRegex(Exception, "'get' can't be asked for: this is no child of a test"):
            client.ask("get", "prices", "lamp")


class LineTests(unittest.TestCase):
    def test_log_outside(self):
        """The packages that the test does not take for callers are none in a child that starts anew."""

        class Inner(CacheTestCase):
            log_outside = (__name__,)

            def test(self):
                run_by(ANEW, use_through_layer)
                seen.extend(self.caches.prices.operations)

        seen = []
        result = run_case(Inner("test"))
        self.assertEqual((result.failures, result.errors), ([], []))
        self.assertEqual([each.where.function for each in seen], ["outcome_of"])

    def test_own_line_of_a_program(self):
        """A child that runs a program of its own is told by the line of that."""
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "shop.py")
            program.write_text(
                "from cachetest import MockBackend\n\n\n"
                "def buy():\n    MockBackend('prices').get('lamp')\n\n\nbuy()\n",
                encoding="utf-8",
            )
            _, counts, (miss,) = counted_in(
                lambda _: subprocess.run([sys.executable, program], check=True, timeout=SECONDS)
            )
        self.assertEqual(counts, (0, 0, 1))
        self.assertEqual(tuple(miss.where), (str(program), 5, "buy"))


def use_through_layer():
    """Use a cache, by a line of this module."""
    return use_mock_here()


def use_mock_here():
    MockBackend("prices").put("lamp", 4.0)
    return "done"


if __name__ == "__main__":
    unittest.main()
