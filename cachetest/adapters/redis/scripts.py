"""What scripts do: each command that one calls is counted as one of its own."""

from __future__ import annotations

import sys
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._recording.operation import A_SCRIPT
from ..outer_call import call_around
from .addresses import url_of
from .commands import FLUSHES, RULES, UNCOUNTED
from .flushes import Flushed, flushed_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from .addresses import Address
    from .store import Store

__all__ = ["Scripts"]


class Scripts:
    """Records what the scripts of one connection do, while they do it; the server's lock is held then.

    What those of a transaction do is recorded when it is their turn among its commands: see `tell_next`.
    """

    _cache = property(lambda self: call_around() or self._own_cache)

    def __init__(self, store: Store, socket: Any, address: Address, libraries: frozenset[str]) -> None:
        """Record in the cache of *store* what is done on *socket*, of the server at *address*."""
        self._store = store
        self._own_cache = store.cache
        self._socket = socket
        self._address = address
        self._libraries = libraries
        # The command that runs the script, and what is there for it to flush.
        self._script = ""
        self._flushed = Flushed({})
        self._later: deque[list[Callable[[], None]]] = deque()
        socket.peer.scripts = self

    def begin_script(self, name: str) -> None:
        self._script = name
        if self._socket.peer._in_transaction:
            self._later.append([])

    def begin_command(self, name: str) -> None:
        socket = self._socket
        numbers = self._store.numbers(self._address)
        self._flushed = flushed_by([[name.encode()]], socket.keys, socket.peer._db_num, numbers)

    def end_command(self, name: str, arguments: list[bytes], reply: Any) -> None:
        for record in self._records(name, arguments, reply):
            if self._socket.peer._in_transaction:
                self._later[-1].append(record)
            else:
                record()

    def _remark(self, name: str, store: str) -> None:
        for cache in self._store.on_server(self._address):
            cache.remark(name, sys._getframe(), self._libraries, store)

    def tell_next(self) -> None:
        """Record what the next script of the transaction that was executed has done."""
        for record in self._later.popleft() if self._later else ():
            record()

    def _flushed_now(self, name: str) -> dict[int, list[object]]:
        return self._flushed.of(name.encode(), self._socket.peer._db_num)

    def _flush_records(self, name: str) -> list[Callable[[], None]]:
        records: list[Callable[[], None]] = []
        record = self._cache.record
        for number, keys in self._flushed_now(name).items():
            known = {"asked": f"{self._script} {name}", "store": url_of((*self._address, number))}
            records += [partial(record, "delete", key, self._libraries, known) for key in keys]
        self._socket.forget_times(*([] if name == "FLUSHALL" else [self._socket.peer._db_num]))
        return records

    def _records(self, name: str, arguments: Any, reply: Any) -> list[Callable[[], None]]:
        """Return what records the operations that a command came to."""
        command, peer, libraries = name.encode(), self._socket.peer, self._libraries
        records: list[Callable[[], None]] = []
        rule = RULES.get(command)
        if command in UNCOUNTED:
            store = url_of((*self._address, ""))
            records.append(partial(self._remark, name, store))
        if rule is None:
            return records
        if command in FLUSHES:
            if not isinstance(reply, Exception):
                return records + self._flush_records(name)
            arguments = [key for keys in self._flushed_now(name).values() for key in keys]
        try:
            kind, keys = rule.target(arguments)
        except (IndexError, ValueError):
            # The script has got an error for it.
            return records
        known = {"asked": f"{self._script} {name}", "store": url_of((*self._address, peer._db_num))}
        if isinstance(reply, Exception):
            fail = self._cache.fail
            return [*records, lambda: fail(keys, reply, libraries, sys._getframe(), known, kind)]
        # A script may select another database.
        selected, self._socket.db = self._socket.db, peer._db_num
        try:
            self._socket.look_at_times(keys)
            for done, key in self._socket.effects_of(rule.effects, keys, arguments, reply):
                more = {**known, "origin": A_SCRIPT} if done == "put" else known
                records.append(partial(self._cache.record, done, key, libraries, more))
        finally:
            self._socket.db = selected
        return records
