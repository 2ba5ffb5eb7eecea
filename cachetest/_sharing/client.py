"""How a child asks: a request goes to its parent over a Unix socket, and what came of it comes back."""

from __future__ import annotations

import pickle
import sys
from _socket import socket
from errno import EBADF, ENOTSOCK
from os import getpid
from typing import TYPE_CHECKING, Any, NoReturn

from .._behaving.call import MISSING
from .._recording.call_sites import CallSite, calling_frame, location_of, this_thread
from .._recording.packages import NO_LIBRARIES, module_of
from ..errors import ChildOperationError
from .joined import BETWEEN, LIBRARIES, current_parent, report
from .naming import process_name

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from .._recording.makers import SavedFrame
    from .joined import Parent

__all__ = ["ERROR", "FOUND", "LENGTH", "NOTHING", "PROTOCOL", "At", "ask", "at_of", "forget", "is_asking"]
__all__ += ["packages_outside", "place_of_frame", "tell"]

At = tuple[str, int, str, str]
"""A line of a child: its file, its number, its function, and the module that it is in."""

LENGTH = 4
"""How many bytes in front of a message say how long it is."""

FOUND, NOTHING, ERROR = range(3)
"""How an answer begins: a value comes, or `MISSING` was found, or an exception comes."""

PROTOCOL = pickle.HIGHEST_PROTOCOL

# More would be had from the system for each message, and given back, which takes longer than all else.
_AT_ONCE = 1 << 13
_AT_MOST = 1 << 20
_KEPT_PLACES = 10_000

# The connections of this process that nobody is using now, by the address of the parent. Taken by pop, given
# back by append: a lock could be held by what a signal handler or a finalizer has interrupted.
_idle: dict[str, list[_Link]] = {}
_process = 0
# Of each parent, by address and serial number, which packages are not the caller.
_outside: dict[tuple[str, int], frozenset[str]] = {}
# The lines that were told of before, by code and instruction; the code lives on, so that its id does.
_places: dict[tuple[int, int], tuple[CodeType, At]] = {}
_said_gone: set[str] = set()


class _ClosedError(Exception):
    """A connection was closed by somebody else before anything was sent."""


class _Link:
    """A connection with the parent, for one request at a time; made with the first."""

    def __init__(self) -> None:
        self.socket: Any = None
        # Who asks, and where, is sent once, and by its number from then on.
        self._heads: dict[tuple[int, str, At], int] = {}

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()

    def asked(self, parent: Parent, request: str, at: At, args: tuple[Any, ...]) -> bytes:
        """Return the answer to a *request*; raises `ChildOperationError` before anything is sent."""
        head = parent.serial, this_thread.name, at
        number = self._heads.get(head)
        try:
            data = pickle.dumps((head if number is None else number, request, args), PROTOCOL)
        except Exception as error:
            raise ChildOperationError(_unsendable(parent, request, at, args, error)) from error
        if self.socket is None:
            self.socket = _connected(parent)
        try:
            self.socket.sendall(len(data).to_bytes(LENGTH, "little") + data)
        except OSError as error:
            if error.errno in (EBADF, ENOTSOCK):
                raise _ClosedError from None
            raise
        if number is None:
            self._heads[head] = len(self._heads)
        answer: bytes = self.socket.recv(_AT_ONCE)
        if len(answer) < LENGTH:
            answer += self._rest(LENGTH - len(answer))
        left = int.from_bytes(answer[:LENGTH], "little") + LENGTH - len(answer)
        return answer[LENGTH:] if not left else answer[LENGTH:] + self._rest(left)

    def _rest(self, length: int) -> bytes:
        found = bytearray()
        while len(found) < length:
            data = self.socket.recv(min(length - len(found), _AT_MOST))
            if not data:
                raise EOFError
            found += data
        return bytes(found)


