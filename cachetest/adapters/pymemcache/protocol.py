"""The text protocol of memcached: the bytes of a client to calls of a `MemcachedStore`, and back.

It answers byte for byte as memcached 1.6.18 does, with which the tests compare it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..._behaving.clock import now
from ..._behaving.gate import MISSING
from .administration import (
    BAD_LINE,
    cache_memlimit,
    integer,
    quit_,
    shutdown,
    stats,
    uncounted,
    verbosity,
    version,
)
from .entries import NEVER, CommandError, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .store import MemcachedStore

    _Run = Callable[[MemcachedStore, list[bytes], bytes], bytes]

__all__ = ["Conversation", "Taken"]

_LONGEST_KEY = 250
_MONTH = 60 * 60 * 24 * 30

_BAD_TIME = b"CLIENT_ERROR invalid exptime argument"

# The answers that a client raises as an error.
_RAISED = (b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")

# Commands that memcached has, and that pymemcache sends only in a raw command. A program that does is told.
_NOT_HERE = frozenset(b"extstore lru lru_crawler ma md me mg mn ms refresh_certs slabs watch".split())


class Conversation:
    """One connection: bytes in, answers out.

    *store* returns the store of the moment; it is called for each command, when that is complete.
    """

    def __init__(self, store: Callable[[], MemcachedStore]) -> None:
        self._store = store
        self.received = bytearray()
        self.closed = False

    def send(self, data: bytes) -> bytes:
        """Do the commands that are complete with *data*, and return their answers."""
        self.received += data
        answers = bytearray()
        while not self.closed and (answer := self._answer_next()) is not None:
            answers += answer
        return bytes(answers)

    def _answer_next(self) -> bytes | None:
        """Do the first command and forget its bytes; None if it is not complete."""
        taken = self.take()
        return None if taken is None else self.answer(taken)

    def take(self) -> Taken | None:
        """Return the first command, and forget its bytes; None if it is not complete."""
        end = self.received.find(b"\n") + 1
        if not end:
            return None
        line = bytes(self.received[: end - 1]).removesuffix(b"\r")
        words = [word for word in line.split(b" ") if word]
        quiet, block, error = False, b"", None
        command = None
        try:
            command = _command_of(words)
            quiet = words[-1] == b"noreply" and len(words) >= command.quiet_from
            if command.size is not None:
                size = command.size(words)
                if len(self.received) < end + size + 2:
                    return None
                block = bytes(self.received[end : end + size + 2])
                end += size + 2
                if not block.endswith(b"\r\n"):
                    raise CommandError(b"CLIENT_ERROR bad data chunk")
        except CommandError as found:
            error = found
        # Now, since what is in force may raise: it would be done once more.
        del self.received[:end]
        return Taken(words, command, block[:-2], quiet, error)

    def answer(self, taken: Taken) -> bytes:
        """Do a command, and return its answer."""
        words, command, block, quiet, error = taken
        try:
            if error is not None or command is None:
                raise error or CommandError(b"ERROR")
            self.closed = command is _QUIT
            answer = command.run(self._store(), words, block)
        except CommandError as found:
            answer = found.answer
            if not quiet and answer.startswith(_RAISED) and not found.is_told:
                self._store().refused(words[0] if words else b"", _keys_in(words), found)
        return b"" if quiet or self.closed else answer + b"\r\n"


class Taken(NamedTuple):
    """A command that has come: its words, the bytes after its line, and what is wrong with it, if anything.

    With *quiet* it asks for no answer.
    """

    words: list[bytes]
    command: _Command | None
    block: bytes
    quiet: bool
    error: CommandError | None

    @property
    def keys(self) -> list[bytes]:
        """The keys that it is about."""
        return _keys_in(self.words)


class _Command(NamedTuple):
    """A command: *run* does it, and its line has from *least* to *most* words, its name being one.

    With *quiet_from* words or more, the last may ask for no reply. *size* returns how many bytes follow the
    line, where any do, and *keys* are the words that are keys.
    """

    run: _Run
    least: int
    most: int = 2**31
    quiet_from: float = NEVER
    size: Callable[[list[bytes]], int] | None = None
    keys: slice = slice(0)


def _command_of(words: list[bytes]) -> _Command:
    name = words[0] if words else b""
    if name in _NOT_HERE:
        raise CommandError(b"SERVER_ERROR cachetest has no memcached command " + name)
    command = _COMMANDS.get(name)
    if command is None or not command.least <= len(words) <= command.most:
        raise CommandError(b"ERROR")
    return command


def _keys_in(words: list[bytes]) -> list[bytes]:
    command = _COMMANDS.get(words[0]) if words else None
    return [] if command is None else words[command.keys]


def _key(word: bytes) -> bytes:
    if len(word) > _LONGEST_KEY:
        raise CommandError(BAD_LINE)
    return word


def _expiry(word: bytes, error: bytes = _BAD_TIME) -> float:
    """Return when an entry expires, in seconds since the epoch."""
    # 32 bits of it are kept.
    seconds = (integer(word, error) + 2**31) % 2**32 - 2**31
    if seconds == 0:
        return NEVER
    if seconds < 0:
        return 0
    return seconds if seconds > _MONTH else now() + seconds


def _size_of_block(words: list[bytes]) -> int:
    """Return how many bytes follow a store command; the whole line is checked before they are read."""
    _key(words[1])
    if integer(words[2]) < 0:
        raise CommandError(BAD_LINE)
    _expiry(words[3], BAD_LINE)
    size = integer(words[4])
    if not 0 <= size < 2**31 - 2 or (words[0] == b"cas" and number_of(words[5]) is None):
        raise CommandError(BAD_LINE)
    return size


def _store(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    cas = number_of(words[5]) if words[0] == b"cas" else None
    return store.store(words[0], words[1], block, integer(words[2]) % 2**32, _expiry(words[3]), cas)


def _get(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    keys = [_key(word) for word in words[1:]]
    return _values(words[0], keys, store.look_up(words[0], keys))


def _get_and_touch(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    expires = _expiry(words[1])
    keys = [_key(word) for word in words[2:]]
    return _values(words[0], keys, store.look_up(words[0], keys, expires))


def _values(name: bytes, keys: list[bytes], found: list[Any]) -> bytes:
    answer = bytearray()
    for key, entry in zip(keys, found, strict=True):
        if entry is not MISSING:
            cas = b" %d" % entry.cas if name.endswith(b"s") else b""
            answer += b"VALUE %b %d %d%b\r\n" % (key, entry.flags, len(entry.value), cas)
            answer += entry.value + b"\r\n"
    return bytes(answer) + b"END"


def _count(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    key, delta = _key(words[1]), number_of(words[2])
    if delta is None:
        raise CommandError(b"CLIENT_ERROR invalid numeric delta argument")
    counted = store.count(words[0], key, delta)
    return b"NOT_FOUND" if counted is None else counted


def _touch(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    touched = store.touch(words[0], _key(words[1]), _expiry(words[2]))
    return b"TOUCHED" if touched else b"NOT_FOUND"


def _delete(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    if words[2:] not in ([], [b"0"], [b"noreply"], [b"0", b"noreply"]):
        raise CommandError(BAD_LINE + b".  Usage: delete <key> [noreply]")
    return b"DELETED" if store.delete(words[0], _key(words[1])) else b"NOT_FOUND"


def _flush_all(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    delay = words[1] if words[1:] not in ([], [b"noreply"]) else b"0"
    at = _expiry(delay)
    store.flush(words[0], 0 if at == NEVER else at)
    return b"OK"


_ONE_KEY = slice(1, 2)
_STORE = _Command(_store, 5, 6, quiet_from=5, size=_size_of_block, keys=_ONE_KEY)
_COUNT = _Command(_count, 3, 4, quiet_from=3, keys=_ONE_KEY)
_QUIT = _Command(uncounted(quit_), 1)

_COMMANDS = {
    b"get": _Command(_get, 2, keys=slice(1, None)),
    b"gets": _Command(_get, 2, keys=slice(1, None)),
    b"gat": _Command(_get_and_touch, 2, keys=slice(2, None)),
    b"gats": _Command(_get_and_touch, 2, keys=slice(2, None)),
    b"set": _STORE,
    b"add": _STORE,
    b"replace": _STORE,
    b"append": _STORE,
    b"prepend": _STORE,
    b"cas": _Command(_store, 6, 7, quiet_from=6, size=_size_of_block, keys=_ONE_KEY),
    b"incr": _COUNT,
    b"decr": _COUNT,
    b"touch": _Command(_touch, 3, 4, quiet_from=3, keys=_ONE_KEY),
    b"delete": _Command(_delete, 2, 4, quiet_from=3, keys=_ONE_KEY),
    b"flush_all": _Command(_flush_all, 1, 3, quiet_from=2),
    b"version": _Command(uncounted(version), 1),
    b"verbosity": _Command(uncounted(verbosity), 2, 3, quiet_from=2),
    b"cache_memlimit": _Command(uncounted(cache_memlimit), 2, 3, quiet_from=2),
    b"stats": _Command(uncounted(stats), 1),
    b"shutdown": _Command(uncounted(shutdown), 1, 2),
    b"quit": _QUIT,
}
