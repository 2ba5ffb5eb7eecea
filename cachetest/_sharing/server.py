"""The server: one thread of the parent, which does what its children ask for, one request after the other.

It listens on a Unix socket in a folder that nobody else can enter, and whoever connects has to know a random
key before anything that it sends is unpickled. A fork with a thread beside it is warned of, so the thread is
gone before each, and comes back after it.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from _thread import allocate_lock, start_new_thread
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from .._behaving import quiet
from .._recording.call_sites import without_thread
from .._recording.locks import make_lock
from .connections import Connection

if TYPE_CHECKING:
    from .connections import Answer

__all__ = ["Server", "close", "connected_processes", "forget", "forking", "hand_over", "pause", "resume"]
__all__ += ["start"]

# A fork waits so many seconds for the request that is being done, which may wait for who forks.
_PATIENCE = 1.0

# By which the thread is told to end, and to look again at connections.
_END, _LOOK = b"x", b"r"

_lock = make_lock(7)
_server: Server | None = None
_paused = 0
forking: dict[int, Any] = {}
"""The threads that are in our wrapper of ``os.fork``, which has paused the server and resumes it.

Each has the child that it has forked, once there is one.
"""


class _Run:
    """One stay of the thread, from its start until it is told to end."""

    def __init__(self) -> None:
        self.waking, self.wake = os.pipe()
        self.has_ended = allocate_lock()
        self.has_ended.acquire()
        self.native_id = 0
        # Whose it is: a thread that waits in the middle of a request has handed it over.
        self.thread = 0

    def end(self) -> None:
        """Have the thread end after the request that it does, and wait until the system has none."""
        os.write(self.wake, _END)
        if self.has_ended.acquire(timeout=_PATIENCE):
            _await_gone(self.native_id)
            os.close(self.wake)
            os.close(self.waking)


def _await_gone(thread: int) -> None:
    until = monotonic() + _PATIENCE
    path = f"/proc/self/task/{thread}"
    while os.path.exists(path) and monotonic() < until:
        sleep(0.00002)


class Server:
    """A socket that children connect to, with a thread that *answer* is called on while it runs."""

    def __init__(self, folder: str, answer: Answer) -> None:
        """Listen in *folder*, which is to be nobody else's; raises ``OSError`` where that can't be done."""
        from _socket import AF_UNIX, SOCK_STREAM, socket

        self.key = os.urandom(32).hex()
        self.address = os.path.join(folder, "socket")
        self._answer = answer
        self._connections: dict[int, Connection] = {}
        self._run: _Run | None = None
        # The connection whose request is being done, and those whose request another thread has done.
        self._in_hand: Connection | None = None
        self._done_apart: list[tuple[int, Connection]] = []
        # Not `socket.socket`, which a program, or what watches its tests, may have replaced.
        self._listening: Any = socket(AF_UNIX, SOCK_STREAM)
        try:
            self._listening.bind(self.address)
            self._listening.listen(128)
            self._listening.setblocking(False)
        except OSError:
            self._listening.close()
            raise

    def processes(self) -> set[int]:
        """Return the processes that are connected."""
        return {each.process for each in list(self._connections.values()) if each.process}

    def start(self) -> None:
        """Have the thread run."""
        if self._run is None:
            run = self._run = _Run()
            start_new_thread(self._serve, (run,))

    def stop(self) -> None:
        """Have no thread any more; connections stay, and what is sent to them waits."""
        run, self._run = self._run, None
        if run is not None:
            run.end()

    def close(self) -> None:
        """Stop, and drop all connections; in a forked child that is all, and the parent goes on with them."""
        for each in list(self._connections.values()):
            each.close()
        self._connections.clear()
        self._listening.close()

    def hand_over(self) -> None:
        """Have another thread go on, where this one serves: it is about to wait in a request."""
        run = self._run
        if run is not None and run.thread == threading.get_ident():
            run.thread = 0
            if self._in_hand is not None:
                self._in_hand.is_held = True
            start_new_thread(self._serve, (run,))

    def _serve(self, run: _Run) -> None:
        here = threading.get_ident()
        run.native_id, run.thread = threading.get_native_id(), here
        if hasattr(signal, "pthread_sigmask"):
            # They are for the threads of the program, one of which may wait to be interrupted.
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        if threading.gettrace() is not None:
            # As `threading` does for its own: what is called here may be of the program.
            sys.settrace(threading.gettrace())
        self._serve_until_its_end(run, here)

    def _serve_until_its_end(self, run: _Run, here: int) -> None:
        without_thread.add(here)
        quiet.left_out[here] = threading.get_native_id()
        try:
            self._loop(run)
        finally:
            quiet.left_out.pop(here, None)
            without_thread.discard(here)
            # Whatever has asked for the thread by `threading` has made one.
            threading._active.pop(here, None)  # type: ignore[attr-defined]
            if run.thread == here:
                run.has_ended.release()

    def _loop(self, run: _Run) -> None:
        # The same, and quicker where nothing has come yet.
        poll: Any = getattr(select, "epoll", select.poll)()
        listening, waking, here = self._listening.fileno(), run.waking, threading.get_ident()
        connections = self._connections
        for each in (waking, listening):
            poll.register(each, select.POLLIN)
        for each, connection in list(connections.items()):
            if not connection.is_held:
                poll.register(each, select.POLLOUT if connection.outbox else select.POLLIN)
        while True:
            for descriptor, event in poll.poll():
                in_hand = connections.get(descriptor)
                if in_hand is not None:
                    self._in_hand = in_hand
                    self._go_on(poll, descriptor, in_hand, event)
                    if run.thread != here:
                        # What else there is the other one sees.
                        self._give_back(run, descriptor, in_hand)
                        return
                elif descriptor == listening:
                    self._accept(poll)
                elif descriptor == waking:
                    if os.read(waking, 1) == _END:
                        return
                    self._take_back(poll)

    def _give_back(self, run: _Run, descriptor: int, connection: Connection) -> None:
        """Have the thread that goes on look at *connection* again, whose request this one has done."""
        with _lock:
            if self._connections.get(descriptor) is not connection:
                return
            connection.is_held = False
            if self._run is run:
                self._done_apart.append((descriptor, connection))
                os.write(run.wake, _LOOK)

    def _take_back(self, poll: Any) -> None:
        while self._done_apart:
            descriptor, connection = self._done_apart.pop()
            # A thread that began meanwhile has it already.
            if self._connections.get(descriptor) is connection:
                with suppress(FileExistsError):
                    poll.register(descriptor, select.POLLOUT if connection.outbox else select.POLLIN)

    def _accept(self, poll: Any) -> None:
        from _socket import socket

        try:
            descriptor, _ = self._listening._accept()
        except OSError:
            return
        made = socket(fileno=descriptor)
        made.setblocking(False)
        self._connections[descriptor] = Connection(made, self.key.encode(), self._answer)
        poll.register(descriptor, select.POLLIN)

    def _go_on(self, poll: Any, descriptor: int, connection: Connection, event: int) -> None:
        """Read from a *connection*; or send what has waited, which comes before anything new is read."""
        try:
            if connection.outbox:
                connection.send()
            else:
                connection.read()
        except BlockingIOError:
            # A thread that a fork has waited for in vain has read it before it ended.
            return
        except (OSError, EOFError, ValueError):
            with suppress(OSError, KeyError):
                poll.unregister(descriptor)
            self._connections.pop(descriptor, None)
            connection.close()
            return
        wanted = select.POLLOUT if connection.outbox else select.POLLIN
        if connection.is_held:
            return
        if not event & wanted:
            poll.modify(descriptor, wanted)


def start(folder: str, answer: Answer) -> Server | None:
    """Return a server of this process; it runs, unless a fork is about to be made.

    None where there are no Unix sockets, or no room for one.
    """
    global _server
    if sys.platform == "win32":
        return None
    with _lock:
        if _server is None:
            with suppress(OSError):
                _server = Server(folder, answer)
        if _server is not None and not _paused:
            _server.start()
        return _server


def connected_processes() -> set[int]:
    """Return the children that are connected."""
    found = _server
    return set() if found is None else found.processes()


def close() -> None:
    """Have no server any more."""
    global _server
    with _lock:
        found, _server = _server, None
        if found is not None:
            found.stop()
            found.close()


def hand_over() -> None:
    """Have another thread serve the other children, where this one serves one, and is about to wait."""
    found = _server
    if found is not None:
        found.hand_over()


def pause() -> None:
    """Have no thread until `resume`: a fork is about to be made."""
    global _paused
    with _lock:
        _paused += 1
        if _server is not None:
            _server.stop()


def resume() -> None:
    """Have the thread run again, once every fork that was about to be made was."""
    global _paused
    with _lock:
        # In the forked child there is nothing to be resumed.
        _paused = max(0, _paused - 1)
        if _server is not None and not _paused:
            _server.start()


def forget() -> None:
    """Have no server: in a forked child, whose parent's it is."""
    global _server, _paused
    found, _server, _paused = _server, None, 0
    forking.clear()
    if found is not None:
        found.close()
