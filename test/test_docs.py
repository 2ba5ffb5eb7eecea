"""What the pages below docs/ show is what happens."""

import importlib
import re
import tempfile
import unittest
from pathlib import Path

from docutils.nodes import container, inline
from parameterized import parameterized

from cachetest import CacheTestMixin, Fails, MockBackend, PatchCaches
from cachetest.adapters.registry import known_adapters

from .documents import DOCS, PAGES, blocks, check_block, check_failure, name_of, parse
from .pytest_runs import FIXED, PytestCase
from .support import is_there, needs, needs_torch
from .warm import run_unittest

# These have tests of their own: Django can be configured but once in a process, failures have to fail (also
# those of child processes), and pytest runs its own functions.
ELSEWHERE = ("django", "explanations", "how-to/assertions", "how-to/fresh", "processes")
ELSEWHERE += ("how-to/faults", "how-to/keys", "how-to/many", "how-to/pytest", "how-to/snapshots")
ELSEWHERE += ("how-to/find", "how-to/states", "how-to/time", "tutorial", "tutorial-pytest")
EXAMPLES = [
    (f"{name_of(page)}_{n}", page, block)
    for page in PAGES
    if name_of(page) not in ELSEWHERE
    for n, block in enumerate(blocks(page, "python"), 1)
]
LIBRARIES = ("cachetools", "dogpile", "fakeredis", "jax", "pymemcache", "redis", "torch")


def listed_in(page):
    """Return the pages that the toctrees of *page* name, and those that they name in turn."""
    names = [name for tree in parse(page).findall(container) for name in tree.get("pages", ())]
    pages = [DOCS / f"{name}.rst" for name in names]
    return pages + [inner for each in pages for inner in listed_in(each)]


class PageTests(unittest.TestCase):
    @parameterized.expand([(name_of(page), page) for page in PAGES])
    def test_links(self, _, page):
        """A page is free of errors, and the pages that it leads to exist."""
        for link in parse(page).findall(inline):
            if "role-doc" in link["classes"]:
                target = re.sub(r".*<(.*)>", r"\1", link.astext(), flags=re.DOTALL)
                self.assertTrue((page.parent / f"{target}.rst").is_file(), target)

    def test_each_is_listed(self):
        """The index leads to every page, once."""
        self.assertEqual(sorted([DOCS / "index.rst", *listed_in(DOCS / "index.rst")]), PAGES)

    @parameterized.expand(EXAMPLES)
    def test_example(self, _, page, block):
        """Each example runs, and its tests pass."""
        for library in LIBRARIES:
            if re.search(rf"^(import|from) {library}\b", block, re.MULTILINE) and not is_there(library):
                self.skipTest(f"needs {library}")
        check_block(self, block, page)

    def test_every_adapter_has_a_page(self):
        """An adapter is explained on a page of its own."""
        self.assertLessEqual(known_adapters.keys(), set(map(name_of, PAGES)))

    def test_texts_of_inductor(self):
        """The text on the page of inductor is one of those on the page on failures."""
        (shown,) = blocks(DOCS / "inductor.rst", "text")
        self.assertIn(shown, blocks(DOCS / "explanations.rst", "text"))


class TutorialTests(unittest.TestCase):
    page = DOCS / "tutorial.rst"

    def test_failure(self):
        """The first test prints what is shown below it."""
        check_failure(self, blocks(self.page, "python")[0], blocks(self.page, "text")[0])

    @parameterized.expand(list(enumerate(blocks(page, "python")[1:], 2)))
    def test_example(self, _, block):
        """The other examples run, and their tests pass."""
        check_block(self, block, self.page)


FORGETFUL = """\
import redis

from cachetest import CacheTestCase

client = redis.Redis()


def price():
    client.get("lamp")


class Tests(CacheTestCase):
    patch_caches = ("redis",)

    def test(self):
        self.assertCacheFresh(price, after=client.flushdb)
"""


