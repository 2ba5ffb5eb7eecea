"""A Python that a test starts joins it, and one that does not is named; other programs are left alone."""

import asyncio
import os
import subprocess
import sys
import tempfile
import unittest
from contextlib import suppress
from pathlib import Path

from parameterized import parameterized

import cachetest
from cachetest import LateOperationWarning, PatchCaches, join
from cachetest._sharing import children
from cachetest._sharing.joined import JOIN

from ..support import ROOT, expand, run_python
from .children_support import SECONDS, counted_in, failure_of, needs_fork, use_mock

USE = "from cachetest import MockBackend; MockBackend('prices').put('lamp', 4)"
WITH_ROOT = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {USE}"


def run(args, **options):
    """Run a program without its output, and return how it ended."""
    done = subprocess.run(
        args,
        check=False,
        timeout=SECONDS,
        capture_output=True,
        text=True,
        **options,
    )
    return done.returncode, done.stderr


def run_by_asyncio():
    async def start():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WITH_ROOT, stderr=asyncio.subprocess.PIPE, env={}
        )
        _, errors = await asyncio.wait_for(process.communicate(), SECONDS)
        return process.returncode, errors.decode()

    return asyncio.run(start())


def run_by_posix_spawn():
    with tempfile.TemporaryFile() as file:
        to_file = (os.POSIX_SPAWN_DUP2, file.fileno(), 2)
        process = os.posix_spawn(
            sys.executable, [sys.executable, "-c", WITH_ROOT], {}, file_actions=[to_file]
        )
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        file.seek(0)
        return status, file.read().decode()


def run_by_fork_and_exec(*env):
    with tempfile.TemporaryFile() as file:
        if (child := os.fork()) == 0:
            try:
                os.dup2(file.fileno(), 2)
                execute = os.execve if env else os.execv
                execute(sys.executable, [sys.executable, "-c", WITH_ROOT], *env)
            finally:
                os._exit(9)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        file.seek(0)
        return status, file.read().decode()


def run_by_system():
    with tempfile.NamedTemporaryFile("r") as file:
        status = os.system(f'"{sys.executable}" -c "{WITH_ROOT}" 2> {file.name}; exit 7')
        return os.waitstatus_to_exitcode(status) - 7, file.read()


def run_forked_until(execute):
    if (child := os.fork()) == 0:
        try:
            execute()
        finally:
            os._exit(9)
    os.waitpid(child, 0)


