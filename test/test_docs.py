"""What the pages below docs/ show is what happens."""

import re
import unittest

from parameterized import parameterized

from cachetest.adapters.registry import known_adapters

from .documents import blocks, check_block
from .support import ROOT, is_there

PAGES = sorted((ROOT / "docs").glob("*.rst"))

# These have tests of their own: Django can be configured but once in a process, and failures are to fail.
ELSEWHERE = ("django", "explanations")
EXAMPLES = [
    (f"{page.stem}_{n}", page, block)
    for page in PAGES
    if page.stem not in ELSEWHERE
    for n, block in enumerate(blocks(page, "python"), 1)
]
LIBRARIES = ("cachetools", "dogpile", "fakeredis", "pymemcache", "redis", "torch")


class PageTests(unittest.TestCase):
    @parameterized.expand([(page.stem, page) for page in PAGES])
    def test_is_sound(self, _, page):
        """A page is free of errors, and the README leads to it."""
        blocks(page, "python")
        self.assertIn(f"docs/{page.name}", (ROOT / "README.rst").read_text(encoding="utf-8"))

    @parameterized.expand(EXAMPLES)
    def test_example(self, _, page, block):
        """Each example runs, and its tests pass."""
        for library in LIBRARIES:
            if re.search(rf"^(import|from) {library}\b", block, re.MULTILINE) and not is_there(library):
                self.skipTest(f"needs {library}")
        check_block(self, block, page)

    def test_every_adapter_has_a_page(self):
        """An adapter is explained on a page of its own; inductor, the first, in the README."""
        self.assertLessEqual(known_adapters.keys() - {"inductor"}, {page.stem for page in PAGES})


if __name__ == "__main__":
    unittest.main()
