"""The rooms lie in levels, and a lower one never imports a higher one."""

import ast
import os
import re
import unittest

from . import import_graph
from .documents import blocks
from .levels import LEVELS
from .support import ROOT, takes_a_while

# The only imports that go up, each with the method that it is in: a cache or a scope reports and asserts by
# methods of one line, which import what does it.
UPWARDS = {
    ("_caches.caches", "MockCaches.report", "_reports.text"),
    ("_caches.caches", "MockCaches.as_dict", "_reports.data"),
    ("_caches.asserting_base", "Asserting._asserting", "_assertions.own"),
    ("_caches.asserting_all", "AssertingCaches._asserting", "_assertions.own"),
}

# As many files as the longest chain of imports may have: whoever reads the first has to follow all of them.
LONGEST_CHAIN = 13
MOST_NAMES = 20
MOST_LINES = 300

# The packages of each library under test, and the adapter whose folder or file alone imports it.
LIBRARIES = {
    "asgiref": "django",
    "cachetools": "cachetools",
    "django": "django",
    "dogpile": "dogpile",
    "fakeredis": "redis",
    "pymemcache": "pymemcache",
    "redis": "redis",
    "torch": "inductor",
    "triton": "inductor",
}


def places():
    """Return for each file of the table its level, its room, and its place in that."""
    return {
        f"{room}.{file}".lstrip("."): (level, room, place)
        for level, rooms in enumerate(LEVELS)
        for room, files in rooms.items()
        for place, file in enumerate(files)
    }


def may_import(importer, imported):
    """Return whether the place of a file is above that of another."""
    if importer[0] != imported[0]:
        return importer[0] > imported[0]
    return importer[1] == imported[1] and importer[2] > imported[2]


def listed(found):
    """Return the lines of a failure."""
    return "\n" + "\n".join(found)


class LevelTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.imports, cls.of_others = import_graph.all_imports()

    def test_every_file_has_a_level(self):
        """No file is without a level, and no level names one that is gone."""
        # A room's own file of a docstring alone is below everything.
        empty = {
            name
            for name, path in import_graph.files().items()
            if name.endswith("__init__") and len(ast.parse(path.read_text(encoding="utf-8")).body) == 1
        }
        files = import_graph.files().keys() - empty
        self.assertEqual(sorted(files - places().keys()), [], "files without a level")
        self.assertEqual(sorted(places().keys() - files), [], "levels of files that are gone")

    def test_imports_go_down(self):
        """A file imports lower ones: in functions and for types too, but for the listed exceptions."""
        place = places()
        up = {
            (each.importer, each.inside, each.imported): each.line
            for each in self.imports
            if not may_import(place[each.importer], place[each.imported])
        }
        self.assertEqual(up.keys() & UPWARDS, UPWARDS, "exceptions that are none any more")
        found = [
            f"{file}, line {up[key]}, imports {key[2]}" for key in up.keys() - UPWARDS for file in key[:1]
        ]
        self.assertTrue(not found, listed(found))

    def test_exceptions_are_short(self):
        """What imports upwards is a docstring, the import, and one line."""
        for name, method, _ in UPWARDS:
            path = import_graph.files()[name]
            owner, _, called = method.partition(".")
            tree = ast.parse(path.read_text(encoding="utf-8"))
            classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner]
            (found,) = [node for node in classes[0].body if getattr(node, "name", None) == called]
            self.assertEqual(len(found.body), 3, method)

    def test_no_circle(self):
        """No files import each other, directly or through others."""
        down = [each for each in self.imports if (each.importer, each.inside, each.imported) not in UPWARDS]
        circles = import_graph.circles(import_graph.edges_of(down))
        self.assertTrue(not circles, listed(" <-> ".join(each) for each in circles))

    def test_longest_chain(self):
        """Files that import each other outside functions, for types too, are a chain of few."""
        edges = import_graph.edges_of([each for each in self.imports if not each.inside])
        chain = import_graph.longest_chain(edges)
        self.assertLessEqual(len(chain), LONGEST_CHAIN, " -> ".join(chain))

    @takes_a_while
    def test_a_library_in_its_adapter_only(self):
        """No other file imports a library under test."""
        for each in self.of_others:
            library = each.imported.partition(".")[0]
            if library in LIBRARIES:
                with self.subTest(file=each.importer, line=each.line):
                    self.assertEqual(each.importer.split(".")[:2], ["adapters", LIBRARIES[library]])


class HouseTests(unittest.TestCase):
    def test_the_package_is_read_at_a_glance(self):
        """`ls -A` lists few names."""
        names = set(os.listdir(import_graph.PACKAGE)) - {"__pycache__"}
        self.assertLessEqual(len(names), MOST_NAMES, sorted(names))

    def test_files_are_short(self):
        """A longer file says in its docstring why it is."""
        found = []
        for folder in ("cachetest", "test", "examples", "bench", ".ci"):
            for path in sorted((ROOT / folder).rglob("*.py")):
                source = path.read_text(encoding="utf-8")
                lines = source.count("\n")
                if lines > MOST_LINES and "long because" not in (ast.get_docstring(ast.parse(source)) or ""):
                    found.append(f"{path.relative_to(ROOT)}: {lines} lines")
        self.assertTrue(not found, listed(found))

    def test_no_module_is_taken_for_a_test(self):
        """Discovery would import a module called test*.py."""
        found = [name for name in import_graph.files() if name.rpartition(".")[2].startswith("test")]
        self.assertTrue(not found, listed(found))

    def test_nobody_outside_imports_a_private_name(self):
        """Pages and examples import names without an underscore only."""
        sources = {path: [path.read_text(encoding="utf-8")] for path in (ROOT / "examples").rglob("*.py")}
        for page in [ROOT / "README.rst", *sorted((ROOT / "docs").rglob("*.rst"))]:
            sources[page] = blocks(page, "python")
        found = [
            f"{path.relative_to(ROOT)}: {name}"
            for path, texts in sources.items()
            for text in texts
            for name in private_imports(text)
        ]
        self.assertTrue(not found, listed(found))

    def test_private_imports(self):
        """What the test above looks for is found."""
        source = (
            "import cachetest._caches.cache\nfrom cachetest._patching import undo\n"
            "from cachetest import MockCache, _telling\nfrom torch._inductor import config\n"
            "from cachetest.adapters.redis import adapter as _adapter"
        )
        self.assertEqual(
            private_imports(source),
            ["cachetest._caches.cache", "cachetest._patching.undo", "cachetest._telling"],
        )


def private_imports(source):
    """Return the names of the package that *source* imports and that have an underscore."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in names if re.match(r"cachetest\b", name) and re.search(r"\._(?!_)", name)]


if __name__ == "__main__":
    unittest.main()