class JoinTests(unittest.TestCase):
    @expand(
        [
            ("no_environment", lambda: run([sys.executable, "-c", WITH_ROOT])),
            ("empty_environment", lambda: run([sys.executable, "-c", WITH_ROOT], env={})),
            (
                "bytes",
                lambda: run([sys.executable.encode(), b"-c", WITH_ROOT.encode()], env={b"A": b"1"}),
            ),
            ("shell", lambda: run(f'"{sys.executable}" -c "{WITH_ROOT}"; exit 1', shell=True)),
            ("sh", lambda: run(["sh", "-c", f'"{sys.executable}" -c "{WITH_ROOT}"'])),
            ("env", lambda: run(["env", "A=1", sys.executable, "-c", WITH_ROOT])),
            ("executable", lambda: run(["shop", "-c", WITH_ROOT], executable=sys.executable)),
            (
                "python_of_python",
                lambda: run(
                    [
                        sys.executable,
                        "-c",
                        "import subprocess, sys\n"
                        f"sys.exit(subprocess.call([sys.executable, '-c', {WITH_ROOT!r}], env={{}}))",
                    ]
                ),
            ),
            ("asyncio", run_by_asyncio),
            *([("posix_spawn", run_by_posix_spawn)] if hasattr(os, "posix_spawn") else []),
            *([("fork_and_exec", run_by_fork_and_exec)] if hasattr(os, "fork") else []),
            *([("fork_and_execve", lambda: run_by_fork_and_exec({}))] if hasattr(os, "fork") else []),
            *([("system", run_by_system)] if os.name == "posix" else []),
        ],
        quick=5,
    )
    def test_counted(self, how, start):
        """However it is started, a Python asks, and what it does is counted."""
        (code, told), counts, (put,) = counted_in(lambda _: start())
        # What a shell says in the end is its own.
        self.assertEqual((code, told), (1 if how == "shell" else 0, ""))
        self.assertEqual((counts, put.key, put.where.filename), ((1, 0, 0), "lamp", "<string>"))
        self.assertNotEqual(put.process, os.getpid())

    def test_innocent(self):
        """A Python that uses no cache loads none of the libraries, nor much of this package."""

        def body(_):
            done = subprocess.run(
                [sys.executable, "-c", "import sys; print(*sorted(sys.modules))"],
                capture_output=True,
                text=True,
                check=True,
                timeout=SECONDS,
            )
            return {name for name in done.stdout.split() if name.startswith("cachetest.")}

        loaded, failure = failure_of(body)
        self.assertEqual(failure, "")
        self.assertIn("cachetest._sharing.joined", loaded)
        self.assertLess(len(loaded), 10, loaded)

    def test_environment_of_this_process(self):
        """It has not changed while a child runs; a child has one variable more, and its own sitecustomize."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "sitecustomize.py").write_text("import sys; sys.mine = 1\n", encoding="utf-8")

            def body(_):
                found = dict(os.environ)
                script = (
                    "import os, sys\n"
                    "print(sys.mine, os.environ['PYTHONPATH'], 'CACHETEST_JOIN' in os.environ)"
                )
                done = subprocess.run(
                    [sys.executable, "-c", script],
                    env={"PYTHONPATH": folder},
                    capture_output=True,
                    text=True,
                    check=True,
                    timeout=SECONDS,
                )
                self.assertEqual(os.environ, found)
                return done.stdout, done.stderr

            self.assertEqual(failure_of(body), ((f"1 {folder} True\n", ""), ""))

    def test_hooks_are_gone(self):
        """After the block all is as it was."""
        start = subprocess.Popen.__init__
        with PatchCaches():
            self.assertIsNot(subprocess.Popen.__init__, start)
        self.assertIs(subprocess.Popen.__init__, start)


class UnknownTests(unittest.TestCase):
    def test_python_that_does_not_join(self):
        """A Python of which nothing is known is named, with its command and what to do."""
        _, failure = failure_of(lambda _: run([sys.executable, "-S", "-c", "pass"]))
        self.assertRegex(
            failure,
            r"child process \d+, started at .*test_subprocesses.py:\d+ in run, is a Python that did not join "
            r"this test \(.* -S -c pass\): whether it has used a cache, or a real store, can't be told. "
            r"Install cachetest where it runs, or call cachetest.join\(\) in it",
        )

    @parameterized.expand(
        [
            ("system", lambda *command: os.system(" ".join(command))),
            ("popen", lambda *command: os.popen(" ".join(command)).close()),
            ("spawnv", lambda *command: os.spawnv(os.P_WAIT, command[0], command)),
            ("posix_spawn", lambda *command: os.waitpid(os.posix_spawn(command[0], command, {}), 0)),
            ("exec", lambda *command: run_forked_until(lambda: os.execv(command[0], command))),
            ("execve", lambda *command: run_forked_until(lambda: os.execve(command[0], command, {}))),
        ]
    )
    @unittest.skipUnless(os.name == "posix", "needs POSIX")
    def test_told_by_the_parent(self, _, start):
        """It is, however it was started."""
        _, failure = failure_of(lambda _: start(sys.executable, "-S", "-c", "pass"))
        self.assertRegex(
            failure, r"child process (\d+|of a shell), .* is a Python that did not join this test"
        )

    @needs_fork
    def test_exec_that_fails(self):
        """A child that could not become a Python goes on, and has joined."""

        def body(_):
            def execute():
                with suppress(OSError):
                    os.execv("/no/such/python", ["python"])
                use_mock()

            run_forked_until(execute)

        self.assertEqual(counted_in(body)[1], (1, 0, 0))

    @unittest.skipUnless(os.path.exists("/proc/self/cmdline"), "needs Linux")
    def test_system_of_a_shell(self):
        """What `os.system` returns is as ever; what a child is told is in no command, nor in a file later."""
        with PatchCaches():
            self.assertEqual(os.waitstatus_to_exitcode(os.system("exit 3")), 3)
            self.assertEqual(os.system(b"true"), 0)
            self.assertEqual(os.system('test -n "$CACHETEST_JOIN"'), 0)
            with tempfile.NamedTemporaryFile("r") as file:
                self.assertEqual(os.system(f"cat /proc/$$/cmdline > {file.name}"), 0)
                told = file.read()
            self.assertIn("cat /proc", told)
            keys = {each.parent.key for each in children.state.by_serial.values()}
            self.assertNotIn("", keys)
            self.assertEqual([key for key in keys if key in told], [])
            folder = children.state.ledger.folder
            self.assertEqual(set(os.listdir(folder)), {"ledger", "socket"})
        self.assertNotIn(JOIN, os.environ)

    def test_join(self):
        """It may join by a call."""
        folder = os.fspath(Path(cachetest.__file__).parents[1])
        script = f"import sys; sys.path.insert(0, {folder!r}); import cachetest; cachetest.join()"
        self.assertEqual(failure_of(lambda _: run([sys.executable, "-S", "-c", script]))[1], "")

    def test_join_without_a_test(self):
        """Where no test has started the process, the call does nothing."""
        self.assertNotIn(JOIN, os.environ)
        self.assertIsNone(join())

    def test_variable_of_somebody_else(self):
        """A variable that is not ours is an error that shows it."""
        done = run_python("-c", "import cachetest; cachetest.join()", CACHETEST_JOIN="yes")
        self.assertIn(
            "ValueError: the environment variable CACHETEST_JOIN was not set by cachetest: 'yes'", done.stderr
        )

    @parameterized.expand(
        [
            ("program", ["true"], {}),
            ("shell", "true; echo python", {"shell": True}),
            ("version", [sys.executable, "--version"], {}),
            ("not_there", ["no-such-program-python"], {}),
        ]
    )
    def test_other_programs(self, _, args, options):
        """A program that is no Python, or runs nothing, is not named."""

        def body(_):
            try:
                run(args, **options)
            except FileNotFoundError:
                return

        self.assertEqual(failure_of(body)[1], "")

    def test_python_that_still_starts(self):
        """One that has just been started when the test ends is waited for, and named."""
        started = []

        def body(_):
            started.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

        try:
            with self.assertWarnsRegex(LateOperationWarning, r"late: child process \d+, .* still runs 0.5 s"):
                with PatchCaches(patience=0.5):
                    body(None)
        finally:
            for each in started:
                each.communicate(timeout=SECONDS)


if __name__ == "__main__":
    unittest.main()
