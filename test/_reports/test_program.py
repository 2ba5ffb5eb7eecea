"""``python -m cachetest run``: any program, as Python runs it, with its caches counted."""

import json
import os
import tempfile
import unittest
from pathlib import Path

from ..support import expand, needs, needs_compiler, needs_torch, run_python, takes_a_while

# What it prints depends on how it was started.
PROGRAM = """\
import os, pickle, sys

class Made:
    pass

print(sorted(vars()), __file__, __spec__ and __spec__.name, __package__, type(__loader__))
print(sys.argv, sys.path[0])
print(pickle.dumps(Made()), sys.modules["__main__"].Made is Made, __name__, __doc__)
if "fail" in sys.argv:
    raise ValueError("no")
if "interrupt" in sys.argv:
    raise KeyboardInterrupt
if "leave" in sys.argv:
    sys.exit("bye")
if "code" in sys.argv:
    sys.exit(3)
if "hook" in sys.argv:
    sys.excepthook = lambda *found: print("hook", found[1], file=sys.stderr)
    raise ValueError("no")
"""

SHOP = """\
import atexit, os, subprocess, sys, threading
from cachetest import MockBackend

prices = MockBackend("prices")
prices.get("lamp")
prices.put("lamp", 4)
CHILD = "from cachetest import MockBackend; assert MockBackend('prices').get('lamp') == 4"
subprocess.run([sys.executable, "-c", CHILD], check=True)
atexit.register(lambda: prices.get("at exit"))

def later():
    threading.main_thread().join()
    prices.get("later")

threading.Thread(target=later).start()
os.chdir("below")
if os.fork() == 0:
    prices.get("forked")
    # It does at exit what its parent does, but for the report.
    sys.exit(0)
os.wait()
raise ValueError("no")
"""

TRAINING = """\
import multiprocessing

import torch

def turned(table):
    return table.t()

torch.compile(turned)(torch.ones(2, 3))
"""


class ProgramTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        (self.folder / "below").mkdir()

    def write(self, source, name="shop.py"):
        """Have a program *name*."""
        (self.folder / "below" / name).write_text(source)

    def call(self, *arguments, **environment):
        """Return what a run has done."""
        return run_python("-m", "cachetest", "run", *arguments, cwd=self.folder, **environment)

    def only_test(self, name):
        """Return the one record of the report *name*."""
        (found,) = json.loads((self.folder / name).read_text())["tests"]
        return found

    @expand(
        [
            ("script", ["below/shop.py", "--report", "x.txt", "-m"]),
            ("module", ["-m", "below.shop", "--report", "x.txt", "-m"]),
            ("fails", ["below/shop.py", "fail"]),
            ("module_fails", ["-m", "below.shop", "fail"]),
            ("interrupted", ["below/shop.py", "interrupt"]),
            ("leaves", ["below/shop.py", "leave"]),
            ("code", ["below/shop.py", "code"]),
            ("hook", ["below/shop.py", "hook"]),
            ("no_module", ["-m", "below.nix"]),
        ],
        quick=3,
    )
    def test_as_python(self, _, arguments):
        """Its main module, what it prints and how it ends are as without cachetest."""
        self.write('"""A shop."""\n' + PROGRAM)
        done, plain = self.call(*arguments), run_python(*arguments, cwd=self.folder)
        self.assertEqual(done.returncode, plain.returncode)
        self.assertEqual(done.stdout, plain.stdout)
        told = [line for line in done.stderr.splitlines() if not line.startswith("cachetest: ")]
        self.assertEqual(told, plain.stderr.splitlines())

    def test_syntax_error(self):
        """What is no Python is told as Python tells it."""
        self.write("x = = 1\n")
        done, plain = self.call("below/shop.py"), run_python("below/shop.py", cwd=self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.startswith(plain.stderr), done.stderr)

    @unittest.skipUnless(hasattr(os, "fork"), "needs os.fork")
    def test_report(self):
        """All is counted: threads, children, and what is done at exit; also where it fails."""
        self.write(SHOP)
        done = self.call("--report", "a.json", "--report=a.txt", "below/shop.py")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ValueError: no\ncachetest: shop.py used 1 cache\n", done.stderr)
        self.assertIn("  prices: puts: 1, hits: 1, misses: 5", done.stderr)
        self.assertEqual(done.stderr.count("cachetest: report in a.json\n"), 1)
        self.assertNotIn("late", done.stderr)
        found = self.only_test("a.json")
        self.assertEqual((found["label"], found["outcome"]), ("shop.py", "raised ValueError"))
        self.assertTrue((self.folder / "a.txt").exists())

    def test_nothing(self):
        """A program without caches has a report that says so."""
        self.write("import sys\nsys.exit(True)\n")
        done = self.call("--report", "a.json", "-m", "below.shop")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cachetest: -m below.shop used no cache that is counted\n", done.stderr)
        self.assertEqual(self.only_test("a.json")["outcome"], "exit code 1")

    @needs("redis", "'cachetest[redis]'")
    @needs("fakeredis", "'cachetest[redis]'")
    @takes_a_while
    def test_adapter(self):
        """What is named is counted when it has been imported; without, it is told that it is not."""
        self.write(
            "import redis\ntry:\n    redis.Redis(port=1).get('k')\nexcept OSError:\n    print('real')\n"
        )
        done = self.call("--adapter", "redis", "below/shop.py")
        self.assertIn("  redis: puts: 0, hits: 0, misses: 1", done.stderr)
        self.assertNotIn("--adapter", done.stderr)
        self.write("import redis")
        self.assertIn(
            "cachetest: redis is not counted without --adapter redis\n", self.call("below/shop.py").stderr
        )

    @expand(
        [
            ("none", [], "name a script"),
            ("missing", ["nix.py"], "'nix.py' can't be read: No such file"),
            ("report", ["--report", "a.xml", "below/shop.py"], "a report ends in .txt, .json, .html"),
            ("adapter", ["--adapter", "redsi", "below/shop.py"], "known, the closest first: redis"),
            ("unnamed", ["--adapter", "functools", "below/shop.py"], "has to be told which caches"),
            ("switch", ["--enable", "fx_graph", "below/shop.py"], "the closest first: fx_graph_cache"),
            (
                "other",
                ["--adapter", "django", "--enable", "fx_graph_cache", "x"],
                "is of the adapter 'inductor'",
            ),
        ],
        quick=2,
    )
    def test_wrong(self, _, arguments, told):
        """What can't be done is told before anything is run."""
        self.write("print('ran')")
        done = self.call(*arguments)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn(told, done.stderr)

    @needs_torch
    @needs_compiler
    def test_keys_of_torch(self):
        """Torch makes the keys that it makes without cachetest."""
        self.write(TRAINING)
        run = ("-m", "cachetest", "run")
        keys = {}
        for name, arguments in (
            ("plain", ()),
            ("counted", (*run, "--report", "counted.json")),
            # A switch that is on is part of the keys of old releases.
            ("remote", (*run, "--enable", "fx_graph_remote_cache", "--report", "a.json")),
        ):
            done = run_python(
                *arguments, "below/shop.py", cwd=self.folder, TORCHINDUCTOR_CACHE_DIR=str(self.folder / name)
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            keys[name] = [path.name for path in sorted((self.folder / name / "fxgraph").glob("*/*"))]
        # What is counted is not on the disk.
        self.assertEqual((len(keys["plain"]), keys["counted"], keys["remote"]), (1, [], []))
        counted = self.only_test("counted.json")["caches"]["fx_graph_local"]["keys"]
        self.assertEqual([each["text"].strip("'") for each in counted], keys["plain"])
        local, remote = (
            self.only_test("a.json")["caches"][name]["keys"] for name in ("fx_graph_local", "fx_graph")
        )
        self.assertIn(local[0]["text"].strip("'"), remote[0]["text"])


if __name__ == "__main__":
    unittest.main()
