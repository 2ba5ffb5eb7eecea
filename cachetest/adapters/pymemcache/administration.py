"""The commands of memcached that are about the server, and no entry; and how their numbers are read."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..._behaving.clock import now
from .cachedump import cachedump
from .entries import CommandError, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .store import MemcachedStore

    _Run = Callable[[MemcachedStore, list[bytes], bytes], bytes]

__all__ = [
    "BAD_LINE",
    "cache_memlimit",
    "integer",
    "quit_",
    "shutdown",
    "stats",
    "uncounted",
    "verbosity",
    "version",
]

BAD_LINE = b"CLIENT_ERROR bad command line format"
_VERSION = b"1.6.18"
_STATS_NOT_HERE = frozenset(b"conns detail dump extstore items settings sizes slabs".split())


def integer(word: bytes, error: bytes = BAD_LINE) -> int:
    """Return the number of *word*, which C would have in 64 bits."""
    if not re.fullmatch(rb"[+-]?\d+", word) or not -(2**63) <= int(word) < 2**63:
        raise CommandError(error)
    return int(word)


def uncounted(run: _Run) -> _Run:
    """Return *run*, of a command that is about no entry, in such a way that it passes the gate."""

    def gated(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
        return store.uncounted(words[0], lambda: run(store, words, block))

    return gated


def version(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    return b"VERSION " + _VERSION


def verbosity(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    integer(words[1])
    return b"OK"


def cache_memlimit(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    megabytes = number_of(words[1])
    if megabytes is None:
        raise CommandError(b"ERROR")
    if megabytes < 8:
        raise CommandError(b"MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m")
    return b"OK"


def stats(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    kind = words[1] if len(words) > 1 else b""
    if kind == b"reset":
        return b"RESET"
    if kind == b"cachedump":
        return cachedump(store.kept(), words)
    if kind in _STATS_NOT_HERE:
        raise CommandError(b"SERVER_ERROR cachetest has no memcached command stats " + kind)
    if kind:
        raise CommandError(b"ERROR")
    figures = {"pid": os.getpid(), "time": int(now()), "version": _VERSION.decode(), **store.figures()}
    return "".join(f"STAT {name} {figure}\r\n" for name, figure in figures.items()).encode() + b"END"


def shutdown(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    raise CommandError(b"ERROR: shutdown not enabled")


def quit_(store: MemcachedStore, words: list[bytes], block: bytes) -> bytes:
    return b""