def forget() -> None:
    """Have no connection: in a forked child, whose parent's they are."""
    global _process
    found = [each for idle in _idle.values() for each in idle]
    _idle.clear()
    _process = getpid()
    for each in found:
        each.close()


def _let_go_of(links: list[_Link]) -> None:
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
    parent = current_parent()
    if parent is None or not parent.address:
        raise ChildOperationError(f"{request!r} can't be asked for: this is no child of a test")
    if at is None:
        at = at_of(sys._getframe(1), LIBRARIES)
    if _process != getpid():
        forget()
    idle = _idle.get(parent.address)
    if idle is None:
        idle = _idle.setdefault(parent.address, [])
    try:
        link = idle.pop()
    except IndexError:
        link = _Link()
    try:
        answer = link.asked(parent, request, at, args)
    except ChildOperationError:
        idle.append(link)
        raise
    except _ClosedError:
        # A daemon closes all that it has open, and may have other files of these numbers by now.
        _let_go_of([link, *idle])
        idle.clear()
        return ask(request, *args, at=at)
    except (OSError, EOFError):
        link.close()
        _say_gone(parent, request, args)
    except BaseException:
        # Half of an answer may be on its way.
        link.close()
        raise
    idle.append(link)
    kind = answer[0]
    if kind == NOTHING:
        return MISSING
    try:
        found = pickle.loads(memoryview(answer)[1:])
    except Exception as error:
        raise ChildOperationError(_unreadable(parent, request, at, args, error)) from error
    if kind == ERROR:
        raise found
    return found


def tell(request: str, *args: Any, at: At | None = None) -> None:
    """Have the parent do *request*, whatever comes of it.

    It is waited for all the same: a child may end right after, and its parent look.
    """
    ask(request, *args, at=at or at_of(sys._getframe(1), LIBRARIES))


def _unsendable(parent: Parent, request: str, at: At, args: tuple[Any, ...], error: Exception) -> str:
    from .._telling.formatting import short_repr

    words = ("cache", "key", "value")
    for n, each in enumerate(args):
        try:
            pickle.dumps(each, PROTOCOL)
        except Exception:
            what = words[n] if n < len(words) else "argument"
            of_key = f" for key {short_repr(args[1])}" if what == "value" else ""
            return (
                f"a {request} of cache {args[0]!r} can't be asked of process {parent.process}: the {what}"
                f"{of_key}, a {type(each).__module__}.{type(each).__qualname__}, can't be pickled "
                f"({type(error).__name__}: {error}), at {at[0]}:{at[1]} in {at[2]}"
            )
    return f"a {request} can't be asked of process {parent.process}: {type(error).__name__}: {error}"


def _unreadable(parent: Parent, request: str, at: At, args: tuple[Any, ...], error: Exception) -> str:
    of_cache = f" of cache {args[0]!r}" if args else ""
    return (
        f"what a {request}{of_cache} came to in process {parent.process} can't be read in child process "
        f"{getpid()}: {type(error).__name__}: {error}, at {at[0]}:{at[1]} in {at[2]}"
    )


def _connected(parent: Parent) -> Any:
    from _socket import AF_UNIX, SOCK_STREAM

    # Not by `socket.socket`, which a program, or what watches its tests, may have replaced.
    made = socket(AF_UNIX, SOCK_STREAM)
    try:
        made.connect(parent.address)
        hello = BETWEEN.join([parent.key, str(getpid()), process_name(parent.how)]).encode()
        made.sendall(len(hello).to_bytes(LENGTH, "little") + hello)
    except OSError:
        made.close()
        raise
    return made


def _say_gone(parent: Parent, request: str, args: tuple[Any, ...]) -> NoReturn:
    at = CallSite(sys._getframe(2), LIBRARIES)
    what = f"a {request} of cache {args[0]!r}" if args else f"a {request}"
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
    about = parent.address, parent.serial
    found = _outside.get(about)
    if found is None:
        found = _outside[about] = frozenset(ask("outside", at=("", 0, "", "cachetest")))
    return found
