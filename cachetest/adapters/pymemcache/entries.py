"""The entries of a memcached server in memory, as memcached keeps them."""

from __future__ import annotations

import math
import re
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._behaving.clock import now
from ..._recording.lifetimes import Term, note_lifetime
from ..._recording.locks import make_lock
from ..outer_call import call_around

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..._caches.cache import MockCache
    from ..._recording.operation import Kind

__all__ = [
    "NEVER",
    "CommandError",
    "Entry",
    "MemcachedEntries",
    "fits",
    "key_of",
    "number_of",
    "size_of",
]

NEVER = math.inf

# Of an entry, with its key and what memcached notes beside it.
_LARGEST = 1024 * 1024
_NOTES = 48 + 8 + len(b"\0\r\n")

# A server that has run for a while has written before: a program that takes the number of the first write
# for 1, or for one of 32 bits, fails here as it does there.
_WRITES_BEFORE = 2**32


class CommandError(Exception):
    """A command that can't be done, with the line that it is answered with.

    ``is_told`` says that it was logged where it came about.
    """

    is_told = False

    def __init__(self, answer: bytes) -> None:
        super().__init__(answer.decode(errors="replace"))
        self.answer = answer


class Entry(NamedTuple):
    """An entry: ``expires`` is in seconds since the epoch, ``cas`` the number of its write.

    ``placed`` is the number of the write that gave it its place among the others: one that counts in place
    does not.
    """

    value: bytes
    flags: int
    expires: float
    cas: int
    placed: int


def key_of(key: object) -> object:
    """Return the key that an entry is kept and logged under: text where its bytes are UTF-8."""
    if not isinstance(key, bytes):
        return key
    try:
        return key.decode()
    except UnicodeDecodeError:
        return key


def number_of(text: bytes) -> int | None:
    """Return the number, of 64 bits and without a sign, that *text* begins with, as memcached reads it."""
    match = re.match(rb"\s*\+?(\d+)(?:\s|$)", text)
    number = int(match[1]) if match else -1
    return number if 0 <= number < 2**64 else None


def size_of(key: bytes, size: int, flags: int) -> int:
    """Return how many bytes memcached takes for an entry of *key*, with a value of *size* bytes."""
    return len(key) + size + (4 if flags else 0) + _NOTES


def fits(key: bytes, size: int, flags: int) -> bool:
    """Return whether an entry of *key*, with a value of *size* bytes, is small enough to be kept."""
    return size_of(key, size, flags) <= _LARGEST


class MemcachedEntries(MutableMapping[object, bytes]):
    """The entries of one server, as a mapping of key to value: those alone that have not expired.

    Reading and changing it as a mapping counts nothing. An entry that has expired is dropped, and logged as
    an expiration, by the first command that comes across it.
    """

    def __init__(self, cache: MockCache, libraries: frozenset[str], server: str | None = None) -> None:
        """Make an empty one that tells *cache* of what is done to it, and that it was done on *server*.

        *libraries* are the top-level packages whose lines are not the caller's.
        """
        self._own_cache = cache
        self._of_server: dict[str, object] = {} if server is None else {"store": server}
        self._libraries = libraries
        self._entries: dict[object, Entry] = {}
        # When those were put that live for a time.
        self._born: dict[object, float] = {}
        self._writes = _WRITES_BEFORE
        self._flush_at = NEVER
        # memcached does one command at a time. A signal handler may come between, on the same thread.
        self._lock = make_lock()

    @property
    def _cache(self) -> Any:
        """The cache that a command is counted in, or the call of a framework's that it is a part of."""
        return call_around() or self._own_cache

    def begin_as(self, other: MemcachedEntries, _copy: object) -> Iterable[object]:
        """Take over the entries of *other*, which nobody can change, and return their keys."""
        with other._lock:
            self._entries = other._entries.copy()
            self._born = other._born.copy()
            self._writes, self._flush_at = other._writes, other._flush_at
        return self._entries

    def __getitem__(self, key: object) -> bytes:
        entry = self._entries.get(key_of(key))
        if entry is None or not self._is_live(entry):
            raise KeyError(key)
        return entry.value

    def term_of(self, key: object) -> Term:
        """Return when the entry of *key* was put, and when it ends."""
        name = key_of(key)
        entry = self._entries.get(name)
        until = NEVER if entry is None else min(entry.expires, self._flush_at)
        return Term(None, None) if until is NEVER else Term(self._born.get(name), until)

    def sent_for(self, key: object) -> tuple[bytes, int] | None:
        """Return value and flags of *key*; None where there is no entry."""
        entry = self._entries.get(key_of(key))
        return None if entry is None or not self._is_live(entry) else (entry.value, entry.flags)

    def __setitem__(self, key: object, value: bytes) -> None:
        if not isinstance(value, bytes):
            raise TypeError(f"memcached keeps bytes, not {value!r}")
        with self._lock:
            self._write(key_of(key), value, 0, NEVER)

    def __delitem__(self, key: object) -> None:
        with self._lock:
            if key not in self:
                raise KeyError(key)
            del self._entries[key_of(key)]

    def __iter__(self) -> Iterator[object]:
        return iter([key for key, entry in self._entries.copy().items() if self._is_live(entry)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Forget every entry, and a flush that is to come."""
        with self._lock:
            self._entries.clear()
            self._flush_at = NEVER

    def _find(self, name: object) -> Entry | None:
        if self._flush_at is not NEVER:
            self._flush_if_due()
        found = self._entries.get(name)
        if found is None or found.expires is NEVER or self._is_live(found):
            return found
        del self._entries[name]
        if found.expires > 0:
            cache = getattr(self._cache, "mock", self._own_cache)
            put = self._born.get(name)
            note_lifetime(cache, name, put, found.expires, now(), self._of_server.get("store"))
        self._record("expiration", name)
        return None

    def _is_live(self, entry: Entry) -> bool:
        return now() < min(entry.expires, self._flush_at)

    def _flush_if_due(self) -> None:
        if now() < self._flush_at:
            return
        self._flush_at = NEVER
        for name in list(self._entries):
            if self._find(name) is not None:
                del self._entries[name]
                self._record("delete", name, "flush_all")

    def _write(
        self, name: object, value: bytes, flags: int, expires: float, placed: int | None = None
    ) -> None:
        if expires is not NEVER:
            self._born[name] = now()
        self._writes = cas = self._writes + 1
        self._entries[name] = Entry(value, flags, expires, cas, cas if placed is None else placed)

    def _drop(self, name: object) -> None:
        """Forget the entry of *name*, whose new value does not fit: an eviction, if there is one."""
        if self._find(name) is not None:
            del self._entries[name]
            self._record("eviction", name)

    def _record(self, kind: Kind, name: object, asked: str | None = None) -> None:
        known = self._of_server if asked is None else {"asked": asked, **self._of_server}
        self._cache.record(kind, name, self._libraries, known)
