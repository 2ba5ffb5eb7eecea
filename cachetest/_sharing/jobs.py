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

__all__ = ["JoiningJob", "JoiningToken"]

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
        begin_job(self._parent)
        stops: list[Callable[[], object]] = []
        begin = refuse_outside_scopes(self._parent, stops)
        begin_to_ask(self._parent)
        try:
            return self._function(*args, **kwargs)
        finally:
            forget_waiting(begin)
            forget_job(self._parent)
            for stop in stops:
                stop()
            end_job()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return _job, (self._function, self._parent.as_text())


def _job(function: Callable[..., Any], text: str) -> JoiningJob:
    return JoiningJob(function, Parent.from_text(text))
