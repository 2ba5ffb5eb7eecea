"""The connection of a client, which goes to a server in memory."""

from __future__ import annotations

from os import getpid
from typing import TYPE_CHECKING
from weakref import ref

from ..._caches.scope import marked
from ..outer_call import call_around
from .protocol import Conversation
from .quick import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._caches.scope import Scope
    from .relay import RelayedConnection
    from .store import MemcachedStore
    from .struck import StruckConversation

__all__ = ["Connection"]


class Connection:
    """What a client takes for its socket: each command goes to the store of the scope that it belongs to."""

    def __init__(self, find_store: Callable[[], MemcachedStore], client: object = None) -> None:
        """Make one of *client*; *find_store* returns the store of a command of the calling context."""
        self._find_store = find_store
        # Weak: a client goes as soon as nobody holds it.
        self._client = (lambda: None) if client is None else ref(client)
        self._is_fresh = True
        self._struck: StruckConversation | None = None
        self._conversation = Conversation(self._store)
        self._answers = b""
        # In a child process: the other end, and whether it was spoken to last.
        self._far: RelayedConnection | None = None
        self._is_far = False
        # The last scope that was innermost for a command, and its store: not looked for with each command.
        self._known: tuple[Scope, MemcachedStore] | None = None

    def _store(self) -> MemcachedStore:
        scope = marked()
        if scope is None or not scope.is_innermost:
            return self._find_store()
        known = self._known
        if known is None or known[0] is not scope:
            known = self._known = scope, self._find_store()
        return known[1]

    def sendall(self, data: bytes) -> None:
        known = self._known
        if known is not None and marked() is known[0] and known[0].is_innermost:
            quick = QUICK.get(data[:4])
            if quick is not None and not self._conversation.received and call_around() is None:
                answer = quick(known[1], data)
                if answer is not None:
                    self._answers += answer
                    return
        store = self._store()
        self._is_far = store._own_cache.is_remote
        if self._is_far:
            self._answers += self._far_end(store).send(data)
            return
        if self._struck is not None or store._own_cache.in_force:
            self._answers += self._in_force().send(store, data)
            return
        self._is_fresh = False
        self._answers += self._conversation.send(data)

    def _in_force(self) -> StruckConversation:
        """Return what is asked where something is in force, or was: the connection may be broken since."""
        if self._struck is None:
            from .struck import StruckConversation

            self._struck = StruckConversation(self._conversation, self._client, is_fresh=self._is_fresh)
        return self._struck

    def _far_end(self, store: MemcachedStore) -> RelayedConnection:
        """Return the other end in the parent, where this is a child process, and *store* is not here."""
        if self._far is None or self._far.process != getpid():
            # Loaded here: in the parent nothing is relayed.
            from .relay import RelayedConnection

            # A forked child has a connection of its own.
            self._far = RelayedConnection(self._client(), store._libraries)
        return self._far

    def recv(self, size: int) -> bytes:
        answers = self._answers
        if not answers and self._is_far and self._far is not None:
            answers = self._far.read()
            self._answers = answers[size:]
            return answers[:size]
        if not answers and not self._conversation.closed:
            if self._struck is None:
                # Nobody else will ever answer.
                raise TimeoutError("timed out")
            answers = self._struck.wait_for_answers()
        self._answers = answers[size:]
        return answers[:size]

    def taken(self) -> bytes:
        """Return the answers that have come, and were not read."""
        answers, self._answers = self._answers, b""
        return answers

    def close(self) -> None:
        """Close the other end, where that is held open in the parent."""
        if self._far is not None:
            self._far.close()
