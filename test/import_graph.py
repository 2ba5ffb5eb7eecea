"""The import statements of the package, read from its source: which file imports which, where and how."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cachetest

if TYPE_CHECKING:
    from collections.abc import Collection

PACKAGE = Path(cachetest.__file__).parent


@dataclass(frozen=True)
class Import:
    """One import of a file of the package by another, or of a module from elsewhere.

    ``importer`` and ``imported`` are names below the package, as ``_caches.scope``; a file called
    ``__init__`` has the name of its package and that. ``inside`` is the function that the statement is in,
    with its class, or nothing. ``for_types`` is true in a block for the type checker.
    """

    importer: str
    imported: str
    line: int
    inside: str
    for_types: bool


def files() -> dict[str, Path]:
    """Return each file of the package by its name."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def imports_of(name: str, source: str, known: Collection[str]) -> tuple[list[Import], list[Import]]:
    """Return what the file *name* imports: files of the package, which are *known*, and others."""
    own: list[Import] = []
    others: list[Import] = []

    def walk(node: ast.AST, inside: str, for_types: bool) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inside = f"{inside}.{node.name}".lstrip(".")
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for child in node.body:
                walk(child, inside, True)
            for child in node.orelse:
                walk(child, inside, for_types)
            return
        if isinstance(node, ast.Import):
            for alias in node.names:
                root, _, below = alias.name.partition(".")
                made = own if root == PACKAGE.name else others
                target = _file(below, known) if made is own else alias.name
                made.append(Import(name, target, node.lineno, inside, for_types))
        elif isinstance(node, ast.ImportFrom):
            base = _base(name, node)
            for alias in node.names:
                made = others if base is None else own
                target = (node.module or "") if base is None else _target(base, alias.name, known)
                made.append(Import(name, target, node.lineno, inside, for_types))
        for child in ast.iter_child_nodes(node):
            walk(child, inside, for_types)

    walk(ast.parse(source), "", False)
    return list(dict.fromkeys(own)), list(dict.fromkeys(others))


def _base(name: str, node: ast.ImportFrom) -> str | None:
    """Return the package or file, below ours, that a ``from`` statement is about; None for one elsewhere."""
    module = node.module or ""
    if not node.level:
        root, _, below = module.partition(".")
        return below if root == PACKAGE.name else None
    parts = name.split(".")
    return ".".join([*parts[: len(parts) - node.level], *filter(None, [module])])


def _target(base: str, alias: str, known: Collection[str]) -> str:
    below = f"{base}.{alias}".lstrip(".")
    return below if below in known else _file(below if f"{below}.__init__" in known else base, known)


def _file(module: str, known: Collection[str]) -> str:
    """Return the name of the file that *module* is."""
    return module if module in known else f"{module}.__init__".lstrip(".")


def all_imports() -> tuple[list[Import], list[Import]]:
    """Return what all files import: each other, and modules from elsewhere."""
    known = files()
    own: list[Import] = []
    others: list[Import] = []
    for name, path in known.items():
        ours, theirs = imports_of(name, path.read_text(encoding="utf-8"), known)
        own += ours
        others += theirs
    return own, others


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of files that reach each other by *edges*, smallest first."""
    reached = {name: _reached_from(name, edges) for name in edges}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached.get(other, ())))
        for name in edges
        if name in reached[name]
    }
    return sorted((list(group) for group in groups), key=len)


def _reached_from(name: str, edges: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = list(edges.get(name, ()))
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += edges.get(each, ())
    return found


def longest_chain(edges: dict[str, set[str]]) -> list[str]:
    """Return the files of the longest chain of *edges*, the importer first; round a circle it does not go."""
    best: dict[str, list[str]] = {}

    def chain(name: str) -> list[str]:
        if name not in best:
            best[name] = [name]
            below = [chain(each) for each in sorted(edges.get(name, ()))]
            best[name] = [name, *max(below, key=len, default=[])]
        return best[name]

    return max((chain(name) for name in sorted(edges)), key=len)


def edges_of(imports: list[Import]) -> dict[str, set[str]]:
    """Return for each file of the package the files that it imports, by *imports*."""
    edges: dict[str, set[str]] = {name: set() for name in files()}
    for each in imports:
        edges[each.importer].add(each.imported)
    return edges
