"""A caller in a process of its own, and how what comes of it is sent from there."""

from __future__ import annotations

import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any

from ..errors import ChildOperationError
from .callers import is_to_be_awaited

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PATIENCE", "ProcessCaller", "sent"]

PATIENCE = 5.0
"""So many seconds has a process to end when it is done."""


class ProcessCaller:
    """One caller, in a process of its own: its ``value``, or the ``error`` that it raised."""

    value: Any = None
    error: BaseException | None = None

    def __init__(self, call: Callable[..., None], number: int, function: Callable[[], Any]) -> None:
        from multiprocessing import get_context

        self.number = number
        context = get_context("fork")
        self.begun, self.begin = context.Pipe(duplex=False)
        self.results, self.result = context.Pipe(duplex=False)
        self.process = context.Process(target=call, args=(self, function), name=f"caller {number}")

    def start(self) -> None:
        """Make the process, which waits until it is told to begin."""
        self.process.start()
        # What only the child has is closed when that ends.
        self.begun.close()
        self.result.close()

    def take_result(self) -> bool:
        """Return whether it is done, and its result has been taken."""
        if not self.results.poll(0):
            return False
        try:
            self.value, self.error = self.results.recv()
        except EOFError:
            self.process.join(PATIENCE)
            self.error = ChildProcessError(
                f"caller {self.number} has ended without a result, {_of_code(self.process.exitcode)}"
            )
        except Exception as error:
            self.error = ChildOperationError(
                f"what came of caller {self.number} can't be read here: {type(error).__name__}: {error}"
            )
        return True

    def end(self, patience: float) -> None:
        """Wait until the process has ended, so many seconds at most; then end it."""
        if self.process.ident is not None:
            self.process.join(patience)
            if self.process.exitcode is None:
                self.process.kill()
                self.process.join()
        for each in (self.begun, self.begin, self.results, self.result):
            each.close()


def _of_code(code: int | None) -> str:
    if code is not None and code < 0:
        return f"by {signal.Signals(-code).name}"
    return f"with exit code {code}"


def sent(number: int, value: Any, error: BaseException | None) -> bytes:
    """Return what the caller of *number* sends, which has returned *value* or raised *error*."""
    from multiprocessing.reduction import ForkingPickler

    if error is None and is_to_be_awaited(value):
        close = getattr(value, "close", None)
        if close is not None:
            close()
        error = TypeError(
            f"a caller in a process of its own returned {value!r}, which is to be awaited: give a function "
            "that does that, such as lambda: asyncio.run(...)"
        )
    if error is not None:
        return bytes(ForkingPickler.dumps((None, _sendable(error))))
    try:
        return bytes(ForkingPickler.dumps((value, None)))
    except Exception as found:
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        told = ChildOperationError(
            f"what caller {number} returned, a {kind}, can't be pickled, and so not be had from its process: "
            f"{type(found).__name__}: {found}"
        )
        return bytes(ForkingPickler.dumps((None, told)))


def _sendable(error: BaseException) -> BaseException:
    import pickle

    lines = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        found: BaseException = pickle.loads(pickle.dumps(error))
    except Exception:
        found = ChildOperationError(f"{type(error).__qualname__}: {error}")
    if sys.version_info >= (3, 11):
        found.add_note(f"in a process of its own:\n{lines}")
    return found
