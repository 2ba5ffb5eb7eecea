"""The server's end of one connection: each command goes through the gate, and its reply is put into bytes."""

from __future__ import annotations

import sys
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._caches.attribution import bind_to_scope, scope_of_caller, scope_to_hand_on
from ..._recording.call_sites import this_thread
from ..._recording.locks import make_lock
from ..outer_call import call_around
from .addresses import url_of
from .commands import FLUSHES, RULES, UNCOUNTED, subject_of
from .flushes import Flushed, flushed_by
from .resp import WITH_SETS, as_set, encode
from .scripts import Scripts
from .server import NO_REPLY, ServerSocket
from .waits import Wait, remember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..._behaving.gate import Effect
    from .addresses import Address
    from .keys import Subject
    from .store import Store

__all__ = ["LIBRARIES", "Serving", "nothing"]

LIBRARIES = frozenset(
    ["redis", "fakeredis", "async_timeout", "django", "django_redis", "dogpile", "cachelib", "aiocache"]
)


def nothing(reply: object) -> Sequence[Effect]:
    """Return what a command came to that is about no key."""
    return ()


class Serving:
    """What a link does with commands, apart from those that change what is known of the connection.

    ``decode`` is what the client makes of bytes; None where it leaves them.
    """

    decode: Callable[[Any], Any] | None = None

    # What a command is counted in: the cache, the call of a framework's, or what `packets` has decided.
    _counted: Any = None
    _cache = property(lambda self: self._counted or call_around() or self._own_cache)

    def __init__(self, store: Store, address: Address) -> None:
        """Talk to the server of *store* at *address*."""
        self._store = store
        self._own_cache = store.cache
        self._address = address[:-1]
        self._is_closed = False
        self._scope = scope_of_caller()
        self._server = store.server(self._address)
        self._numbers = store.numbers(self._address)
        more = self._arrive, self._address, store.cache
        self._server_socket = ServerSocket(self._server, store.lifetimes, *more)
        self._protocol = 2
        # Whether commands may be executed without fakeredis: see `quick`.
        self._is_plain = True
        # The commands that wait for EXEC.
        self._queued: list[list[bytes]] | None = None
        # Those that were sent while another waits for something, as BLPOP does.
        self._holds = False
        self._held: deque[Callable[[], bytes]] = deque()
        self._holding = make_lock()
        # What is known of an operation, by the name of the command.
        self._known: dict[bytes, Mapping[str, object]] = {}
        self._scripts = Scripts(store, self._server_socket, self._address, LIBRARIES)

    def deliver(self, data: bytes) -> None:
        """Have the client read *data*."""
        raise NotImplementedError

    def break_off(self, error: Exception) -> None:
        """Have the client's reading raise *error*."""
        raise NotImplementedError

    def serve(self, fields: list[bytes]) -> bytes:
        """Execute a command; return what the client reads, which is nothing where the reply comes later."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave the server."""
        if not self._is_closed:
            self._is_closed = True
            self._server_socket.close()

    def is_quick(self) -> bool:
        """Return whether nothing speaks against executing the next command here."""
        return (
            self._is_plain
            and self._queued is None
            and not self._holds
            and self._server.is_plain
            and not self._own_cache.in_force
        )

    def perform(
        self,
        name: bytes,
        fields: list[bytes],
        arguments: Sequence[Any] = (),
        subject: Subject | None = None,
        told: Callable[[object], Sequence[Effect]] | None = None,
    ) -> object:
        """Have a command executed through the gate, and return its reply, an error as well.

        An exception that was raised by what is in force, and is no reply, goes on to the client. *subject* is
        given where the arguments do not tell it, and *told* where its rule does not tell what came of it.
        """
        server, cache, known, rule = self._server_socket, self._cache, self.known_of(name), RULES.get(name)
        kind, keys = subject or subject_of(name, arguments)
        if keys and (self.decode is not None or self._store.decoders):
            self.use(keys)
        if not keys:
            do = partial(server.ask, fields)
        elif rule is None:
            do = partial(server.execute, fields, ())
        else:
            do = partial(server.execute, fields, keys)
            told = told or partial(server.effects_of, rule.effects, keys, arguments)
        try:
            return cache.perform(kind, keys, do, told or nothing, LIBRARIES, known)
        except Exception as error:
            if error is not server.error_reply:
                raise
            # Without the frames that it went through, which it would keep.
            return error.with_traceback(None)
        finally:
            server.error_reply = None
            if name in UNCOUNTED:
                self._remark(name)

    def _remark(self, name: bytes) -> None:
        # It may have changed entries of any database of the server, and that is not recorded.
        for cache in self._store.on_server(self._address):
            cache.remark(name.decode(), sys._getframe(1), LIBRARIES, url_of((*self._address, "")))

    def use(self, keys: Iterable[object]) -> None:
        """Remember how the client decodes *keys*, which it has used."""
        decoders, decode = self._store.decoders, self.decode
        if decode is None and not decoders:
            return
        url = url_of((*self._address, self._server_socket.db))
        for key in keys:
            at = url, key[0] if isinstance(key, tuple) else key
            if decode is None:
                decoders.pop(at, None)
            else:
                decoders[at] = decode

    def known_of(self, name: bytes) -> Mapping[str, object]:
        """Return what is known of the operations of a command."""
        if (known := self._known.get(name)) is None:
            store = url_of((*self._address, self._server_socket.db))
            known = self._known[name] = {"asked": name.decode(errors="replace"), "store": store}
        return known

    def answer(self, name: bytes, fields: list[bytes], reply: object) -> bytes:
        """Return the bytes of a reply, after those of what came unasked before it."""
        if reply is NO_REPLY:
            if self._server_socket.peer.wait is not None:
                self._hold(self._server_socket.peer.wait, fields)
            return b""
        if self._protocol == 3 and name in WITH_SETS:
            reply = as_set(name, reply)
        data = encode(reply, self._protocol)
        return self._pushed() + data if self._server_socket.pushes else data

    def _pushed(self) -> bytes:
        pushes, self._server_socket.pushes = self._server_socket.pushes, []
        return b"".join([encode(each, self._protocol, push=True) for each in pushes])

    def _arrive(self, message: object) -> None:
        """Deliver what came unasked while nothing was executed."""
        self.deliver(encode(message, self._protocol, push=True))

    # A command that waits holds up those that are sent after it. All of them are of who has sent them, and so
    # is what they come to, on whichever thread that happens.

    def _hold(self, wait: Wait, fields: list[bytes]) -> None:
        self._holds = True
        self.expect(wait)
        self._server.when_ended(wait, self._of_caller(partial(self._go_on, fields, wait)))
        if self._scope is not None and not self._scope.closed:
            remember(self._scope, self._server)
        elif wait.until is None:
            self._server.end(wait, is_over=True)

    def expect(self, wait: Wait) -> None:
        """Have *wait* ended when its time is up."""

    def _of_caller(self, function: Callable[..., Any]) -> Callable[..., Any]:
        name = this_thread.name

        def of_caller(*args: object) -> Any:
            name_here = this_thread.put_on(name)
            try:
                return function(*args)
            finally:
                this_thread.take_off(name_here)

        return bind_to_scope(scope_to_hand_on(), of_caller)

    def held(self, fields: list[bytes]) -> bool:
        """Return whether a command has to be executed later, and have it so; asked only while one waits."""
        later = self._of_caller(partial(self.serve, fields))
        with self._holding:
            if self._holds:
                self._held.append(later)
            return self._holds

    def _go_on(self, fields: list[bytes], wait: Wait, reply: object) -> None:
        """Deliver the *reply* of a command that has waited, and execute what was sent after it."""
        if self._is_closed:
            return
        if not wait.is_over:
            self.count(fields, reply, Flushed({}))
        self.deliver(encode(as_set(fields[0].upper(), reply), self._protocol))
        while self._server_socket.peer.wait is None:
            with self._holding:
                later = self._held.popleft() if self._held else None
                self._holds = later is not None
            if later is None:
                return
            try:
                self.deliver(later())
            except Exception as error:
                # It is raised to who has sent the command, and not here.
                self._held.clear()
                self._holds = False
                self.break_off(error)
                return

    def count(self, fields: list[bytes], reply: object, flushed: Flushed) -> None:
        """Record what a command did that has been executed; *flushed* is what a flush deletes."""
        name, server = fields[0].upper(), self._server_socket
        rule, arguments = RULES.get(name), fields[1:]
        kind, keys = self.subject(name, arguments, flushed)
        if isinstance(reply, Exception):
            if keys:
                self._cache.fail(keys, reply, LIBRARIES, sys._getframe(), self.known_of(name), kind)
            return
        if name == b"SELECT":
            self.select(arguments)
        if name in UNCOUNTED:
            self._remark(name)
        if name in FLUSHES:
            self.record_flush(name, flushed)
            return
        if rule is None or not keys:
            return
        self.use(keys)
        with self._server.lock:
            server.look_at_times(keys, name)
        for done, key in server.effects_of(rule.effects, keys, arguments, reply):
            flushed.note(done, key, server.db)
            self._cache.record(done, key, LIBRARIES, self.known_of(name))

    def select(self, arguments: Sequence[bytes]) -> None:
        """Know that another database is selected."""
        self._server_socket.db = int(arguments[0])
        self._known = {}

    def there(self, commands: Sequence[list[bytes]]) -> Flushed:
        """Return what is there for *commands* to flush, if any of them does."""
        socket = self._server_socket
        with self._server.lock:
            return flushed_by(commands, socket.keys, socket.db, self._numbers)

    def record_flush(self, name: bytes, flushed: Flushed) -> None:
        """Record that a flush has deleted what was there, each key in its own database."""
        server, around = self._server_socket, call_around()
        for number, keys in flushed.of(name, server.db).items():
            known = {**self.known_of(name), "store": url_of((*self._address, number))}
            effects: list[Effect] = [("delete", key) for key in keys]
            if around is not None:
                around.told(effects, known)
            else:
                log = self._counted or self._own_cache.operations
                log.record_all(effects, LIBRARIES, sys._getframe(), known)
            for key in keys:
                flushed.note("delete", key, number)
        with self._server.lock:
            server.forget_times(*([] if name == b"FLUSHALL" else [server.db]))

    def subject(self, name: bytes, arguments: Sequence[Any], flushed: Flushed) -> Subject:
        """Return what a command is about; of a flush that is what it deletes."""
        if name in FLUSHES:
            found = flushed.of(name, self._server_socket.db)
            return "delete", tuple(key for keys in found.values() for key in keys)
        return subject_of(name, arguments)
