"""The commands that wait, as BLPOP does: the server keeps them, and no thread stands still for them."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from fakeredis import FakeServer
from fakeredis._helpers import SimpleError

from ..._behaving.clock import clock_in
from ..._recording.locks import make_lock
from .permissions import Permissions
from .slow_log import SlowLog

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._behaving.clock import Clock

__all__ = ["EndOfWaits", "Server", "Wait", "remember"]

_NOTHING = object()
_OVER = "UNBLOCKED the test that it waited in is over, and it would have waited for ever"


class Wait:
    """A command that waits on the connection of *peer*, until it is served, or until *seconds* are over.

    *ready* returns what it waits for, or None; *shape* makes the reply of that, and of None. ``until`` is the
    end by the server's `monotonic`, or None; ``is_over`` says that it ended with its test.
    """

    def __init__(self, peer: Any, ready: Callable[[], Any], shape: Any, seconds: float | None) -> None:
        self.peer = peer
        self.until = peer._server.monotonic() + seconds if seconds else None
        self._ready = ready
        self._shape = shape
        self.is_over = False
        self._then: Callable[[object], None] | None = None
        self._reply: object = _NOTHING

    def look(self, *, time_is_up: bool = False, is_over: bool = False) -> bool:
        """Return whether it has ended, which it does where it can; under the lock of the server."""
        peer = self.peer
        self.is_over = is_over
        try:
            if peer._unblock_reason is not None:
                peer._take_unblock_reason()
                found = None
            elif is_over and self.until is None:
                raise SimpleError(_OVER)
            elif time_is_up or is_over or self._is_up():
                found = None
            else:
                found = self._ready()
                if found is None:
                    return False
            reply = found if self._shape is None else self._shape(found)
        except SimpleError as error:
            reply = error
        self._reply = peer._decode_result(reply)
        return True

    def _is_up(self) -> bool:
        return self.until is not None and self.peer._server.monotonic() >= self.until

    def ended(self, then: Callable[[object], None]) -> bool:
        """Have *then* called with the reply, and return whether it is there; under the lock of the server."""
        self._then = then
        return self._reply is not _NOTHING

    def tell(self) -> None:
        """Tell who waits of the reply, if anybody asked for it yet; without the lock."""
        if self._then is not None:
            self._then(self._reply)


class Server(FakeServer):  # type: ignore[misc]
    """A server of fakeredis on which no thread waits.

    What waits is looked at after each command of whichever connection, those first that wait the longest.
    """

    def __init__(self, shared: dict[str, Any]) -> None:
        """Make one for a scope whose caches share *shared*."""
        super().__init__()
        self._shared = shared
        # Reentrant: a connection that is garbage may be collected, and goes, while this thread holds it.
        self.lock = make_lock()
        # Whether the commands of programs may be executed without fakeredis: see `quick`.
        self.is_plain = True
        # Whether it has what the server of the scope around had: see `store`.
        self.is_copied = False
        self.waits: list[Wait] = []
        # The peers with messages that came of what others did, as those that track keys have.
        self.told: list[Any] = []
        # What it tells of the commands that it executes: see `observing`.
        self.monitors: list[Any] = []
        self.slow_log = SlowLog()
        self.acl = Permissions()
        # When those were put that have lived for a time since, by the number of the database and the key.
        self.born: dict[tuple[int, bytes], float] = {}
        self.executed = 0
        self.executed_by_closed: list[int] = []
        self.connections_before = 0

    def monotonic(self) -> float:
        """Return the time that waits are measured by."""
        return monotonic() + self.ahead()

    def ahead(self) -> float:
        """Return by how many seconds the clock of the scope is ahead."""
        clock: Clock | None = self._shared.get("clock")
        return 0.0 if clock is None else clock.offset

    def serve(self) -> None:
        """Serve what waits; to be called once a command was executed, and recorded."""
        while self.told:
            self.told.pop().tell()
        while self.waits:
            served = []
            with self.lock:
                for wait in self.waits[:]:
                    if wait.look():
                        self._take(wait)
                        served.append(wait)
            if not served:
                break
            for wait in served:
                wait.tell()

    def begin(self, wait: Wait) -> None:
        """Have *wait* wait; under the lock."""
        self.waits.append(wait)
        # Of a wait that has an end, the clock may bring it.
        clock_in(self._shared).tell(self.serve)
        wait.peer.wait = wait
        wait.peer._blocked = True

    def _take(self, wait: Wait) -> None:
        self.waits.remove(wait)
        clock_in(self._shared).tell_no_more(self.serve)
        wait.peer.wait = None
        wait.peer._blocked = False
        wait.peer._unblock_reason = None

    def when_ended(self, wait: Wait, then: Callable[[object], None]) -> None:
        """Have *then* called with the reply of *wait*, at once where it has ended meanwhile."""
        with self.lock:
            is_there = wait.ended(then)
        if is_there:
            wait.tell()

    def end(self, wait: Wait, *, is_over: bool = False) -> None:
        """End *wait*, if it still waits: its time is up, or the test that it waited in *is over*."""
        with self.lock:
            found = wait in self.waits
            if found:
                wait.look(time_is_up=not is_over, is_over=is_over)
                self._take(wait)
        if found:
            wait.tell()

    def drop(self, wait: Wait) -> None:
        """Forget *wait*, whose connection goes."""
        with self.lock:
            if wait in self.waits:
                self._take(wait)


# The servers that something has waited on, by the scope that it is of.
_waited_on: WeakKeyDictionary[Any, WeakSet[Server]] = WeakKeyDictionary()


def remember(scope: object, server: Server) -> None:
    """Have what waits on *server* ended when *scope* closes."""
    _waited_on.setdefault(scope, WeakSet()).add(server)


class EndOfWaits:
    """Ends what waits in *scope* when that closes: a thread would wait for ever, and hold its patches."""

    def __init__(self, scope: object) -> None:
        self._scope = scope

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        for server in list(_waited_on.pop(self._scope, ())):
            for wait in server.waits[:]:
                server.end(wait, is_over=True)
