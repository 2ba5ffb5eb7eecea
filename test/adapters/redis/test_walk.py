"""The walk of one lookup through the files of the redis adapter is short, and returns to none of them."""

import unittest

from ...support import ROOT, load_script
from .redis_support import needs_redis

RECORDED = "_recording/call_sites.py"
"""The last file of the way to the record: it tells the line that called."""


@needs_redis
class WalkTests(unittest.TestCase):
    def test_get(self):
        """A warm get takes at most 50 calls, and enters at most 9 files up to its record, each once."""
        walk = load_script(ROOT / "bench" / "walk.py")
        found = walk.ROUTES["redis"].walk()
        self.assertLessEqual(len(found.calls), 50, found)
        files = [file for file, _ in found.calls]
        recorded = len(files) - files[::-1].index(RECORDED)
        to_the_record = walk.Walk(found.calls[:recorded])
        self.assertLessEqual(len(to_the_record.files), 9, found)
        self.assertEqual(to_the_record.repeated, set(), found)
        self.assertIn("sendall", dict(to_the_record.stays)["adapters/redis/connection.py"])


if __name__ == "__main__":
    unittest.main()
