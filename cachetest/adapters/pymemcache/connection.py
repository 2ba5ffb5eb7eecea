"""The connection of a client, which goes to a server in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._caches.scope import marked
from ..outer_call import call_around
from .protocol import Conversation
from .quick import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._caches.scope import Scope
    from .store import MemcachedStore

__all__ = ["Connection"]


class Connection:
    """What a client takes for its socket: each command goes to the store of the scope that it belongs to."""

    def __init__(self, find_store: Callable[[], MemcachedStore]) -> None:
        """Make one; *find_store* returns the store of a command of the calling context."""
        self._find_store = find_store
        self._conversation = Conversation(self._store)
        self._answers = b""
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
        self._answers += self._conversation.send(data)

    def recv(self, size: int) -> bytes:
        answers = self._answers
        if not answers and not self._conversation.closed:
            # Nobody else will ever answer.
            raise TimeoutError("timed out")
        self._answers = answers[size:]
        return answers[:size]

    def close(self) -> None:
        """Do nothing: there is nothing that is held open."""
