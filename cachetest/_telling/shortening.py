"""The repr of an object, as much of it as will be shown, and no longer than a reader waits for a text."""

from __future__ import annotations

import reprlib
import time
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "KEY_TEXT",
    "LIMIT",
    "Shown",
    "key_text",
    "once",
    "one_text",
    "repr_in_time",
    "short_repr",
    "text_to_compare",
    "unwritten",
    "whole_repr",
]

# The report of torch._inductor.mock_cache cuts at the same length.
LIMIT = 100
# How much of a long key is built, to find where it differs from another.
KEY_TEXT = 4_000
# So many seconds may the reprs of the program's own classes take in one text, half of them to compare keys. A
# failure is told in moments, whatever the keys are.
_SECONDS = 0.5
_clock = time.perf_counter


class Shown:
    """A part of a key that is written as *text*, without quotes.

    Two are equal when their *identity* is, which is the text itself by default.
    """

    __slots__ = ("identity", "text")

    def __init__(self, text: str, identity: str | None = None) -> None:
        self.text = text
        self.identity = text if identity is None else identity

    def __eq__(self, other: object) -> bool:
        return type(other) is Shown and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __repr__(self) -> str:
        return self.text


class _Text:
    """One text that is being written: the reprs it has had, and the seconds that are left for others."""

    __slots__ = ("left", "memo", "reprs", "unwritten")

    def __init__(self) -> None:
        # By id, with the object, which keeps that from being another's meanwhile.
        self.reprs: dict[int, tuple[object, str]] = {}
        self.memo: dict[tuple[object, ...], tuple[object, str]] = {}
        self.left = _SECONDS
        self.unwritten = False

    def repr_of(self, value: object) -> str:
        found = self.reprs.get(id(value))
        if found is not None:
            return found[1]
        if self.left <= 0:
            self.unwritten = True
            return _name_of(value)
        begun = _clock()
        text = _own_repr(value)
        self.left -= _clock() - begun
        if len(text) <= KEY_TEXT:
            self.reprs[id(value)] = value, text
        return text


_current: ContextVar[_Text | None] = ContextVar("cachetest.text", default=None)


@contextmanager
def one_text() -> Iterator[None]:
    """Have all that is written inside be one text: each repr is asked for once, and not for too long."""
    if _current.get() is not None:
        yield
        return
    _current.set(_Text())
    try:
        yield
    finally:
        _current.set(None)


def once(write: Callable[[object, object], str], one: object, other: object) -> str:
    """Return what *write* makes of two objects, made once in the present text: it may take long."""
    text = _current.get()
    if text is None:
        return write(one, other)
    at = write, id(one), id(other)
    if at not in text.memo:
        text.memo[at] = (one, other), write(one, other)
    return text.memo[at][1]


def unwritten() -> list[str]:
    """Return the line that says so where the present text shows objects by class and address."""
    text = _current.get()
    if text is None or not text.unwritten:
        return []
    return ["  (writing the keys takes long: some are shown by their class and address)"]


def _name_of(value: object) -> str:
    return f"<{type(value).__name__} instance at {id(value):#x}>"


def _own_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:
        return _name_of(value)


