"""The command ``python -m cachetest find PACKAGE``."""

from __future__ import annotations

import argparse
import keyword
import sys
from os.path import relpath
from typing import TYPE_CHECKING

from .found import find_caches
from .plain import printable
from .sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .found import Found

__all__ = ["find"]

# An argument of an adapter that is no name of a cache.
_TAKEN = ("follow", "self")


def find(arguments: Sequence[str]) -> int:
    """Print the caches in the source of a package, as a table and as code; return 0.

    What is no package ends it with 2.
    """
    parser = argparse.ArgumentParser(
        prog="python -m cachetest find",
        description="List what in a package is a cache that a test could count, and print the patch_caches "
        "for it. The source is read, and nothing of the package is imported.",
    )
    parser.add_argument("package", metavar="PACKAGE", help="a package, or a module, as in an import")
    options = parser.parse_args(arguments)
    try:
        sources = Sources(options.package)
    except ImportError as error:
        parser.error(str(error))
    for line in sources.unread:
        print(f"not read: {printable(line)}", file=sys.stderr)
    found = find_caches(sources)
    for line in [*_table(found, len(sources.modules)), *_code(found)]:
        # The terminal may have no character for it.
        encoding = sys.stdout.encoding or "utf-8"
        print(printable(line).encode(encoding, "backslashreplace").decode(encoding))
    return 0


def _table(found: Sequence[Found], modules: int) -> Iterator[str]:
    rows = [(f"{_shown(each.file)}:{each.line}", each.what, each.target or "-", each.note) for each in found]
    widths = [max((len(row[n]) for row in rows), default=0) for n in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[3]]).rstrip()
    caches = "1 cache" if len(found) == 1 else f"{len(found):,} caches"
    yield f"{caches} in {modules:,} {'module' if modules == 1 else 'modules'}"


def _shown(file: str) -> str:
    try:
        return relpath(file)
    except ValueError:
        # On another drive.
        return file


def _code(found: Sequence[Found]) -> Iterator[str]:
    by_adapter: dict[str, dict[str, str]] = {}
    taken: set[str] = set()
    for each in found:
        if each.adapter and each.target not in by_adapter.setdefault(each.adapter, {}).values():
            by_adapter[each.adapter][_name(each.target, taken)] = each.target
    if not by_adapter:
        return
    yield ""
    yield f"from cachetest.adapters import {', '.join(sorted(by_adapter))}"
    yield ""
    yield "patch_caches = ("
    for adapter, targets in sorted(by_adapter.items()):
        yield f"    {adapter}("
        yield from (f'        {name}="{target}",' for name, target in targets.items())
        yield "    ),"
    yield ")"


def _name(target: str, taken: set[str]) -> str:
    """Return a name for *target* that is not *taken*: its last part, with as many before it as are needed."""
    module, _, attribute = target.partition(":")
    parts = [
        *module.split("."),
        *(part for part in attribute.split(".") if part not in ("__wrapped__", "fget")),
    ]
    for n in range(1, len(parts) + 1):
        name = "_".join(parts[-n:]).strip("_")
        if name.isidentifier() and not keyword.iskeyword(name) and name not in (*_TAKEN, *taken):
            taken.add(name)
            return name
    name = next(f"{name}_{n}" for n in range(2, len(taken) + 3) if f"{name}_{n}" not in taken)
    taken.add(name)
    return name
