"""What is pickled for another process: it joins as it is unpickled."""

from __future__ import annotations

import os
from os import getpid

from .imports import forget_waiting
from .joined import Parent, begin_job, end_job
from .libraries import begin_to_ask, forget_job, refuse_outside_scopes

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["JoiningJob", "JoiningName", "JoiningToken"]

# What rides with a spawned child is unpickled before it has its sys.path, so it brings the package's folder.
_SOURCE = """
import sys
sys.path.insert(0, folder)
try:
    from cachetest._sharing.join import join_as
finally:
    sys.path.remove(folder)
join_as(text)
"""
_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class JoiningToken:
    """Joins, in the child that unpickles it, the test of *parent*."""

    def __init__(self, parent: Parent) -> None:
        self._parent = parent

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (_SOURCE, {"folder": _FOLDER, "text": self._parent.as_text()})


class JoiningJob:
    """A function that works for the test of *parent* while it is called, also in a process from before."""

    def __init__(self, function: Callable[..., Any], parent: Parent) -> None:
        self._function = function
        self._parent = parent
        # What looks at a function finds this one's name.
        self.__wrapped__ = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if getpid() == self._parent.process:
            # It is no job for another process after all.
            return self._function(*args, **kwargs)
        end = _begun(self._parent)
        try:
            return self._function(*args, **kwargs)
        finally:
            end()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return _job, (self._function, self._parent.as_text())


def _begun(parent: Parent) -> Callable[[], object]:
    """Work for the test of *parent* from now on, until what is returned is called."""
    begin_job(parent)
    stops: list[Callable[[], object]] = []
    begin = refuse_outside_scopes(parent, stops)
    begin_to_ask(parent)

    def end() -> None:
        forget_waiting(begin)
        forget_job(parent)
        for stop in stops:
            stop()
        end_job()

    return end


def _job(function: Callable[..., Any], text: str) -> JoiningJob:
    return JoiningJob(function, Parent.from_text(text))


class JoiningName(str):
    """The name of a test, for processes that do one after the other: who unpickles it works for that test.

    It is until the next one is unpickled.
    """

    __slots__ = ("_parent",)
    _parent: Parent

    def __new__(cls, name: str, parent: Parent) -> JoiningName:
        made = super().__new__(cls, name)
        made._parent = parent
        return made

    def done(self) -> bool:
        """Return whether all have done the test: whoever gives it to them waits for that."""
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        return _name, (str(self), self._parent.as_text())


# What ends the work for the test that this process was given last.
_end_last: Callable[[], object] | None = None


def _name(name: str, text: str) -> str:
    global _end_last
    parent = Parent.from_text(text)
    if getpid() != parent.process:
        end, _end_last = _end_last, None
        if end is not None:
            end()
        _end_last = _begun(parent)
    return name
