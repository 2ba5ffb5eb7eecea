"""Write the rows of checks.py into CONTRIBUTING.rst; with --check, fail when its tables are out of date."""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from check_tox import REQUIRED
from checks import CHECKS, STEPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "CONTRIBUTING.rst"
# These two are no environments of tox.
README = {"README 1", "README 2"}


def table(widths: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return *rows* as a list-table of reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for row in (head, *rows):
        for marker, cell in zip(["* -", *["  -"] * (len(row) - 1)], row, strict=True):
            lines.append(f"   {marker} {cell}".rstrip())
    return "\n".join(lines)


TABLES = {
    "checks": table("44 20 14 22", ["What is shown", "Before", "Now", "Why there"], CHECKS),
    "steps": table("55 15 15 15", ["Step", "Before", "Now", "CPU, now"], STEPS),
}


def names(places: str) -> set[str]:
    """Return the environments in a cell of the table."""
    return set(re.sub(r" \(.*?\)", "", places).split(", "))


def check_places() -> None:
    """Assert that each environment shows something, and that each thing is shown in one of them."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    known = {each.strip() for each in tox["tox"]["env_list"].split(",")} | README
    for section in tox:
        # One section for several, as testenv:torch2_{6,9} is.
        several_of = re.fullmatch(r"testenv:(\w+)\{([\w,]+)\}", section)
        if several_of:
            known |= {several_of[1] + each for each in several_of[2].split(",")}
    shown = set().union(*(names(check.now) for check in CHECKS))
    assert shown <= known, shown - known
    assert shown >= REQUIRED | README, (REQUIRED | README) - shown
    several = [check.what for check in CHECKS if len(names(check.now)) > 1]
    assert several == ["The sdist's tests pass on the wheel, outside the checkout"], several
    exhaustive = [name for name in tox if "{env:CACHETEST_EXHAUSTIVE:1}" in tox[name].get("set_env", "")]
    assert exhaustive == ["testenv:py313"], exhaustive


def with_tables(text: str) -> str:
    """Return *text* with each table between its marks."""
    for name, rows in TABLES.items():
        text, found = re.subn(
            rf"(\.\. {name}: begin\n)(?s:.*)(\n\.\. {name}: end\n)",
            lambda match, rows=rows: f"{match[1]}\n{rows}\n{match[2]}",
            text,
        )
        assert found == 1, name
    return text


def main() -> int:
    """Write the tables, or compare them."""
    check_places()
    found = PAGE.read_text(encoding="utf-8")
    wanted = with_tables(found)
    if "--check" not in sys.argv:
        PAGE.write_text(wanted, encoding="utf-8")
    elif found != wanted:
        print("the tables in CONTRIBUTING.rst are out of date: run python .ci/checks_table.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
