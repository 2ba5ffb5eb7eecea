"""How each way to start a process is told of the test, called as a program calls it, with nothing started."""

import os
import subprocess
import sys
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import PatchCaches
from cachetest._sharing import joined, telling_children
from cachetest._sharing.jobs import JoiningJob, JoiningName
from cachetest._sharing.joined import JOIN, Parent
from cachetest._sharing.telling_children import (
    add_token,
    wrap_exec,
    wrap_pool,
    wrap_posix_spawn,
    wrap_rank_test,
    wrap_submit,
    wrap_system,
)

PARENT = Parent(1, "a test", "", 1, "started at shop.py:9")
OTHER = "/bin/true"


class OutsideTests(unittest.TestCase):
    """Where no test is, each way is as it is without us."""

    @parameterized.expand(
        [
            ("posix_spawn", wrap_posix_spawn, (sys.executable, ["python"], {"A": "1"})),
            ("system", wrap_system, ("exit 3",)),
            ("execv", wrap_exec, (sys.executable, ["python"])),
            ("execve", wrap_exec, (sys.executable, ["python"], {"A": "1"})),
        ]
    )
    def test_as_ever(self, _, wrap, given):
        real = mock.Mock(return_value=7)
        with mock.patch.dict(sys.modules, {"cachetest._sharing.children": None}):
            self.assertEqual(wrap(real)(*given), 7)
        self.assertEqual(real.mock_calls, [mock.call(*given)])

    def test_ranks(self):
        class Ranks:
            def id(self):
                return "test_a"

        with mock.patch.dict(sys.modules, {"cachetest._sharing.children": None}):
            self.assertEqual(wrap_rank_test(lambda case: type(case.id()))(Ranks()), str)


class TellingTests(unittest.TestCase):
    def begin(self):
        joined.begin_job(PARENT)
        self.addCleanup(joined.end_job)

    @parameterized.expand([("python", sys.executable), ("another", OTHER)])
    def test_exec(self, _, path):
        """What a child becomes has what it was told itself, with whatever else it is given."""
        self.begin()
        real = mock.Mock()
        given = {"A": "1"}
        wrap_exec(real)(path, [path], given)
        ((_, _, env),) = [each.args for each in real.mock_calls]
        self.assertEqual((env[JOIN], env["A"], given), (PARENT.as_text(), "1", {"A": "1"}))
        wrap_exec(real)(path, [path])
        self.assertEqual(real.mock_calls[1], mock.call(path, [path]))

    def test_exec_that_fails(self):
        self.begin()
        with mock.patch.object(telling_children, "report") as report, self.assertRaises(OSError):
            wrap_exec(mock.Mock(side_effect=OSError))(sys.executable, ["python"])
        self.assertEqual([each.args[1] for each in report.mock_calls], ["became", "joined"])

    def test_spawned_by_popen(self):
        """What Popen has told is not told again."""
        real = mock.Mock()
        env = {JOIN: Parent(os.getpid(), "a test", "", 1, "started").as_text()}
        wrap_posix_spawn(real)(sys.executable, ["python"], env)
        self.assertEqual(real.mock_calls, [mock.call(sys.executable, ["python"], env)])

    @parameterized.expand([("text", "PYTHONPATH"), ("bytes", b"PYTHONPATH")])
    def test_path(self, _, name):
        """A Python that would not join by itself has a folder of ours before those that it has."""
        with mock.patch.object(telling_children, "_has_pth", return_value=False):
            env = {name: "lib" if isinstance(name, str) else b"lib", JOIN.encode(): b"of another"}
            add_token(env, PARENT, None)
        site = os.path.join(os.path.dirname(telling_children.__file__), "site")
        self.assertEqual(env, {JOIN: PARENT.as_text(), "PYTHONPATH": f"{site}{os.pathsep}lib"})

    def test_joins_by_itself(self):
        """One in which the package is installed joins by that, and its path stays."""
        env = {"PYTHONPATH": "lib"}
        with mock.patch.object(telling_children, "_has_pth", return_value=True):
            add_token(env, PARENT, None)
        self.assertEqual(env, {JOIN: PARENT.as_text(), "PYTHONPATH": "lib"})

    def test_positional_environment(self):
        """The environment may be given to Popen by its place."""
        code = f"import os, sys; sys.exit(7 if os.environ.get({JOIN!r}) and os.environ['A'] == '1' else 3)"
        with PatchCaches():
            args = (-1, None, None, None, None, None, True, False, None, {**os.environ, "A": "1"})
            with subprocess.Popen([sys.executable, "-c", code], *args) as process:
                self.assertEqual(process.wait(60), 7)


class JobTests(unittest.TestCase):
    @parameterized.expand([("submit", wrap_submit), ("pool", wrap_pool)])
    def test_what_is_no_function(self, _, wrap):
        """What can't be called, or is a job already, is handed on."""
        import multiprocessing.pool  # noqa: F401

        given = []
        joining = wrap(lambda pool, function: given.append(function))
        job = JoiningJob(print, PARENT)
        with PatchCaches():
            for each in ("no function", job):
                joining(None, each)
        self.assertEqual(given, ["no function", job])

    def test_ranks(self):
        """While ranks are given a test, its name is one by which they join; afterwards it is as ever."""

        class Ranks:
            def id(self):
                return "test_a"

        ranks, seen = Ranks(), []

        def set_up(case):
            seen.append(case.id())
            return 7

        with PatchCaches():
            self.assertEqual(wrap_rank_test(set_up)(ranks), 7)
        self.assertEqual((seen, type(seen[0])), (["test_a"], JoiningName))
        self.assertNotIn("id", vars(ranks))


if __name__ == "__main__":
    unittest.main()
