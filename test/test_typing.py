"""The files that type checkers read have all that a user can import."""

import ast
import importlib
import unittest

from parameterized import parameterized

from cachetest import CacheTestMixin
from cachetest.adapters.registry import known_adapters

from .support import ROOT, needs_torch

SOURCES = sorted((ROOT / "test" / "typing_users").glob("*.py"))


def names_used(source):
    """Return the full name of each thing that *source* imports and uses, and of each attribute."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {
        f"{imported.get(node.value.id, '')}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return {full for name, full in imported.items() if name in used} | attributes


class UsersCodeTests(unittest.TestCase):
    used = frozenset(name for source in SOURCES for name in names_used(source))

    def check(self, module, names):
        self.assertEqual({f"{module}.{name}" for name in names} - self.used, set())

    @parameterized.expand(["cachetest", "cachetest.adapters", "cachetest.contract"])
    def test_names(self, module):
        """Each public name is used."""
        self.check(module, importlib.import_module(module).__all__)

    @needs_torch
    def test_names_of_mock_cache(self):
        """So is each that PyTorch's own tests use."""
        self.check("cachetest.mock_cache", importlib.import_module("cachetest.mock_cache").__all__)

    def test_adapters(self):
        """So is the class of each adapter."""
        self.check("cachetest.adapters", [known.class_name for known in known_adapters.values()])

    def test_assertions(self):
        """So is each assertion."""
        assertions = {name for name in dir(CacheTestMixin) if name.startswith("assert")}
        self.assertEqual(assertions - {name.rpartition(".")[2] for name in self.used}, set())


if __name__ == "__main__":
    unittest.main()
