"""The command ``python -m cachetest why BEFORE.json AFTER.json``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .reading import read_report
from .why import FAIL_ON, compare

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["why"]


def _kinds(text: str) -> tuple[str, ...]:
    found = tuple(each.strip() for each in text.split(","))
    unknown = [each for each in found if each not in FAIL_ON]
    if unknown:
        known = ", ".join(FAIL_ON)
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {known}")
    return found


def why(arguments: Sequence[str]) -> int:
    """Compare two reports and print how they differ; return 0, or 1 where it is told to fail for that.

    What can't be read, and arguments that are wrong, end it with 2, as unittest and argparse do.
    """
    parser = argparse.ArgumentParser(
        prog="python -m cachetest why",
        description="Tell why the caches of a run missed what those of the run before it hit.",
    )
    parser.add_argument("before", metavar="BEFORE.json", help="the report of the earlier run")
    parser.add_argument("after", metavar="AFTER.json", help="the report of the later run")
    parser.add_argument(
        "--fail-on",
        type=_kinds,
        default=(),
        metavar="KINDS",
        help="exit with 1 where there is a finding of these kinds, separated by commas: miss (hit then, and "
        "missed now), refusal (refused now, and not then)",
    )
    options = parser.parse_args(arguments)
    try:
        found = compare(read_report(options.before), read_report(options.after))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    for line in found.lines():
        # The terminal may have no character for it.
        encoding = sys.stdout.encoding or "utf-8"
        print(line.encode(encoding, "backslashreplace").decode(encoding))
    return 1 if found.failures(options.fail_on) else 0
