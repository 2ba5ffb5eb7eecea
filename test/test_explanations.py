"""What the page on explanations shows is what happens."""

import tempfile
import unittest
from pathlib import Path

from docutils.core import publish_doctree
from docutils.nodes import literal_block

from .support import ROOT, run_python
from .test_readme import run_block

PAGE = (ROOT / "docs" / "explanations.rst").read_text(encoding="utf-8")


def blocks(language):
    """Return the code blocks in *language*, in their order."""
    tree = publish_doctree(PAGE, settings_overrides={"report_level": 2, "halt_level": 2})
    return [block.astext() for block in tree.findall(literal_block) if language in block["classes"]]


class ExplanationsTests(unittest.TestCase):
    def test_texts(self):
        """Each text but those of PyTorch is printed by the module of the page."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_prices.py").write_text(blocks("python")[0] + "\n", encoding="utf-8")
            done = run_python("-m", "unittest", cwd=folder)
        shown = [text for text in blocks("text") if "'prices'" in text]
        self.assertEqual(len(shown), 9)
        for text in shown:
            self.assertIn(f"AssertionError: {text}\n\n", done.stderr.replace("\\", "/"))

    def test_example(self):
        """What can be asked for runs."""
        self.assertTrue(run_block(blocks("python")[1]).wasSuccessful())

    def test_no_frame_of_ours(self):
        """The traceback of a failure is of the test alone, under either runner."""
        with tempfile.TemporaryDirectory() as folder:
            source = blocks("python")[0].replace("    def setUp", "    patch_caches = ()\n\n    def setUp")
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
