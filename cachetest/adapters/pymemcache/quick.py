"""The short way of the commands that are sent most, ``get``, ``set``, ``incr``: the gate written out.

It is open while a whole command comes by itself, for a context that is marked with the innermost scope of its
test, and nothing is in force. Otherwise `Conversation` is asked, as for all other commands.
``test/adapters/pymemcache/test_quick.py`` holds the two to each other.
"""

from __future__ import annotations

import re
from sys import _getframe
from typing import TYPE_CHECKING

from ..._behaving.clock import now
from ..._recording.call_sites import calling_frame, this_thread
from .entries import NEVER, Entry, key_of, number_of

if TYPE_CHECKING:
    from ..._recording.operation import Kind
    from .store import MemcachedStore

__all__ = ["QUICK"]

_LONGEST_KEY = 250
_MONTH = 60 * 60 * 24 * 30
# What calling a NamedTuple comes to, in half the time.
_made = tuple.__new__

# Numbers without a sign, and so short that they fit, as the value does; the long way has the others.
_SET = re.compile(rb"set ([^ \n]{1,250}) (\d{1,9}) (\d{1,9}) (\d{1,6})( noreply)?\r\n")

_COUNT = re.compile(rb"(incr|decr) ([^ \n]{1,250}) (\d{1,18})( noreply)?\r\n")


def _get(store: MemcachedStore, data: bytes) -> bytes | None:
    key = data[4:-2]
    if data[-2:] != b"\r\n" or b" " in key or b"\n" in key or not 0 < len(key) <= _LONGEST_KEY:
        return _get_several(store, data)
    try:
        name: object = key.decode()
    except UnicodeDecodeError:
        name = key
    log, known = store._own_cache.operations, store._of_server
    with store._lock:
        entry = store._entries.get(name)
        if store._flush_at is not NEVER or (entry is not None and entry.expires is not NEVER):
            entry = store._find(name)
        # The frames of this function and of `sendall` are passed over.
        frame = calling_frame(_getframe(2), store._libraries)
        state = log.state
        if entry is None:
            state.misses.append(None)
            record = (next(log.numbers), "miss", name, this_thread.name, frame.f_code, frame.f_lasti, known)
            state.latest.append(record)
            return b"END\r\n"
        state.hits.append(None)
        record = (next(log.numbers), "hit", name, this_thread.name, frame.f_code, frame.f_lasti, known)
        state.latest.append(record)
    value = entry.value
    return b"VALUE %b %d %d\r\n%b\r\nEND\r\n" % (key, entry.flags, len(value), value)


def _get_several(store: MemcachedStore, data: bytes) -> bytes | None:
    asked = data[4:-2]
    keys = asked.split(b" ")
    if data[-2:] != b"\r\n" or b"\n" in asked or b"" in keys or len(max(keys, key=len)) > _LONGEST_KEY:
        return None
    names: list[object]
    try:
        names = asked.decode().split(" ")  # type: ignore[assignment]
    except UnicodeDecodeError:
        names = [key_of(key) for key in keys]
    log, known = store._own_cache.operations, store._of_server
    with store._lock:
        found = list(map(store._entries.get, names))
        if store._flush_at is not NEVER or any(entry and entry.expires is not NEVER for entry in found):
            # What has expired is told first.
            found = list(map(store._find, names))
        frame = calling_frame(_getframe(3), store._libraries)
        state, number = log.state, log.numbers
        code, at, thread = frame.f_code, frame.f_lasti, this_thread.name
        misses = found.count(None)
        state.misses.extend([None] * misses)
        state.hits.extend([None] * (len(found) - misses))
        state.latest.extend(
            (next(number), "miss" if entry is None else "hit", name, thread, code, at, known)
            for name, entry in zip(names, found)  # noqa: B905 (they are as many, and strict takes longer)
        )
    answer = [
        b"VALUE %b %d %d\r\n%b\r\n" % (key, entry.flags, len(entry.value), entry.value)
        for key, entry in zip(keys, found)  # noqa: B905
        if entry is not None
    ]
    answer.append(b"END\r\n")
    return b"".join(answer)


def _set(store: MemcachedStore, data: bytes) -> bytes | None:
    match = _SET.match(data)
    if match is None:
        return None
    key, flags, seconds, size, quiet = match.groups()
    value = data[match.end() : -2]
    number, after = int(flags), int(seconds)
    if int(size) != len(value) or data[-2:] != b"\r\n" or after > _MONTH:
        return None
    try:
        name: object = key.decode()
    except UnicodeDecodeError:
        name = key
    expires: float = NEVER
    if after:
        here = now()
        store._born[name] = here
        expires = here + after
    log, known = store._own_cache.operations, store._known_of(b"set")
    with store._lock:
        entry = store._entries.get(name)
        if store._flush_at is not NEVER or (entry is not None and entry.expires is not NEVER):
            # What was there may have expired, which is logged.
            store._find(name)
        store._writes = cas = store._writes + 1
        store._entries[name] = _made(Entry, (value, number, expires, cas, cas))
        frame = calling_frame(_getframe(2), store._libraries)
        state = log.state
        state.puts.append(None)
        record = (next(log.numbers), "put", name, this_thread.name, frame.f_code, frame.f_lasti, known)
        state.latest.append(record)
    return b"" if quiet else b"STORED\r\n"


def _count(store: MemcachedStore, data: bytes) -> bytes | None:
    match = _COUNT.fullmatch(data)
    if match is None:
        return None
    command, key, delta, quiet = match.groups()
    name = key_of(key)
    log, known = store._own_cache.operations, store._known_of(command)
    with store._lock:
        entry = store._find(name)
        number = 0 if entry is None else number_of(entry.value)
        if number is None:
            return None
        answer = b"NOT_FOUND" if entry is None else store._counted(name, entry, number, command, int(delta))
        frame = calling_frame(_getframe(2), store._libraries)
        state, code, at, thread = log.state, frame.f_code, frame.f_lasti, this_thread.name
        kinds: tuple[Kind, ...] = ("miss",) if entry is None else ("hit", "put")
        for kind in kinds:
            state.ticks[kind].append(None)
            state.latest.append((next(log.numbers), kind, name, thread, code, at, known))
    return b"" if quiet else answer + b"\r\n"


QUICK = {b"get ": _get, b"set ": _set, b"incr": _count, b"decr": _count}
"""What does the command that is all of its data, and answers it, by the four bytes that it begins with.

It returns None, with nothing done, for a command that goes the long way. The frame of its caller's caller is
that of the library.
"""
