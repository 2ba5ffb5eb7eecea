"""The examples that the documents show, taken out of them and run."""

from __future__ import annotations

import functools
import re
import tempfile
import unittest
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils.core import publish_doctree
from docutils.nodes import container, inline, literal_block
from docutils.parsers.rst import Directive, directives, roles

from .support import ROOT, run_case
from .warm import run_unittest

if TYPE_CHECKING:
    from docutils.nodes import Node, document

__all__ = ["DOCS", "PAGES", "blocks", "check_block", "check_failure", "name_of", "parse"]

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.rst"))


class SphinxDirective(Directive):
    """Stands for a directive that Sphinx has and docutils has not: keeps its argument and parses its content.

    The content of a toctree is not text: it is kept as the names of pages.
    """

    names = (
        "autoattribute",
        "autoclass",
        "autoexception",
        "autofunction",
        "automethod",
        "automodule",
        "py:class",
        "py:data",
        "toctree",
    )
    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("caption", "maxdepth", "members", "show-inheritance", "special-members"), directives.unchanged
    )

    def run(self) -> list[Node]:
        node = container(directive=self.name, argument="".join(self.arguments), pages=[])
        if self.name == "toctree":
            node["pages"] = list(self.content)
        else:
            self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


def sphinx_role(name: str, rawtext: str, text: str, *_: Any, **__: Any) -> tuple[list[Node], list[Node]]:
    """Stand for a role that Sphinx has and docutils has not."""
    return [inline(rawtext, text, classes=[f"role-{name}"])], []


for _name in SphinxDirective.names:
    directives.register_directive(_name, SphinxDirective)
for _name in ("doc", "ref"):
    roles.register_local_role(_name, sphinx_role)


@functools.cache
def parse(path: Path) -> document:
    """Return the tree of a document, which has to be free of errors."""
    # Nobody looks at the colours of code.
    settings = {"report_level": 2, "halt_level": 2, "syntax_highlight": "none"}
    source = path.read_text(encoding="utf-8")
    return publish_doctree(source, source_path=str(path), settings_overrides=settings)


@functools.cache
def blocks(path: Path, language: str) -> list[str]:
    """Return the code blocks in *language* of a document, in their order."""
    return [block.astext() for block in parse(path).findall(literal_block) if language in block["classes"]]


def name_of(page: Path) -> str:
    """Return what a toctree calls *page*."""
    return page.relative_to(DOCS).with_suffix("").as_posix()


def check_block(case: unittest.TestCase, block: str, path: Path) -> None:
    """Run *block* of the document *path* as a module, and the tests that it defines."""
    names: dict[str, object] = {"__name__": "document"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        exec(compile(block, str(path), "exec"), names)
        classes = [
            each
            for each in names.values()
            if isinstance(each, type)
            and issubclass(each, unittest.TestCase)
            and each.__module__ == "document"
        ]
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        result = run_case(unittest.TestSuite(map(load, classes)))
    case.assertTrue(result.wasSuccessful(), result.failures + result.errors)
    if "def test_" in block:
        case.assertGreater(result.testsRun, 0)


def check_failure(case: unittest.TestCase, block: str, shown: str) -> None:
    """Run *block*, whose first line is a comment that names its file, and compare what unittest prints."""
    name = block.partition("\n")[0].removeprefix("# ")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_text(f"{block}\n", encoding="utf-8")
        done = run_unittest(cwd=folder)
    case.assertEqual(_stable(done.stderr), _stable(shown))


def _stable(text: str) -> str:
    """Leave out of *text* what differs from one Python, machine or run to another."""
    lines = [line for line in text.strip().splitlines() if line.strip(" ^~")]
    text = "\n".join(lines)
    text = re.sub(r'File ".*?([^/\\]+\.py)"', r'File "\1"', text)
    text = re.sub(r"(FAIL: \w+ )\(.*\)", r"\1", text)
    return re.sub(r"in \d+\.\d+s", "in a moment", text)
