"""The walk of one lookup through the files of the redis adapter is short."""

import unittest

from ...support import ROOT, is_there, load_script
from .redis_support import needs_redis


@needs_redis
class WalkTests(unittest.TestCase):
    def test_get(self):
        """A warm get takes at most 30 calls, in at most 8 files, none of which is entered twice."""
        walk = load_script(ROOT / "bench" / "walk.py")
        found = walk.ROUTES["redis"].walk()
        self.assertLessEqual(len(found.calls), 30, found)
        # With hiredis the client waits for a pipe as well.
        self.assertLessEqual(len(found.files), 9 if is_there("hiredis") else 8, found)
        self.assertFalse(found.repeated, found)
        self.assertIn(("adapters/redis/quick.py", "get"), found.calls)


if __name__ == "__main__":
    unittest.main()