def printed_of(code):
    """Return what unittest prints of a module shop with *code*."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "shop.py").write_text(f"{code}\n", encoding="utf-8")
        return run_unittest("shop", cwd=folder).stderr


@needs("fakeredis", "'cachetest[redis]'")
class FreshTests(unittest.TestCase):
    page = DOCS / "how-to" / "fresh.rst"

    def test_failures(self):
        """The first example fails by the second test alone, as is shown; so does a read that is not warm."""
        old, not_warm = blocks(self.page, "text")
        printed = printed_of(blocks(self.page, "python")[0])
        self.assertIn(f"AssertionError: {old}\n", printed)
        self.assertIn("FAILED (failures=1)", printed)
        self.assertIn(f"AssertionError: {not_warm}\n", printed_of(FORGETFUL))

    @parameterized.expand(list(enumerate(blocks(page, "python")[1:], 2)))
    def test_example(self, _, block):
        """The other examples run, and their tests pass."""
        check_block(self, block, self.page)


@needs("fakeredis", "'cachetest[redis]'")
class AssertionsTests(unittest.TestCase):
    page = DOCS / "how-to" / "assertions.rst"

    def test_failure(self):
        """The example of a wrong order fails as is shown."""
        (shown,) = blocks(self.page, "text")
        text = printed_of(blocks(self.page, "python")[1])
        self.assertIn(f"AssertionError: {shown}\n", text)
        self.assertIn("FAILED (failures=1)", text)

    @parameterized.expand([("all", 0), ("counting", 2)])
    def test_example(self, _, place):
        """The other examples run, and their tests pass."""
        check_block(self, blocks(self.page, "python")[place], self.page)


@needs("fakeredis", "'cachetest[redis]'")
class SnapshotTests(unittest.TestCase):
    page = DOCS / "how-to" / "snapshots.rst"

    def run_in(self, folder, code, **environment):
        """Return what unittest prints of a module shop with *code*, in *folder*."""
        Path(folder, "shop.py").write_text(f"{code}\n", encoding="utf-8")
        variables = {"CI": "", "CACHETEST_SNAPSHOTS": "", **environment}
        return run_unittest("shop", cwd=folder, **variables).stderr

    def test_bug(self):
        """The first example fails by the snapshot that is shown, as is shown; that is of the right key."""
        before, failure, _ = blocks(self.page, "text")
        code = blocks(self.page, "python")[0]
        with tempfile.TemporaryDirectory() as folder:
            right = code.replace("{user}", "{user}:{locale}")
            self.assertIn("is written now", self.run_in(folder, right))
            (path,) = Path(folder).glob("snapshots/*")
            self.assertEqual(path.read_text("utf-8"), f"{before}\n")
            self.assertIn(f"AssertionError: {failure}\n", self.run_in(folder, code))

    def test_volatile(self):
        """The other one writes what is shown, and finds it in another process."""
        code, shown = blocks(self.page, "python")[1], blocks(self.page, "text")[2]
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("is written now", self.run_in(folder, code))
            (path,) = Path(folder).glob("snapshots/*")
            self.assertEqual(path.read_text("utf-8"), f"{shown}\n")
            self.assertIn("OK", self.run_in(folder, code, CACHETEST_SNAPSHOTS="none"))


@needs("cachetools", "'cachetest[cachetools]'")
class ManyTests(unittest.TestCase):
    page = DOCS / "how-to" / "many.rst"

    @parameterized.expand([("single_flight", 0, 0), ("processes", 3, 1), ("atomic", 4, 2)])
    def test_failures(self, _, example, text):
        """One test of each of these examples fails, as is shown below it, and the other passes."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "shop.py").write_text(f"{blocks(self.page, 'python')[example]}\n", encoding="utf-8")
            printed = run_unittest("shop", cwd=folder).stderr
        self.assertIn(f"AssertionError: {blocks(self.page, 'text')[text]}\n", printed)
        self.assertIn("Ran 2 tests", printed)
        self.assertIn("FAILED (failures=1)", printed)

    @parameterized.expand(list(enumerate(blocks(page, "python")[1:3], 2)))
    def test_example(self, _, block):
        """The other examples run, and their tests pass."""
        check_block(self, block, self.page)


