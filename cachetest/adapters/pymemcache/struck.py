"""What a connection does while something is in force: it may be refused, be late, or lose an answer."""

from __future__ import annotations

import errno
import os
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from pymemcache.client import retrying

from ...faults import Fails, LosesReply, Slow
from ..outer_call import call_around, outer_call
from ..packets import Packet
from ..tries import RETRIES, begin_tries, sleep, tries_of_caller
from .entries import CommandError, key_of
from .storage import MemcachedStorage, failure_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..._behaving.injection import Strike
    from ..._patching.undo import Undo
    from ..tries import Tries
    from .protocol import Conversation, Taken
    from .store import MemcachedStore

__all__ = ["StruckConversation", "carry_out", "swap_sleep"]

RETRIES[retrying.RetryingClient._retry.__code__] = "func"

_KINDS = {
    **dict.fromkeys((b"get", b"gets", b"gat", b"gats"), "get"),
    **dict.fromkeys((b"set", b"add", b"replace", b"append", b"prepend", b"cas"), "put"),
    **dict.fromkeys((b"delete", b"flush_all"), "delete"),
}


def swap_sleep(undo: Undo) -> None:
    """Have the waits of a client that tries again pass on the clock, in a call that is struck."""
    undo.set_attribute(retrying, "sleep", sleep(retrying.sleep))


def carry_out(default: Any, strike: Strike, proceed: Callable[[], Any]) -> Any:
    """Carry *strike* out by *default*, unless its call is of a packet, which the connection decides about."""
    return proceed() if getattr(strike.call, "is_planned", False) else default(strike, proceed)


class _StoreCarrier:
    """Carries out what is about single keys, on one server."""

    def __init__(self, store: MemcachedStore) -> None:
        self._store = store

    def storage(self, cache: Any) -> MemcachedStorage:
        return MemcachedStorage(lambda: [self._store])

    def failure(self, cache: Any) -> Exception | None:
        return None

    def too_large(self, cache: Any, key: object, size: int, limit: int) -> Exception:
        # What was there before goes, as for a value that is too large for memcached itself.
        with self._store._lock:
            self._store._entries.pop(key, None)
        error = CommandError(b"SERVER_ERROR object too large for cache")
        error.is_told = True
        return error


class StruckConversation:
    """The commands of one connection, each packet of which may be struck.

    ``is_fresh`` says that nothing was sent on it yet: a server that is down has then refused it.
    """

    def __init__(self, conversation: Conversation, client: Callable[[], Any], *, is_fresh: bool) -> None:
        self._conversation = conversation
        self._client = client
        self.is_fresh = is_fresh
        self._is_broken = False
        # What is read once the answers have been: bytes, none of them where the connection was closed, an
        # error, or what is late.
        self._coming: deque[bytes | Exception | tuple[bytes, Tries, float, bool]] = deque()

    def send(self, store: MemcachedStore, data: bytes) -> bytes:
        """Do the commands that are complete with *data*, and return the answers that come at once."""
        if self._is_broken:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        tries = tries_of_caller()
        packet: Packet | None = None if tries is None else tries.plans.get(data)
        taken = self._take(data)
        is_first = packet is None
        if packet is None:
            packet = self._packet(store, taken)
            if packet.whole:
                packet.spread()
                tries = begin_tries(packet.whole[0].clock)
                tries.plans[data] = packet
        try:
            if tries is None or not packet.whole:
                self.is_fresh = False
                return self._done(taken, packet)
            return self._struck(taken, packet, tries, is_first)
        finally:
            packet.let_go()

    def _struck(self, taken: Sequence[Taken], packet: Packet, tries: Tries, is_first: bool) -> bytes:
        fails, lost, slow = packet.find(Fails), packet.find(LosesReply), packet.find(Slow)
        is_quiet = all(each.quiet for each in taken)
        if fails is not None or (tries.is_down and not is_first):
            self._fail(packet, None if fails is None else fails.fault.raised(), is_quiet)
            return b""
        self.is_fresh = False
        if lost is not None and is_first:
            error = lost.fault.raised()
            if not is_quiet:
                packet.meet(error or _closed())
            self._done(taken, packet)
            tries.is_down = lost.fault.then_down
            self._break(error)
            return b""
        packet.forget(LosesReply)
        return self._done(taken, packet) if slow is None else self._late(taken, packet, tries, slow, is_quiet)

    def _late(self, taken: Sequence[Taken], packet: Packet, tries: Tries, slow: Any, is_quiet: bool) -> bytes:
        client = self._client()
        limit: float | None = None if client is None else client.timeout
        seconds: float = slow.fault.seconds
        is_too_late = limit is not None and seconds > limit
        if is_too_late and limit is not None:
            seconds = limit
        if is_too_late and not is_quiet:
            packet.meet(TimeoutError("timed out"))
        answers = self._done(taken, packet)
        if not is_quiet:
            self._coming.append((answers, tries, seconds, is_too_late))
        return b""

    def _fail(self, packet: Packet, error: Exception | None, is_quiet: bool) -> None:
        if error is not None:
            packet.fail(error)
            raise error
        if self.is_fresh:
            error = failure_at(())
            packet.fail(error)
            raise error
        # It was open when the server went: that is seen when something is read, or written once more.
        packet.fail(_closed())
        self._break(None)

    def _break(self, error: Exception | None) -> None:
        self._is_broken = True
        self._coming.append(b"" if error is None else error)

    def wait_for_answers(self) -> bytes:
        """Return what is read next; raise what a socket raises."""
        if not self._coming:
            if self._is_broken:
                return b""
            # Nobody else will ever answer.
            raise TimeoutError("timed out")
        coming = self._coming.popleft()
        if isinstance(coming, Exception):
            raise coming
        if isinstance(coming, bytes):
            return coming
        answers, tries, seconds, is_too_late = coming
        tries.pass_on(seconds)
        if is_too_late:
            raise TimeoutError("timed out")
        return answers

    def _take(self, data: bytes) -> list[Taken]:
        conversation = self._conversation
        conversation.received += data
        found = []
        while (taken := conversation.take()) is not None:
            found.append(taken)
        return found

    def _packet(self, store: MemcachedStore, taken: Sequence[Taken]) -> Packet:
        """Return what strikes each of the commands, of which none is done yet."""
        packet, around, cache = Packet(_StoreCarrier(store)), call_around(), store._own_cache
        for each in taken:
            name = each.words[0] if each.words else b""
            if each.error is not None:
                packet.add_nothing()
            elif name == b"quit":
                packet.add_passing()
            elif around is not None:
                packet.add_below(around)
            else:
                keys = list(store) if name == b"flush_all" else [key_of(key) for key in each.keys]
                known = store._known_of(name)
                call = cache.make_call(_KINDS.get(name), keys, store._libraries, sys._getframe(), known)
                packet.add(call)
        return packet

    def _done(self, taken: Sequence[Taken], packet: Packet) -> bytes:
        answers, around = bytearray(), call_around()
        try:
            for each, counted in zip(taken, packet.counted, strict=True):
                if self._conversation.closed:
                    break
                outer_call.set(around if counted is None else counted)
                answers += self._conversation.answer(each)
        finally:
            outer_call.set(around)
        return bytes(answers)


def _closed() -> Exception:
    from pymemcache.exceptions import MemcacheUnexpectedCloseError

    error: Exception = MemcacheUnexpectedCloseError()
    return error
