"""``python -m cachetest``: runs tests as ``python -m unittest`` does, and has commands of its own."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

COMMANDS = {
    "find": ("_reports.find", "find"),
    "run": ("_reports.program", "run_program"),
    "why": ("_reports.command", "why"),
}
"""The commands by name: the file of each, and the function that is given its arguments."""


def main(arguments: Sequence[str]) -> int:
    """Do what *arguments* ask for, and return the exit code: where they begin with no command, run tests."""
    name = arguments[0] if arguments else ""
    module, function = COMMANDS.get(name, ("_reports.runner", "run"))
    command: Callable[[Sequence[str]], int] = getattr(import_module(f"{__package__}.{module}"), function)
    return command(arguments[1:] if name in COMMANDS else arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
