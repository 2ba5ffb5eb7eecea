"""``python -m cachetest``: the commands of the package."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

COMMANDS = {"why": ("_reports.command", "why")}
"""The commands by name: the file of each, and the function that is given its arguments."""


def main(arguments: Sequence[str]) -> int:
    """Do what *arguments* ask for, and return the exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        given = f"{arguments[0]!r} is no command" if arguments else "a command is missing"
        print(f"python -m cachetest: {given}: there is {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    module, name = COMMANDS[arguments[0]]
    command: Callable[[Sequence[str]], int] = getattr(import_module(f"{__package__}.{module}"), name)
    return command(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
