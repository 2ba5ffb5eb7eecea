"""Programs that use the drop-in see what they would see with the original, with real torch."""

import json
import unittest

from .support import ROOT, needs_torch, run_python

PROGRAMS = ROOT / "test" / "mock_cache_programs.py"
MODULES = ("torch._inductor.mock_cache", "cachetest.mock_cache")


@needs_torch
class ProgramTests(unittest.TestCase):
    def test_as_the_original(self):
        """Each program returns the same, in a process with the original and in one with the drop-in."""
        original, drop_in = (self.results_with(module) for module in MODULES)
        self.assertGreater(len(original), 20)
        self.assertEqual(original.keys(), drop_in.keys())
        for name, found in original.items():
            with self.subTest(name):
                self.assertNotRegex(str(found), r"\A\w+Error: ")
                self.assertEqual(drop_in[name], found)

    def results_with(self, module):
        done = run_python("-W", "ignore", str(PROGRAMS), module)
        self.assertEqual(done.returncode, 0, done.stderr)
        # A test that came before, or at its end, had nothing to be told of.
        self.assertNotIn("late:", done.stderr)
        return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
