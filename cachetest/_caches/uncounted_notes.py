"""How an operation that no test counts is kept until it is told of, and the lines that tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._recording.uncounted import UncountedOperation, add_uncounted

if TYPE_CHECKING:
    from .._recording.operation import Operation
    from .._recording.uncounted import TestScope

__all__ = ["lines_left", "note_uncounted"]


def lines_left() -> list[str]:
    """Return the lines that end a report: the operations that no test counted."""
    # Loaded here: only a report needs it.
    from .._telling.uncounted_lines import left_lines

    return left_lines()


def note_uncounted(suspects: tuple[TestScope, ...], ended: TestScope | None, operation: Operation) -> None:
    """Keep *operation* until it is told of; *suspects* and *ended* are as for `UncountedOperation`."""
    add_uncounted(UncountedOperation(operation, suspects, ended))
    if not suspects:
        from .._telling.uncounted_lines import tell_at_exit

        tell_at_exit()
