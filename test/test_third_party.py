import configparser
import os
import tempfile
import unittest
from pathlib import Path

from .support import ROOT, run_python

FOLDER = ROOT / "examples" / "third_party"

PROGRAM = """
import sys
import unittest
from cachetest import CacheTestCase
import smallcache

held = smallcache.Cache()

class SmallCacheTests(CacheTestCase):
    patch_caches = ("smallcache",)

    def test_by_name(self):
        held.get("a")
        held.set("a", None)
        held.get("a")
        self.assertCacheStats("smallcache", puts=1, hits=1, misses=1)
        self.assertCached("smallcache", "a")
        self.assertEqual(self.caches.smallcache.operations[0].where.filename, __file__)

class MistakenTests(CacheTestCase):
    patch_caches = ("smalcache",)

    def test_by_another_name(self):
        pass

unittest.main()
"""


def write_metadata(folder):
    """Write to *folder* the metadata that an installer would make of the distribution's setup.cfg."""
    config = configparser.ConfigParser()
    config.read(FOLDER / "setup.cfg")
    info = Path(folder, "smallcache_cachetest-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {config['metadata']['name']}\nVersion: 1.0\n"
    )
    groups = config["options.entry_points"].items()
    (info / "entry_points.txt").write_text("".join(f"[{group}]{lines}\n" for group, lines in groups))


class ThirdPartyTests(unittest.TestCase):
    def run_program(self, test):
        with tempfile.TemporaryDirectory() as folder:
            write_metadata(folder)
            program = Path(folder, "program.py")
            program.write_text(PROGRAM)
            path = os.pathsep.join(map(str, (folder, FOLDER, ROOT)))
            return run_python(str(program), test, cwd=folder, PYTHONPATH=path)

    def test_is_found_by_its_name(self):
        """An adapter of another distribution is found by the name of its entry point."""
        done = self.run_program("SmallCacheTests")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Ran 1 test", done.stderr)

    def test_is_suggested(self):
        """So it is when its name is mistaken."""
        done = self.run_program("MistakenTests")
        self.assertIn("no adapter 'smalcache'; known, the closest first: smallcache, ", done.stderr)

    def test_is_short(self):
        """The adapter and its tests are under sixty lines of Python, blank lines and comments left out."""
        paths = [FOLDER / "smallcache_cachetest.py", FOLDER / "test_smallcache.py"]
        lines = [line.strip() for path in paths for line in path.read_text().splitlines()]
        self.assertLess(len([line for line in lines if line and not line.startswith("#")]), 60)


if __name__ == "__main__":
    unittest.main()
