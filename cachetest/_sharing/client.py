"""How a child asks: a request goes to its parent over a Unix socket, and what came of it comes back."""

from __future__ import annotations

import os
import pickle
import sys
from os import getpid
from typing import TYPE_CHECKING, Any, NoReturn

from .._behaving.call import MISSING
from .._recording.call_sites import CallSite, calling_frame, location_of
from .._recording.packages import NO_LIBRARIES, module_of
from ..errors import ChildOperationError
from .joined import LIBRARIES, current_parent, report
from .links import BYTES, ERROR, NONE, NOTHING, TEXT, ClosedError, Link

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from .._recording.makers import SavedFrame
    from .joined import Parent
    from .links import At

__all__ = ["ask", "ask_from", "at_of", "forget", "is_asking", "packages_outside", "place_of_frame", "tell"]

_KEPT_PLACES = 10_000

# The connections of this process that nobody is using now, by the address of the parent. Taken by pop, given
# back by append: a lock could be held by what a signal handler or a finalizer has interrupted.
_idle: dict[str, list[Link]] = {}
_process = getpid()
# The lines that were told of before, by code and instruction; the code lives on, so that its id does.
_places: dict[tuple[int, int], tuple[CodeType, At]] = {}
_said_gone: set[str] = set()


def forget() -> None:
    """Have no connection: in a forked child, whose parent's they are."""
    global _process
    if _process == getpid():
        return
    _process = getpid()
    found = [each for idle in _idle.values() for each in idle]
    _idle.clear()
    for each in found:
        each.close()


# By itself too: not every child that asks has what is told of a fork before it.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)


def _let_go_of(links: list[Link]) -> None:
    """Close none of *links*: their numbers are those of other files, if of any."""
    for each in links:
        if each.socket is not None:
            each.socket.detach()


def is_asking() -> Parent | None:
    """Return the parent that this process asks now; None where it has none that can be asked."""
    parent = current_parent()
    return parent if parent is not None and parent.address else None


def ask(request: str, *args: Any, at: At | None = None) -> Any:
    """Have the parent do *request* with *args*, as this thread at the line *at*, and return what came of it.

    What it raises there is raised here. Raises `ChildOperationError` where the parent is gone, and where
    something can't be pickled.
    """
    parent = is_asking()
    if parent is None:
        raise _no_child(request)
    if at is None:
        at = at_of(sys._getframe(1), LIBRARIES)
    cache = None
    if args and type(args[0]) is str:
        cache, *args = args  # type: ignore[assignment]
    return _asked(parent, at, request, cache, tuple(args))


def ask_from(frame: FrameType, libraries: frozenset[str], request: str, cache: str | None, *args: Any) -> Any:
    """Do what `ask` does, of *cache*, at the line that *frame* is in, or was called from by *libraries*."""
    parent = current_parent()
    if parent is None or not parent.address:
        raise _no_child(request)
    outside = packages_outside() if parent.outside is None else parent.outside
    found = calling_frame(frame, libraries | outside if outside else libraries)
    known = _places.get((id(found.f_code), found.f_lasti))
    at = place_of_frame(found) if known is None else known[1]
    return _asked(parent, at, request, cache, args)


def _no_child(request: str) -> ChildOperationError:
    return ChildOperationError(f"{request!r} can't be asked for: this is no child of a test")


def _asked(parent: Parent, at: At, request: str, cache: str | None, args: tuple[Any, ...]) -> Any:
    idle = _idle.get(parent.address)
    if idle is None:
        idle = _idle.setdefault(parent.address, [])
    try:
        link = idle.pop()
    except IndexError:
        link = Link()
    try:
        kind, data = link.asked(parent, at, request, cache, args)
    except ChildOperationError:
        idle.append(link)
        raise
    except ClosedError:
        # A daemon closes all that it has open, and may have other files of these numbers by now.
        _let_go_of([link, *idle])
        idle.clear()
        return _asked(parent, at, request, cache, args)
    except (OSError, EOFError):
        link.close()
        _say_gone(parent, request, cache)
    except BaseException:
        # Half of an answer may be on its way.
        link.close()
        raise
    idle.append(link)
    if kind == NOTHING:
        return MISSING
    if kind == TEXT:
        return str(data, "ascii")
    if kind == BYTES:
        return bytes(data)
    if kind == NONE:
        return None
    try:
        found = pickle.loads(data)
    except Exception as error:
        raise ChildOperationError(_unreadable(parent, at, request, cache, error)) from error
    if kind == ERROR:
        raise found
    return found


def tell(request: str, *args: Any, at: At | None = None) -> None:
    """Have the parent do *request*, whatever comes of it.

    It is waited for all the same: a child may end right after, and its parent look.
    """
    ask(request, *args, at=at or at_of(sys._getframe(1), LIBRARIES))


def _unreadable(parent: Parent, at: At, request: str, cache: str | None, error: Exception) -> str:
    of_cache = "" if cache is None else f" of cache {cache!r}"
    return (
        f"what a {request}{of_cache} came to in process {parent.process} can't be read in child process "
        f"{getpid()}: {type(error).__name__}: {error}, at {at[0]}:{at[1]} in {at[2]}"
    )


def _say_gone(parent: Parent, request: str, cache: str | None) -> NoReturn:
    at = CallSite(sys._getframe(1), LIBRARIES)
    what = f"a {request}" if cache is None else f"a {request} of cache {cache!r}"
    text = (
        f"process {parent.process}, in which {parent.test} was running, answers no more: what child process "
        f"{getpid()}, {parent.how}, does reaches no cache"
    )
    if parent.address not in _said_gone:
        _said_gone.add(parent.address)
        # It may be there, and out of reach: for a child that has another root by now.
        report(parent, "used", f"{what}, at {at}, since it could not ask for it")
        print(f"cachetest: {text}", file=sys.stderr)
    raise ChildOperationError(f"{text}, at {at}")


def at_of(frame: FrameType, libraries: frozenset[str] = NO_LIBRARIES) -> At:
    """Return the line that an operation is logged with which *frame* asked for; see `calling_frame`."""
    outside = packages_outside()
    found = calling_frame(frame, libraries | outside if outside else libraries)
    return place_of_frame(found)


def place_of_frame(found: FrameType | SavedFrame) -> At:
    """Return the line that *found* is at."""
    code, instruction = found.f_code, found.f_lasti
    known = _places.get((id(code), instruction))
    if known is None:
        if len(_places) > _KEPT_PLACES:
            _places.clear()
        place: At = (*location_of(code, instruction), module_of(found))
        _places[id(code), instruction] = known = code, place
    return known[1]


def packages_outside() -> frozenset[str]:
    """Return the packages that are not the caller for the test of the parent."""
    parent = is_asking()
    if parent is None:
        return NO_LIBRARIES
    if parent.outside is None:
        parent.outside = frozenset(ask("outside", at=("", 0, "", "cachetest")))
    return parent.outside
