"""The walks that CONTRIBUTING shows are short; those through torch are in `test_walk_torch`."""

import sys
import unittest

from parameterized import parameterized

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
        self.assertEqual(str(found), "  > a.py  f, g\n    b.py  h x2\n    a.py  f")

    @parameterized.expand(
        [
            ("one_call", "a b a", {"a.py"}),
            ("another_call", "a b > a b", set()),
            ("before_the_record", "a b a _recording/log", {"a.py"}),
            ("after_the_record", "a b _recording/log a", set()),
        ]
    )
    def test_repeated(self, _name, walked, repeated):
        """A file is entered twice if it is so within one call of the library's, before the record."""
        calls, begins = [], {0}
        for name in walked.split():
            if name == ">":
                begins.add(len(calls))
            else:
                calls.append((f"{name}.py", "f"))
        self.assertEqual(walk.Walk(calls, frozenset(begins)).repeated, repeated)

    def test_begins(self):
        """What the library calls is told from what ours do."""
        with walk.PatchCaches():
            backend = walk.MockBackend("prices")
            found = walk.trace(lambda: (backend.get("lamp"), backend.get("lamp")))
        again = [n for n, call in enumerate(found.calls) if call == ("_caches/backend.py", "get")]
        self.assertEqual(found.begins, set(again))

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
            done.stdout, r"^MockBackend\.get: \d calls, 2 files, 1 change of file\n\n  > _caches/"
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
