"""The name of the function that a line is in: that of a comprehension is the function around it."""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._recording.operation import Location

__all__ = ["function_of"]

# Some Pythons have a function for each of these, and others have none: from 3.12 on they are a part of what
# is around them, but for generators.
_COMPREHENSIONS: dict[str, type[ast.AST]] = {
    "<listcomp>": ast.ListComp,
    "<setcomp>": ast.SetComp,
    "<dictcomp>": ast.DictComp,
    "<genexpr>": ast.GeneratorExp,
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def function_of(where: Location) -> str:
    """Return the name of the function of *where*, that around it for a comprehension."""
    if where.function not in _COMPREHENSIONS:
        return where.function
    found = _around(where.filename).get((where.function, where.lineno))
    # Where there is no source, the name that Python has is all that is known.
    return where.function if found is None else found


@lru_cache(maxsize=32)
def _around(filename: str) -> dict[tuple[str, int], str]:
    """Return the function around each comprehension of a file, by its kind and by each of its lines."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[tuple[str, int], str] = {}
    waiting: list[tuple[ast.AST, str]] = [(tree, "<module>")]
    # The inner ones come later, and stay.
    for node, name in waiting:
        for kind, of in _COMPREHENSIONS.items():
            if isinstance(node, of):
                lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)  # type: ignore[attr-defined]
                found.update({(kind, line): name for line in lines})
        if isinstance(node, _FUNCTIONS):
            name = node.name
        elif isinstance(node, ast.Lambda):
            name = "<lambda>"
        waiting += [(child, name) for child in ast.iter_child_nodes(node)]
    return found
