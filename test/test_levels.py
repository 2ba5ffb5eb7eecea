"""The parts lie in levels, and a lower one never imports a higher one."""

import ast
import unittest
from pathlib import Path

import cachetest

from .support import run_python

PACKAGE = Path(cachetest.__file__).parent

# From the lowest to the highest; a module may import from its own level what comes before it here.
LEVELS = [
    ["errors", "stats", "callers", "operations", "undo", "texts", "explain", "report"],
    ["caches"],
    ["strays", "scope", "messages"],
    ["backend", "handoff"],
    ["adapters.base", "adapters.targets", "adapters"],
    ["adapters.class_swap", "adapters.cachetools_scoped", "adapters.django_backend", "adapters.django_swap"],
    ["adapters.memcached_store", "adapters.memcached_protocol"],
    ["adapters.redis_commands", "adapters.redis_resp", "adapters.redis_store", "adapters.redis_connection"],
    ["adapters.redis_link", "adapters.redis_sockets"],
    ["adapters.cachetools", "adapters.django", "adapters.dogpile", "adapters.functools"],
    ["adapters.inductor_keys", "adapters.inductor", "adapters.pymemcache", "adapters.redis"],
    ["switches", "installations"],
    ["arguments", "patches"],
    ["activation", "patching"],
    ["assertions", "case", "async_case", "mock_cache", "contract"],
    ["__init__"],
]
ORDER = [module for level in LEVELS for module in level]
# The packages of each library under test, and the adapter that imports it, its own modules included.
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


def modules():
    """Yield the name of each module of the package, and its syntax tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def run_time_imports(tree):
    """Yield the import statements of *tree*, those for the type checker left out."""
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes += node.orelse
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        nodes += ast.iter_child_nodes(node)


def imported_from_package(name, node):
    """Yield the modules of the package that an import statement of the module *name* names."""
    if not isinstance(node, ast.ImportFrom) or not node.level:
        return
    inside = name.startswith("adapters")
    prefix = "adapters" if inside and node.level == 1 else ""
    base = ".".join(filter(None, [prefix, node.module]))
    for alias in node.names:
        submodule = ".".join(filter(None, [base, alias.name]))
        yield submodule if submodule in ORDER else base


class LevelTests(unittest.TestCase):
    def test_every_module_has_a_level(self):
        """No module is without a level, and no level names one that is gone."""
        self.assertEqual(sorted(name for name, _ in modules()), sorted(ORDER))

    def test_imports_go_down(self):
        """What a module imports lies below it."""
        for name, tree in modules():
            for node in run_time_imports(tree):
                for imported in imported_from_package(name, node):
                    with self.subTest(module=name, imported=imported, line=node.lineno):
                        self.assertLess(ORDER.index(imported), ORDER.index(name))

    def test_a_library_in_its_adapter_only(self):
        """No other module imports a library under test."""
        for name, tree in modules():
            for node in run_time_imports(tree):
                names = (
                    [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                )
                if getattr(node, "level", 0):
                    continue  # `from .pymemcache import` names a module of ours
                for library in {each.partition(".")[0] for each in names} & LIBRARIES.keys():
                    self.assertTrue(name.startswith(f"adapters.{LIBRARIES[library]}"), (name, node.lineno))

    def test_no_module_is_taken_for_a_test(self):
        """Discovery would import a module called test*.py."""
        self.assertEqual([name for name, _ in modules() if name.rpartition(".")[2].startswith("test")], [])


class ImportTests(unittest.TestCase):
    def test_loads_nothing_it_tests(self):
        """`import cachetest` loads no library under test, no test runner, and nothing slow."""
        done = run_python(
            "-c",
            "import sys, cachetest\n"
            "slow = {'torch', 'triton', 'django', 'redis', 'numpy', 'pytest', 'hypothesis', 'asyncio',\n"
            "        'concurrent', 'unittest.mock', 'typing_extensions', 'parameterized'}\n"
            "print(sorted(slow & set(sys.modules)))",
        )
        self.assertEqual(done.stdout.strip(), "[]", done.stderr)

    def test_public_names(self):
        """__all__ is sorted, complete and importable, and names say where users get them."""
        self.assertEqual(cachetest.__all__, sorted(cachetest.__all__))
        for name in cachetest.__all__:
            self.assertIn(name, dir(cachetest))
            self.assertTrue(hasattr(cachetest, name), name)
        with self.assertRaisesRegex(AttributeError, "has no attribute 'nothing'"):
            cachetest.nothing  # noqa: B018

    def test_star_import(self):
        """`from cachetest import *` gives all of them."""
        names = {}
        exec("from cachetest import *", names)
        self.assertEqual(set(names) - {"__builtins__"}, set(cachetest.__all__))

    def test_ready_for_type_checkers(self):
        """The package says that it is typed."""
        self.assertTrue((PACKAGE / "py.typed").is_file())


if __name__ == "__main__":
    unittest.main()
