"""Which keys a command is about, and whether it gets, puts or deletes: told before it is executed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = [
    "Subject",
    "Target",
    "all_but_last",
    "counted",
    "destination",
    "each",
    "every_other",
    "field",
    "fields",
    "fields_after",
    "first",
    "first_two",
    "options",
    "second",
    "set_target",
    "sort_target",
    "text_of",
]

Subject = tuple["str | None", tuple[object, ...]]
"""``"get"``, ``"put"``, ``"delete"`` or None, and the keys as they are logged."""

Target = Callable[[Sequence[bytes]], Subject]
"""Tells from the arguments of a command what it is about; IndexError or ValueError where they are wrong."""


def text_of(key: object) -> object:
    """Return a key as it is logged: bytes as text where they are UTF-8, the parts of a tuple each."""
    if isinstance(key, tuple):
        return tuple(map(text_of, key))
    if isinstance(key, (bytes, bytearray)):
        try:
            return key.decode()
        except UnicodeDecodeError:
            return bytes(key)
    return key


def _texts(keys: Sequence[bytes]) -> tuple[object, ...]:
    return tuple(map(text_of, keys))


def options(arguments: Sequence[bytes]) -> set[bytes]:
    """Return the words that follow the key and the value, in capitals."""
    return {word.upper() for word in arguments[2:]}


def first(kind: str | None) -> Target:
    """Make the target of a command whose first argument is the key."""

    def target(arguments: Sequence[bytes]) -> Subject:
        return kind, (text_of(arguments[0]),)

    return target


def second(kind: str | None) -> Target:
    """Make that of one whose second argument is the key."""
    return lambda arguments: (kind, (text_of(arguments[1]),))


def first_two(kind: str | None) -> Target:
    """Make that of one whose first two arguments are the keys."""
    return lambda arguments: (kind, _texts(arguments[:2]))


def each(kind: str | None) -> Target:
    """Make that of one whose arguments are the keys."""
    return lambda arguments: (kind, _texts(arguments))


def every_other(kind: str | None) -> Target:
    """Make that of one that has a value after each key."""
    return lambda arguments: (kind, _texts(arguments[::2]))


def all_but_last(kind: str | None) -> Target:
    """Make that of one whose arguments are the keys but for the last, a time limit."""
    return lambda arguments: (kind, _texts(arguments[:-1]))


def counted(kind: str | None, at: int) -> Target:
    """Make that of one whose argument *at* is the number of keys that follow."""

    def target(arguments: Sequence[bytes]) -> Subject:
        start = at + 1
        return kind, _texts(arguments[start : start + int(arguments[at])])

    return target


def field(kind: str | None) -> Target:
    """Make that of one whose first argument is the key of a hash, and whose second is a field."""
    return lambda arguments: (kind, ((text_of(arguments[0]), text_of(arguments[1])),))


def fields(kind: str | None, step: int = 1) -> Target:
    """Make that of one about a hash and its fields, one every *step* arguments after the key."""

    def target(arguments: Sequence[bytes]) -> Subject:
        key = text_of(arguments[0])
        return kind, tuple((key, name) for name in _texts(arguments[1::step]))

    return target


def fields_after(kind: str | None, step: int = 1) -> Target:
    """Make that of one about a hash and its fields, which follow ``FIELDS <number>``."""

    def target(arguments: Sequence[bytes]) -> Subject:
        words = [word.upper() for word in arguments]
        key = text_of(arguments[0])
        # From the second on: the first is the key, which may be called so as well.
        start = words.index(b"FIELDS", 1) + 2
        return kind, tuple((key, name) for name in _texts(arguments[start::step]))

    return target


def set_target(arguments: Sequence[bytes]) -> Subject:
    """Return the subject of SET, which with the option GET is a lookup as well."""
    looks = len(arguments) > 2 and b"GET" in options(arguments)
    return None if looks else "put", (text_of(arguments[0]),)


def sort_target(arguments: Sequence[bytes]) -> Subject:
    """Return that of SORT, which writes its result only where it is told to: ``STORE key``."""
    key = destination(arguments)
    return (None, (text_of(arguments[0]),)) if key is None else ("put", (text_of(key),))


def destination(arguments: Sequence[bytes]) -> bytes | None:
    """Return the key that follows STORE, if any does."""
    words = [word.upper() for word in arguments[:-1]]
    for n in range(len(words) - 1, 0, -1):
        if words[n] in (b"STORE", b"STOREDIST"):
            return arguments[n + 1]
    return None
