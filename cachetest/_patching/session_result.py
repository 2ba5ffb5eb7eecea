"""What the end of a session has to tell, and how it is told."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

from ..errors import CacheTestWarning, LateOperationWarning

if TYPE_CHECKING:
    from .._recording.call_sites import Location

__all__ = ["SessionResult"]


class SessionResult(NamedTuple):
    """The findings at the end of a session.

    ``problems`` make it fail; ``warnings`` tell what other scopes have left behind; ``cause`` is the
    exception that kept a patch from being undone.
    """

    problems: list[str]
    warnings: list[str]
    cause: Exception | None

    def raise_or_warn(
        self, where: Location, failure: type[BaseException], in_flight: BaseException | None = None
    ) -> None:
        """Warn at the line *where* of what others left, then raise *failure* if there are problems.

        While an exception is *in_flight* the problems are a warning too and nothing is raised: the exception
        says what went wrong first.
        """
        # Loaded here: where all is well there is nothing to tell.
        from .._telling.failures import join_problems

        late = [(text, LateOperationWarning) for text in self.warnings]
        own = (
            [(join_problems(self.problems), CacheTestWarning)]
            if self.problems and in_flight is not None
            else []
        )
        raised = None
        for text, category in [*late, *own]:
            # Each is told, also where warnings are errors.
            try:
                warnings.warn_explicit(text, category, where.filename, where.lineno)
            except CacheTestWarning as warning:
                raised = raised or warning
        if in_flight is not None:
            return
        if self.problems:
            raise failure(join_problems(self.problems)) from self.cause
        if raised is not None:
            raise raised
