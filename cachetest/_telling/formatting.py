"""The way keys and values are written in failures and reports: short, and still told apart."""

from __future__ import annotations

import reprlib
from collections import deque
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")

__all__ = ["Shown", "change", "first_of", "label_keys", "shared_ends", "short_repr", "short_middle"]

# The report of torch._inductor.mock_cache cuts at the same length.
LIMIT = 100

# Of a key that long, the middle is left out.
KEY_LIMIT = 60
# How much of a long key is built, to find where it differs from another.
_KEY_TEXT = 4_000
_AROUND = 12


class Shown:
    """A part of a key that is written as *text*, without quotes.

    Two are equal when their *identity* is, which is the text itself by default.
    """

    __slots__ = ("identity", "text")

    def __init__(self, text: str, identity: str | None = None) -> None:
        self.text = text
        self.identity = text if identity is None else identity

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shown) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __repr__(self) -> str:
        return self.text


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
        if isinstance(x, Shown):
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
        return super().repr_instance(x, level)


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
_keys = _Shortener(_KEY_TEXT)


def _text(shortener: _Shortener, value: object) -> str:
    try:
        return shortener.repr(value)
    except Exception:
        # A field that can't be read, or a class that only has the name of a container.
        return f"<{type(value).__name__} instance at {id(value):#x}>"


def short_repr(value: object) -> str:
    """Return the repr of *value*, cut at 100 characters and then marked with ``...``."""
    text = _text(_values, value)
    return text if len(text) <= LIMIT else text[:LIMIT] + "..."


def short_middle(text: str, at: int | None = None, limit: int = KEY_LIMIT) -> str:
    """Return *text*, its middle left out if it is long; what is around the position *at* is kept."""
    if len(text) <= limit:
        return text
    side = (limit - 3) // 2
    if at is None or at < side or at >= len(text) - side:
        return f"{text[:side]}...{text[-side:]}"
    third = _AROUND
    start, end = max(at - third // 3, third), min(at + third, len(text) - third)
    return f"{text[:third]}...{text[start:end]}...{text[-third:]}"


def common_start(texts: Sequence[str]) -> int:
    """Return how many characters all of *texts* begin with in common."""
    # What the first and the last in order share, all of them share.
    one, other = min(texts), max(texts)
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def shared_ends(one: str, other: str) -> tuple[int, int]:
    """Return how many characters two texts share at their start, and how many more at their end."""
    start = common_start([one, other])
    room = min(len(one), len(other)) - start
    end = common_start([one[::-1][:room], other[::-1][:room]])
    return start, end


def _equal(one: object, other: object) -> bool:
    try:
        return one is other or bool(one == other)
    except Exception:
        return False


def label_keys(keys: Iterable[object]) -> Callable[[object], str]:
    """Return a function that writes each of *keys*, and any other, shortly.

    Equal keys look equal, and different ones of *keys* different: of long ones that part is kept in which
    they differ, and where no part of them tells them apart, they are numbered.
    """
    texts: dict[str, str] = {}
    groups: dict[str, list[str]] = {}
    numbers: dict[str, list[object]] = {}
    for key in keys:
        text = _text(_keys, key)
        if len(text) <= KEY_LIMIT:
            continue
        alike = numbers.setdefault(text, [])
        if len(text) > _KEY_TEXT and not any(_equal(each, key) for each in alike):
            alike.append(key)
        if text not in texts:
            texts[text] = short_middle(text)
            groups.setdefault(texts[text], []).append(text)
    for group in groups.values():
        _tell_apart(group, texts)

    def label(key: object) -> str:
        text = _text(_keys, key)
        alike = numbers.get(text, ())
        mark = ""
        if len(alike) > 1:
            mark = f" #{next((n for n, each in enumerate(alike, 1) if _equal(each, key)), 0)}"
        return (texts.get(text) or short_middle(text)) + mark

    return label


def _tell_apart(group: list[str], texts: dict[str, str]) -> None:
    """Give each of the long texts of *group*, which look the same, another look."""
    if len(group) < 2:
        return
    at = common_start(group)
    looks: dict[str, list[str]] = {}
    for text in group:
        looks.setdefault(short_middle(text, at), []).append(text)
    for look, alike in looks.items():
        for number, text in enumerate(alike, 1):
            texts[text] = look if len(alike) == 1 else f"{look} #{number}"


def change(was: object, now: object) -> str:
    """Return ``was -> now``; of long texts only what differs, of several lines those that do."""
    one, other = (each.text if isinstance(each, Shown) else _text(_keys, each) for each in (was, now))
    if "\n" in one or "\n" in other:
        return _changed_lines(one.splitlines(), other.splitlines())
    if max(len(one), len(other)) <= KEY_LIMIT:
        return f"{one} -> {other}"
    start, _ = shared_ends(one, other)
    where = f" (from character {start} on)" if start > KEY_LIMIT else ""
    return f"{short_middle(one, start)} -> {short_middle(other, start)}{where}"


def _changed_lines(one: list[str], other: list[str]) -> str:
    # Loaded here: only a failure needs it.
    import difflib

    gone, come = [], []
    for line in difflib.ndiff(one[:500], other[:500]):
        text = short_middle(line[2:].strip())
        if line.startswith("- ") and text:
            gone.append(text)
        elif line.startswith("+ ") and text:
            come.append(text)
    parts = [f"- {line}" for line in gone[:2]] + [f"+ {line}" for line in come[:2]]
    more = len(gone[2:]) + len(come[2:])
    return " | ".join(parts) + (f" | {more} more lines" if more else "")


def first_of(entries: Iterable[T], most: int) -> list[T]:
    """Return the first entries, also while other threads add to them."""
    try:
        return list(islice(entries, most))
    except RuntimeError:
        # A whole list is made at once, but of a million entries it would take its memory.
        return list(entries)[:most]
