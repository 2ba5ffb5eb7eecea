"""The entries of a memcached server in memory, as memcached keeps them."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._caches.cache import MockCache
    from ..._recording.operation import Kind

__all__ = ["NEVER", "CommandError", "Entry", "MemcachedEntries", "fits", "key_of", "number_of"]

NEVER = math.inf

# Of an entry, with its key and what memcached notes beside it.
_LARGEST = 1024 * 1024
_NOTES = 48 + 8 + len(b"\0\r\n")


class CommandError(Exception):
    """A command that can't be done, with the line that it is answered with."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(answer.decode(errors="replace"))
        self.answer = answer


class Entry(NamedTuple):
    """An entry: ``expires`` is in seconds since the epoch, ``cas`` the number of its write."""

    value: bytes
    flags: int
    expires: float
    cas: int


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


def fits(key: bytes, size: int, flags: int) -> bool:
    """Return whether an entry of *key*, with a value of *size* bytes, is small enough to be kept."""
    return len(key) + size + (4 if flags else 0) + _NOTES <= _LARGEST


class MemcachedEntries(MutableMapping[object, bytes]):
    """The entries of one server, as a mapping of key to value: those alone that have not expired.

    Reading and changing it as a mapping counts nothing. An entry that has expired is dropped, and logged as
    an expiration, by the first command that comes across it.
    """

    def __init__(self, cache: MockCache, libraries: frozenset[str]) -> None:
        """Make an empty one that tells *cache* of what is done to it.

        *libraries* are the top-level packages whose lines are not the caller's.
        """
        self._cache = cache
        self._libraries = libraries
        self._entries: dict[object, Entry] = {}
        self._writes = 0
        self._flush_at = NEVER
        # memcached does one command at a time. A signal handler may come between, on the same thread.
        self._lock = threading.RLock()

    def __getitem__(self, key: object) -> bytes:
        entry = self._entries.get(key_of(key))
        if entry is None or not self._is_live(entry):
            raise KeyError(key)
        return entry.value

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
        self._flush_if_due()
        found = self._entries.get(name)
        if found is None or self._is_live(found):
            return found
        del self._entries[name]
        self._record("expiration", name)
        return None

    def _is_live(self, entry: Entry) -> bool:
        return time.time() < min(entry.expires, self._flush_at)

    def _flush_if_due(self) -> None:
        if time.time() < self._flush_at:
            return
        self._flush_at = NEVER
        for name in list(self._entries):
            if self._find(name) is not None:
                del self._entries[name]
                self._record("delete", name)

    def _write(self, name: object, value: bytes, flags: int, expires: float) -> None:
        self._writes += 1
        self._entries[name] = Entry(value, flags, expires, self._writes)

    def _drop(self, name: object) -> None:
        """Forget the entry of *name*, whose new value does not fit: an eviction, if there is one."""
        if self._find(name) is not None:
            del self._entries[name]
            self._record("eviction", name)

    def _record(self, kind: Kind, name: object) -> None:
        self._cache.record(kind, name, self._libraries)
