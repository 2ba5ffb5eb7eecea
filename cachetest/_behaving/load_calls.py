"""Seeing calls of a function of the program, by its code: decorators, closures and threads don't matter."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["Profile", "Watched", "arguments_of", "code_of", "releases_for_others"]

_GENERATORS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def code_of(load: object) -> CodeType:
    """Return the code of *load*, a function or its import path; ``TypeError`` where it has none."""
    found: Any = _imported(load) if isinstance(load, str) else load
    while True:
        if isinstance(found, (staticmethod, classmethod)) or inspect.ismethod(found):
            found = found.__func__
        elif isinstance(found, functools.partial):
            found = found.func
        elif hasattr(found, "__wrapped__"):
            found = found.__wrapped__
        else:
            break
    if not isinstance(found, (FunctionType, type)) and not isinstance(found, str) and callable(found):
        found = getattr(type(found).__call__, "__func__", type(found).__call__)
    if not isinstance(found, FunctionType) or type(load).__module__ == "unittest.mock":
        raise TypeError(
            "load must be a function of Python, or its import path such as 'shop.catalog:load', not "
            f"{load!r}: its calls are counted by its code"
        )
    return found.__code__


def _imported(path: str) -> Any:
    import pkgutil

    module, colon, attribute = path.partition(":")
    if not colon or not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
        raise ValueError(f"load={path!r}: expected a string like 'package.module:function', or the function")
    try:
        return pkgutil.resolve_name(path)
    except (ImportError, AttributeError) as error:
        raise ImportError(f"load={path!r}: {error}") from error


def arguments_of(frame: FrameType) -> tuple[object, ...]:
    """Return the arguments of a call that begins."""
    code, values = frame.f_code, frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[: count + bool(code.co_flags & 4) + bool(code.co_flags & 8)]
    return tuple(_hashable(values.get(name)) for name in names)


def _hashable(value: object) -> object:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def _first_instruction(code: CodeType) -> int:
    """Return where a call of *code* begins: a generator, or a coroutine, is called each time it goes on."""
    if sys.version_info < (3, 11):
        return -1
    import dis

    return next((each.offset for each in dis.get_instructions(code) if each.opname == "RESUME"), 0)


class Watched:
    """Has *begin* called with the frame of each call of *code*, and *end* after it, if given.

    From Python 3.12 on that is by ``sys.monitoring``, on all threads. Before, it is up to each `Profile`.
    """

    def __init__(
        self,
        code: CodeType,
        begin: Callable[[FrameType], object],
        end: Callable[[FrameType], object] | None = None,
    ) -> None:
        self.code = code
        self.begin = begin
        self.end = end
        self.first = _first_instruction(code)
        self.tool: int | None = None
        self._name = f"cachetest {id(self)}"

    def start(self) -> None:
        """Begin to see calls, on all threads where that can be."""
        monitoring: Any = getattr(sys, "monitoring", None)
        if monitoring is None:
            return
        self.tool = next((each for each in (4, 3, 2, 1, 0, 5) if monitoring.get_tool(each) is None), None)
        if self.tool is None:
            return
        events = monitoring.events
        monitoring.use_tool_id(self.tool, self._name)
        monitoring.register_callback(self.tool, events.PY_START, self._on_start)
        watched = events.PY_START
        if self.end is not None:
            monitoring.register_callback(self.tool, events.PY_RETURN, self._on_return)
            watched |= events.PY_RETURN
        monitoring.set_local_events(self.tool, self.code, watched)

    def stop(self) -> None:
        """See no more; it may be repeated."""
        monitoring: Any = getattr(sys, "monitoring", None)
        tool = self.tool
        if tool is None:
            return
        # It is not, where it was interrupted as it began, or has been stopped.
        if monitoring.get_tool(tool) == self._name:
            monitoring.set_local_events(tool, self.code, 0)
            for event in (monitoring.events.PY_START, monitoring.events.PY_RETURN):
                monitoring.register_callback(tool, event, None)
            monitoring.free_tool_id(tool)
        self.tool = None

    def _on_start(self, code: CodeType, offset: int) -> None:
        # The tool was another's before, or is by now, for other code.
        if code is self.code:
            self.begin(sys._getframe(1))

    def _on_return(self, code: CodeType, offset: int, value: object) -> None:
        if code is self.code and self.end is not None:
            self.end(sys._getframe(1))


_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_RELEASES = frozenset({"__exit__", "release", "release_lock"})
_FILE_LOCKS = frozenset({"flock", "lockf"})


def _releases(function: Any) -> bool:
    """Return whether *function*, which is in C, has released a lock of threads."""
    return getattr(function, "__name__", "") in _RELEASES and isinstance(
        getattr(function, "__self__", None), _LOCKS
    )


def releases_for_others(function: Any) -> bool:
    """Return whether *function* may have released a lock that other processes wait for.

    Which one of a file does, and which takes it, can't be told.
    """
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    if name in _RELEASES:
        return type(owner).__module__ == "_multiprocessing"
    return name in _FILE_LOCKS and getattr(owner, "__name__", "") == "fcntl"


class Profile:
    """The profile function of one thread: it sees calls of *watched* code, and locks being released.

    *released* is called with the frame that has released one, as far as *releases* says so; it returns
    whether to go on seeing that.
    """

    def __init__(
        self,
        watched: Watched | None = None,
        released: Callable[[FrameType], bool] | None = None,
        releases: Callable[[Any], bool] = _releases,
    ) -> None:
        self._watched = watched if watched is not None and watched.tool is None else None
        self._released = released
        self._releases = releases
        self._found: Any = None
        self._is_on = False

    def start(self) -> None:
        """Begin on the calling thread, unless there is nothing to see."""
        if self._watched is not None or self._released is not None:
            self._found = sys.getprofile()
            self._is_on = True
            sys.setprofile(self)

    def stop(self) -> None:
        """End on the calling thread, and put back what was there."""
        if self._is_on:
            self._is_on = False
            if sys.getprofile() is self:
                sys.setprofile(self._found)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if callable(self._found):
            self._found(frame, event, argument)
        watched = self._watched
        if event == "c_return":
            if self._released is not None and self._releases(argument) and not self._released(frame):
                self._released = None
        elif watched is not None and frame.f_code is watched.code:
            if event == "call" and frame.f_lasti == watched.first:
                watched.begin(frame)
            elif event == "return" and watched.end is not None and not _suspends(frame):
                watched.end(frame)
        if watched is None and self._released is None:
            # It makes each call slower.
            self.stop()


def _suspends(frame: FrameType) -> bool:
    return bool(frame.f_code.co_flags & _GENERATORS)
