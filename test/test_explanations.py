"""What the page on explanations shows is what happens."""

import tempfile
import unittest
from pathlib import Path

from .documents import blocks, check_block
from .support import ROOT, run_python

PAGE = ROOT / "docs" / "explanations.rst"


class ExplanationsTests(unittest.TestCase):
    def test_texts(self):
        """Each text but those of PyTorch is printed by the module of the page."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_prices.py").write_text(blocks(PAGE, "python")[0] + "\n", encoding="utf-8")
            done = run_python("-m", "unittest", cwd=folder)
        shown = [text for text in blocks(PAGE, "text") if "'prices'" in text]
        self.assertEqual(len(shown), 9)
        for text in shown:
            self.assertIn(f"AssertionError: {text}\n\n", done.stderr.replace("\\", "/"))

    def test_example(self):
        """What can be asked for runs."""
        check_block(self, blocks(PAGE, "python")[1], PAGE)

    def test_no_frame_of_ours(self):
        """The traceback of a failure is of the test alone, under either runner."""
        with tempfile.TemporaryDirectory() as folder:
            source = blocks(PAGE, "python")[0].replace(
                "    def setUp", "    patch_caches = ()\n\n    def setUp"
            )
            Path(folder, "test_prices.py").write_text(source + "\n", encoding="utf-8")
            for runner in (["unittest"], ["pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]):
                with self.subTest(runner[0]):
                    done = run_python("-m", *runner, cwd=folder)
                    text = done.stdout + done.stderr
                    self.assertIn("expected hits=1, got 0", text)
                    self.assertNotIn("assertions.py", text)
                    self.assertNotIn("messages.py", text)


if __name__ == "__main__":
    unittest.main()
