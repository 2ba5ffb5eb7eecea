"""The entries of a memcached server in memory: what is done to them, and what that counts as."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, NamedTuple

from ..._behaving.gate import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._caches.cache import MockCache
    from ..._recording.operation import Kind

__all__ = ["NEVER", "Entry", "MemcachedStore", "key_of", "number_of"]

NEVER = math.inf

# Of an entry, with its key and what memcached notes beside it.
_LARGEST = 1024 * 1024
_NOTES = 48 + 8 + len(b"\0\r\n")


class Entry(NamedTuple):
    """What is kept of one key: ``expires`` in seconds since the epoch, ``cas`` the number of its write."""

    value: bytes
    flags: int
    expires: float
    cas: int


def key_of(key: object) -> object:
    """Return what an entry is kept and logged under: text where its bytes are UTF-8."""
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


class MemcachedStore(MutableMapping[object, bytes]):
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

    def look_up(self, key: bytes, expires: float | None = None) -> Entry | None:
        """Return the entry of *key*, a hit, or None, a miss; a hit gets the time *expires*, if given."""
        name = key_of(key)
        with self._lock:
            found = self._cache.lookup(name, lambda: self._find(name) or MISSING, self._libraries)
            if found is MISSING:
                return None
            if expires is not None:
                self._entries[name] = found._replace(expires=expires)
            return found  # type: ignore[no-any-return]

    def store(
        self, command: bytes, key: bytes, value: bytes, flags: int, expires: float, cas: int | None = None
    ) -> bytes:
        """Do one of set, add, replace, append, prepend and cas; return memcached's word for what came of it.

        It is a put if that is ``STORED``.
        """
        name = key_of(key)
        with self._lock:
            found = self._find(name)
            if command == b"cas" and (found is None or found.cas != cas):
                return b"NOT_FOUND" if found is None else b"EXISTS"
            if command == b"add" and found is not None:
                return b"NOT_STORED"
            if command in (b"replace", b"append", b"prepend") and found is None:
                return b"NOT_STORED"
            if command in (b"append", b"prepend") and found is not None:
                value = found.value + value if command == b"append" else value + found.value
                flags, expires = found.flags, found.expires
                if not self.fits(key, len(value), flags):
                    return b"NOT_STORED"
            self._write(name, value, flags, expires)
            self._record("put", name)
            return b"STORED"

    def count(self, key: bytes, delta: int) -> bytes | None:
        """Add *delta* to the number kept for *key*: a lookup, and a put if it is there; return it, or None.

        It wraps at 2 ** 64, and is 0 at least. Raises ``ValueError``, and counts nothing, where the value
        is no number.
        """
        name = key_of(key)
        with self._lock:
            found = self._find(name)
            number = 0 if found is None else number_of(found.value)
            if number is None:
                raise ValueError(f"{name!r} holds no number")
            found = self.look_up(key)
            if found is None:
                return None
            text = b"%d" % max(0, (number + delta) % 2**64 if delta > 0 else number + delta)
            # memcached writes it in place, and leaves the length as it is.
            self._write(name, text.ljust(len(found.value)), found.flags, found.expires)
            self._record("put", name)
            return text

    def touch(self, key: bytes, expires: float) -> bool:
        """Give the entry of *key* another time, and return whether there is one; it is not counted."""
        name = key_of(key)
        with self._lock:
            found = self._find(name)
            if found is not None:
                self._entries[name] = found._replace(expires=expires)
            return found is not None

    def delete(self, key: bytes) -> bool:
        """Forget the entry of *key*, which is a delete, and return whether there was one."""
        name = key_of(key)
        with self._lock:
            found = self._find(name)
            self._entries.pop(name, None)
            self._record("delete", name)
            return found is not None

    def flush(self, at: float = 0) -> None:
        """Delete every entry at the time *at*, in seconds since the epoch, which may be over."""
        with self._lock:
            self._flush_at = at
            self._flush_if_due()

    def figures(self) -> dict[str, int]:
        """Return what memcached calls its general statistics, as far as they are known here."""
        cache = self._cache
        return {
            "curr_items": len(self),
            "bytes": sum(map(len, self.values())),
            "cmd_get": cache.num_get,
            "cmd_set": cache.num_put,
            "get_hits": cache.num_get_hit,
            "get_misses": cache.num_get_miss,
            "limit_maxbytes": 64 * 1024 * 1024,
        }

    @staticmethod
    def fits(key: bytes, size: int, flags: int) -> bool:
        """Return whether an entry of *key*, with a value of *size* bytes, is small enough to be kept."""
        return len(key) + size + (4 if flags else 0) + _NOTES <= _LARGEST

    def drop(self, key: bytes) -> None:
        """Forget the entry of *key*, whose new value does not fit: an eviction, if there is one."""
        name = key_of(key)
        with self._lock:
            if self._find(name) is not None:
                del self._entries[name]
                self._record("eviction", name)

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

    def _record(self, kind: Kind, name: object) -> None:
        self._cache.record(kind, name, self._libraries)