@needs("fakeredis", "'cachetest[redis]'")
class StatesTests(unittest.TestCase):
    page = DOCS / "how-to" / "states.rst"

    @parameterized.expand([(str(n), n, block) for n, block in enumerate(blocks(page, "python"))])
    def test_example(self, _, n, block):
        """An example fails as the text below it says, or its tests pass."""
        failures = dict(zip((0, 1, 4), blocks(self.page, "text"), strict=True))
        if n not in failures:
            check_block(self, block, self.page)
            return
        printed = printed_of(block)
        self.assertIn(f"AssertionError: {failures[n]}\n", printed)
        self.assertIn("FAILED (failures=1)", printed)


class FaultsTests(unittest.TestCase):
    page = DOCS / "how-to" / "faults.rst"

    @parameterized.expand([("put", 0, 0), ("done_twice", 2, 1)])
    @needs("fakeredis", "'cachetest[redis]'")
    def test_failure(self, _, example, text):
        """Two of the examples fail, as is shown below them."""
        printed = printed_of(blocks(self.page, "python")[example])
        self.assertIn(f"AssertionError: {blocks(self.page, 'text')[text]}\n", printed)
        self.assertIn("FAILED (failures=1)", printed)

    def test_never_struck(self):
        """What was never struck is told as is shown."""
        with PatchCaches() as patch:
            backend = MockBackend("prices")
            with self.assertRaises(AssertionError) as failure:
                with patch.caches.prices.inject(Fails(), on="get", key="chair"):
                    backend.get("lamp")
        self.assertEqual(str(failure.exception), blocks(self.page, "text")[2])

    @parameterized.expand([(n, block) for n, block in enumerate(blocks(page, "python")) if n not in (0, 2)])
    def test_example(self, _, block):
        """The other examples run, and their tests pass."""
        check_block(self, block, self.page)


class PytestTests(PytestCase):
    page = DOCS / "how-to" / "pytest.rst"

    def test_failures(self):
        """The tests of the second example fail, one of each kind, as is shown below it."""
        files = {"test_shop.py": blocks(self.page, "python")[1]}
        printed = self.run_pytest("-q", *FIXED, files=files, COLUMNS="80").stdout
        # Some releases of Python mark the part of the line.
        printed = re.sub(r"(?m)^ +\^+\n", "", printed)
        for shown in blocks(self.page, "text")[:-1]:
            self.assertIn(f"{shown}\n", printed)
        self.assertRegex(printed, "(?m)^4 failed in")

    def test_examples(self):
        """The other examples pass, and of the first one the summary is as is shown."""
        first, _, *others = blocks(self.page, "python")
        files = {"test_first.py": first}
        printed = self.run_pytest("-v", *FIXED, files=files, COLUMNS="80").stdout
        self.assertIn(f"\n{blocks(self.page, 'text')[-1]}\n", printed)
        files = {f"test_{n}.py": other for n, other in enumerate(others)}
        self.check_passes(self.run_pytest("-q", "--ignore=test_first.py", *FIXED, files=files), 6)


class ReferenceTests(unittest.TestCase):
    described = frozenset(
        node["argument"].partition("(")[0]
        for node in parse(DOCS / "api.rst").findall(container)
        if node.get("directive") not in (None, "toctree")
    )

    def check_names(self, module):
        names = {f"{module}.{name}" for name in importlib.import_module(module).__all__}
        self.assertEqual(names - self.described, set())

    @parameterized.expand(["cachetest", "cachetest.adapters", "cachetest.contract"])
    def test_names(self, module):
        """Each public name is described."""
        self.check_names(module)

    @needs_torch
    def test_names_of_mock_cache(self):
        """So is each that PyTorch's own tests use."""
        self.check_names("cachetest.mock_cache")

    def test_assertions(self):
        """So is each assertion."""
        names = {name for name in dir(CacheTestMixin) if name.startswith("assert")}
        self.assertGreater(len(names), 4)
        self.assertLessEqual({f"cachetest.CacheTestMixin.{name}" for name in names}, self.described)

    @parameterized.expand([known.class_name for known in known_adapters.values()])
    def test_adapters(self, name):
        """So is the class of each adapter."""
        self.assertIn(f"cachetest.adapters.{name}", self.described)


if __name__ == "__main__":
    unittest.main()
