import copy
import os
import pickle
import sys
import tempfile
import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import MockCache
from cachetest._recording.call_sites import (
    CallSite,
    Location,
    ProcessThread,
    calling_location,
    this_thread,
)

from ..support import in_module, run_python


class LocationTests(unittest.TestCase):
    def test_relative_below_here(self):
        """A file below the working directory is shown from there, so that it can be clicked on in CI."""
        where = Location(os.path.abspath(os.path.join("some", "file.py")), 12, "f")
        self.assertEqual(str(where), f"{os.path.join('some', 'file.py')}:12 in f")

    def test_absolute_elsewhere(self):
        """Any other file keeps its whole path."""
        self.assertEqual(str(Location("/elsewhere/file.py", 3, "f")), "/elsewhere/file.py:3 in f")

    def test_without_working_directory(self):
        """A working directory that is gone is no reason to fail."""
        with mock.patch("os.path.relpath", side_effect=OSError):
            self.assertEqual(str(Location("/elsewhere/file.py", 3, "f")), "/elsewhere/file.py:3 in f")

    def test_without_working_directory_for_real(self):
        """The same, in a process whose directory was removed."""
        with tempfile.TemporaryDirectory() as folder:
            done = run_python(
                "-c",
                "import os, sys\nos.chdir(sys.argv[1]); os.rmdir(sys.argv[1])\n"
                "from cachetest._recording.call_sites import Location\n"
                "print(Location('/elsewhere/file.py', 3, 'f')); os.mkdir(sys.argv[1])",
                folder,
            )
        self.assertEqual(done.stdout, "/elsewhere/file.py:3 in f\n", done.stderr)


class CallerTests(unittest.TestCase):
    def test_this_line(self):
        """Without a library in between it is the calling line."""
        where = calling_location()
        self.assertEqual((where.filename, where.function), (__file__, "test_this_line"))

    def test_past_library(self):
        """Lines of the library under test are passed over, its submodules included."""
        library = in_module("some_library.inner", "def get(look): return look()")
        where = library["get"](lambda: calling_location(frozenset({"some_library"})))
        self.assertEqual(where.filename, __file__)

    def test_past_generated_code(self):
        """Code that a library has generated has no module name, and is not the caller either."""
        names = {}
        exec(compile("def get(look): return look()", "<generated>", "exec"), names)
        del names["__builtins__"]
        self.assertEqual(names["get"](calling_location).filename, __file__)

    def test_module_without_a_usable_name(self):
        """A module name may be anything."""
        names = {"__name__": None}
        exec(compile("def get(look): return look()", "<generated>", "exec"), names)
        self.assertEqual(names["get"](calling_location).filename, __file__)

    def test_not_past_others(self):
        """A line of any other package is a caller like any other."""
        wrapper = in_module("some_wrapper", "def get(look):\n    return look(libraries)")
        wrapper["libraries"] = frozenset({"some_library"})
        where = wrapper["get"](calling_location)
        self.assertEqual((where.filename, where.lineno), ("/elsewhere/some_wrapper.py", 2))

    def test_nothing_outside(self):
        """A thread that runs nothing but a library is placed at the library's own line."""
        found = []
        library = in_module("some_library", "def work():\n    found.append(look(inside))")
        library.update(found=found, look=calling_location, inside=frozenset({"some_library"}))
        thread = threading.Thread(target=library["work"])
        thread.start()
        thread.join()
        self.assertEqual(found[0].lineno, 2)
        self.assertEqual(found[0].function, "work")


class CallSiteTests(unittest.TestCase):
    def test_this_line(self):
        """A frame outside is the site itself, at the line that it had reached."""
        frame = sys._getframe()
        line, site = frame.f_lineno, CallSite(frame)
        self.assertRegex(str(site), rf"test_call_sites.py:{line} in test_this_line$")

    def test_called_from(self):
        """One inside cachetest or the standard library was called from the site."""
        for module in ("cachetest.inner", "json.inner"):
            make = in_module(module, "def make(site, frame):\n    return site(frame())")["make"]
            self.assertRegex(str(make(CallSite, sys._getframe)), "test_call_sites.py:.* in test_called_from$")

    def test_written_when_it_is_asked_for(self):
        """The line is worked out as it is written, and is still that where the code has moved on since."""
        with mock.patch("cachetest._recording.call_sites.location_of", side_effect=AssertionError):
            site = CallSite(sys._getframe())
        line = str(site)
        self.assertEqual(str(site), line)


class ThisThreadTests(unittest.TestCase):
    def test_name(self):
        """A thread is known by the name that it had when it was first asked for."""
        names = []

        def work():
            names.append(this_thread.name)
            threading.current_thread().name = "renamed"
            names.append(this_thread.name)

        thread = threading.Thread(target=work, name="worker")
        thread.start()
        thread.join()
        self.assertEqual(names, ["worker", "worker"])
        self.assertNotEqual(this_thread.name, "worker")


class ProcessThreadTests(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, this_thread, "name", this_thread.name)

    def test_operation(self):
        """What is done for another process is logged with that process, its name and its thread."""
        cache = MockCache("c")
        cache.put(1, 1)
        this_thread.name = ProcessThread("worker", 4711, "ForkProcess-1")
        cache.get(1)
        log = cache.operations
        self.assertEqual(
            [(each.thread, each.process, each.process_name) for each in log],
            [("MainThread", os.getpid(), None), ("worker", 4711, "ForkProcess-1")],
        )
        self.assertIs(type(log[1].thread), str)
        snapshot = log.snapshot()
        self.assertEqual(snapshot.processes(), [os.getpid(), 4711])
        self.assertEqual(snapshot.process_names(), [None, "ForkProcess-1"])
        kept = pickle.loads(pickle.dumps(log)).snapshot()
        self.assertEqual(kept.process_names(), [None, "ForkProcess-1"])

    @parameterized.expand([("none", None), ("empty", ""), ("main", "MainProcess")])
    def test_without_a_name(self, _, name):
        """A process that nobody has named goes by its id."""
        self.assertEqual(ProcessThread("worker", 4711, name).process_name, "process 4711")

    @parameterized.expand(
        [
            ("copy", copy.copy),
            ("deepcopy", copy.deepcopy),
            ("pickle", lambda it: pickle.loads(pickle.dumps(it))),
        ]
    )
    def test_copied(self, _, copied):
        """A copy knows its process."""
        made = copied(ProcessThread("worker", 4711, "rank 0"))
        self.assertEqual((made, made.process, made.process_name), ("worker", 4711, "rank 0"))


if __name__ == "__main__":
    unittest.main()