class _Shortener(reprlib.Repr):
    """A repr that looks at no more of an object than will be shown.

    An entry may be a compiled graph of many megabytes, and the report is printed in CI for each of them.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        # An element takes three characters or more ("0, "), so this many fill the limit.
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = limit // 3 + 1
        self.maxfrozenset = self.maxdeque = self.maxarray = limit // 3 + 1
        self.maxlevel = 3
        self.maxother = self.maxlong = limit + 1

    def repr_str(self, x: str, level: int) -> str:
        return repr(x[: self._limit + 1])

    def repr_bytes(self, x: bytes, level: int) -> str:
        return repr(x[: self._limit + 1])

    repr_bytearray = repr_bytes

    # Those of reprlib sort all of the elements, to show the first.

    def repr_dict(self, x: Any, level: int) -> str:
        if x and level <= 0:
            return "{...}"
        shown = [
            f"{self.repr1(key, level - 1)}: {self.repr1(value, level - 1)}"
            for key, value in islice(x.items(), self.maxdict)
        ]
        return f"{{{', '.join(shown)}{', ...' if len(x) > self.maxdict else ''}}}"

    def repr_set(self, x: Any, level: int) -> str:
        if len(x) <= self.maxset:
            return super().repr_set(x, level)
        return "{" + ", ".join(self.repr1(each, level - 1) for each in islice(x, self.maxset)) + ", ...}"

    def repr_frozenset(self, x: Any, level: int) -> str:
        return f"frozenset({self.repr_set(x, level)})" if x else "frozenset()"

    def repr_int(self, x: int, level: int) -> str:
        # The decimal digits of a huge integer take quadratic time, and Python refuses them past a limit.
        return repr(x) if x.bit_length() < 8 * LIMIT else f"<an int of {x.bit_length()} bits>"

    def repr_instance(self, x: Any, level: int) -> str:
        if type(x) is Shown:
            return x.text[: self._limit + 1]
        # The repr that a dataclass generates would build the text of every field in full.
        generated = getattr(type(x), "__dataclass_params__", None)
        if is_dataclass(x) and generated is not None and generated.repr and level > 0:
            inside = (
                f"{field.name}={self.repr1(getattr(x, field.name, None), level - 1)}"
                for field in fields(x)
                if field.repr
            )
            return f"{type(x).__qualname__}({', '.join(inside)})"
        for base, method in _CONTAINERS:
            if isinstance(x, base):
                return str(getattr(self, method)(x, level))
        current = _current.get()
        text = _own_repr(x) if current is None else current.repr_of(x)
        if len(text) <= self.maxother:
            return text
        side = (self.maxother - 3) // 2
        return f"{text[:side]}...{text[side + 3 - self.maxother :]}"


# reprlib goes by the name of the class, so that it would build the whole repr of a subclass.
_CONTAINERS: tuple[tuple[type, str], ...] = (
    (str, "repr_str"),
    (bytes, "repr_bytes"),
    (bytearray, "repr_bytes"),
    (dict, "repr_dict"),
    (list, "repr_list"),
    (tuple, "repr_tuple"),
    (set, "repr_set"),
    (frozenset, "repr_frozenset"),
    (deque, "repr_deque"),
)

_values = _Shortener(LIMIT)
_keys = _Shortener(KEY_TEXT)
# Of the keys that are compared by their text nothing is left out.
_whole = _Shortener(1_000_000)
_whole.maxlevel = 20


def _written(shortener: _Shortener, value: object) -> str:
    try:
        return shortener.repr(value)
    except Exception:
        # A field that can't be read, or a class that only has the name of a container.
        return _name_of(value)


def short_repr(value: object) -> str:
    """Return the repr of *value*, cut at 100 characters and then marked with ``...``."""
    text = _written(_values, value)
    return text if len(text) <= LIMIT else text[:LIMIT] + "..."


def repr_in_time(value: object) -> str:
    """Return what `short_repr` does, or class and address where the present text has taken long already."""
    current = _current.get()
    if current is None:
        return short_repr(value)
    if current.left <= 0:
        current.unwritten = True
        return _name_of(value)
    begun, left = _clock(), current.left
    text = short_repr(value)
    current.left = left - (_clock() - begun)
    return text


def key_text(key: object) -> str:
    """Return the repr of *key*, as much as is built to find where it differs from another."""
    return _written(_keys, key)


def whole_repr(value: object) -> str:
    """Return the repr of *value* with nothing left out; sets are sorted, where that can be done."""
    return _written(_whole, value)


def text_to_compare(value: object, write: Callable[[object], str] = short_repr) -> str | None:
    """Return what *write* does; None where too many were compared for the time that there is."""
    current = _current.get()
    if current is not None and current.left < _SECONDS / 2 and id(value) not in current.reprs:
        return None
    return write(value)
