"""The blocks that hold a lock, read from the source: an interrupt must leave none of them locked."""

import ast
import unittest
from pathlib import Path

import cachetest

from ..support import takes_a_while

PACKAGE = str(Path(cachetest.__file__).parent)


UNSAFE = ast.ListComp | ast.SetComp | ast.DictComp | ast.Try


def unsafe_lines(node):
    """Yield the lines of *node*, of those that run in its frame, at which an interrupt may skip __exit__.

    From CPython 3.12 on that is so in the loop of a comprehension; in 3.11, for a trace function that raises,
    at the line of a ``try``.
    """
    if isinstance(
        node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.GeneratorExp
    ):
        return
    if isinstance(node, UNSAFE):
        yield node.lineno
    for child in ast.iter_child_nodes(node):
        yield from unsafe_lines(child)


class LockTests(unittest.TestCase):
    @takes_a_while
    def test_nothing_unsafe_where_a_lock_is_held(self):
        """No block that holds a lock has a comprehension or a try in it: a lock could be held for ever."""
        blocks = 0
        for path in sorted(Path(PACKAGE).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.With) and "lock" in ast.unparse(node.items[0]):
                    blocks += 1
                    lines = [line for each in node.body for line in unsafe_lines(each)]
                    self.assertEqual(lines, [], path)
        self.assertGreater(blocks, 20)


if __name__ == "__main__":
    unittest.main()
