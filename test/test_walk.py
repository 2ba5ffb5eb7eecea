"""The walks that CONTRIBUTING shows are short; those through torch are in `test_walk_torch`."""

import sys
import unittest

from .support import ROOT, load_script, needs, run_python

walk = load_script(ROOT / "bench" / "walk.py")


class WalkTests(unittest.TestCase):
    def test_order(self):
        """Calls come in their order, with the file they are in, and nothing but ours."""
        with walk.PatchCaches():
            backend = walk.MockBackend("prices")
            found = walk.trace(lambda: sorted([backend.get("lamp"), backend.name], key=str))
        self.assertEqual(found.calls[0], ("_caches/backend.py", "get"))
        self.assertIn(("_recording/call_sites.py", "calling_frame"), found.calls)
        self.assertIsNone(sys.getprofile())

    def test_counts(self):
        """A stay is all that is called in one file, a change is between two of them."""
        found = walk.Walk([("a.py", "f"), ("a.py", "g"), ("b.py", "h"), ("b.py", "h"), ("a.py", "f")])
        self.assertEqual(found.stays, [("a.py", ["f", "g"]), ("b.py", ["h", "h"]), ("a.py", ["f"])])
        self.assertEqual((found.changes, found.files, found.repeated), (2, {"a.py", "b.py"}, {"a.py"}))
        self.assertEqual(str(found), "    a.py  f, g\n    b.py  h x2\n    a.py  f")

    def test_mock_backend(self):
        """A lookup by hand goes through two files at most, and returns to none of them."""
        found = walk.ROUTES["MockBackend"].walk()
        self.assertLessEqual(len(found.files), 2, found)
        self.assertFalse(found.repeated, found)


class ScriptTests(unittest.TestCase):
    def test_prints(self):
        """The script prints a route, its counts first."""
        done = run_python(str(ROOT / "bench" / "walk.py"), "MockBackend")
        self.assertRegex(
            done.stdout, r"^MockBackend\.get: \d calls, 2 files, 1 change of file\n\n    _caches/"
        )

    @needs("redis", "'cachetest[redis]'")
    def test_redis(self):
        """The walk of redis is printed; how short it is is asserted with its adapter."""
        done = run_python(str(ROOT / "bench" / "walk.py"), "redis")
        self.assertIn("redis: Redis.get: ", done.stdout, done.stderr)

    def test_unknown(self):
        """A route that is none is an error that names those there are."""
        done = run_python(str(ROOT / "bench" / "walk.py"), "memcached")
        self.assertIn("no route 'memcached'; there are MockBackend, inductor, redis", done.stderr)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
