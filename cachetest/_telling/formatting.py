"""The way keys and values are written in failures and reports: short, and still told apart."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, TypeVar, cast

from .lookalikes import escaped, looks_alike
from .shortening import KEY_TEXT, LIMIT, Shown, key_text, once, short_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")

__all__ = [
    "KEY_LIMIT",
    "LIMIT",
    "Shown",
    "change",
    "first_of",
    "label_keys",
    "shared_ends",
    "short_middle",
    "short_repr",
]

# Of a key that long, the middle is left out.
KEY_LIMIT = 60
_AROUND = 12
# What is a word of a text: it is not cut in two where it is what has changed.
_WORD = re.compile(r"[\w.+%-]+")
_WORD_LIMIT = 100


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
    return shared_start(min(texts), max(texts))


def shared_start(one: Sequence[object], other: Sequence[object]) -> int:
    """Return how many elements two sequences of one type begin with in common."""
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
    they differ, those that look alike are written with escapes, and where no part of them tells them apart,
    they are numbered.
    """
    texts: dict[str, str] = {}
    groups: dict[str, list[str]] = {}
    numbers: dict[str, list[object]] = {}
    for key in keys:
        text = key_text(key)
        alike = numbers.setdefault(text, [])
        if not any(type(each) is type(key) and _equal(each, key) for each in alike):
            alike.append(key)
        if text not in texts:
            texts[text] = short_middle(text)
            groups.setdefault(texts[text], []).append(text)
    for group in groups.values():
        _tell_apart(group, texts)
    _escape_alike(texts)

    def label(key: object) -> str:
        text = key_text(key)
        alike = numbers.get(text, ())
        mark = ""
        if len(alike) > 1:
            same = (n for n, each in enumerate(alike, 1) if type(each) is type(key) and _equal(each, key))
            mark = f" #{next(same, 0)}"
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


def _escape_alike(texts: dict[str, str]) -> None:
    """Write those of *texts* with escapes that could be taken for another."""
    odd = {text: shown for text, shown in texts.items() if not shown.isascii()}
    alike = [text for text, shown in odd.items() if any(looks_alike(shown, each) for each in texts.values())]
    for text in alike:
        texts[text] = escaped(texts[text])


def change(was: object, now: object) -> str:
    """Return ``was -> now``; of long texts only what differs, of several lines those that do."""
    return once(_change, was, now)


def _change(was: object, now: object) -> str:
    one, other, skipped = _around_change(was, now)
    if one == other:
        return _written_alike(was, now, one)
    if "\n" in one or "\n" in other:
        return _changed_lines(one.splitlines(), other.splitlines())
    one, other = _told_apart(one, other)
    if max(len(one), len(other)) <= KEY_LIMIT:
        return f"{one} -> {other}"
    start, _ = shared_ends(one, other)
    where = f" (from character {start + skipped} on)" if start + skipped > KEY_LIMIT else ""
    return f"{_whole_word(one, start)} -> {_whole_word(other, start)}{where}"


def _around_change(was: object, now: object) -> tuple[str, str, int]:
    """Return the texts of both, and how many characters were left out before the place where they differ."""
    if type(was) is Shown and type(now) is Shown:
        return was.text, now.text, 0
    if max(map(_length, (was, now))) > KEY_TEXT and type(was) is type(now):
        first, second = cast("Sequence[object]", was), cast("Sequence[object]", now)
        begin = max(0, shared_start(first, second) - KEY_LIMIT)
        end = begin + KEY_TEXT
        return repr(first[begin:end]), repr(second[begin:end]), begin
    one, other = (each.text if type(each) is Shown else key_text(each) for each in (was, now))
    return one, other, 0


def _length(value: object) -> int:
    return len(value) if type(value) in (str, bytes) else 0  # type: ignore[arg-type]


def _told_apart(one: str, other: str) -> tuple[str, str]:
    if one.strip() == other.strip():
        # What has no quotes around it may end in blanks.
        return repr(one), repr(other)
    if looks_alike(one, other):
        return escaped(one), escaped(other)
    return one, other


def _written_alike(was: object, now: object, text: str) -> str:
    """Return the change of what is not the same and has the same text."""
    shown = short_middle(text)
    if type(was) is not type(now):
        return f"{shown} ({type(was).__qualname__}) -> {shown} ({type(now).__qualname__})"
    if len(text) > KEY_TEXT:
        return f"{shown}, which differ after their first {KEY_TEXT:,} characters"
    return f"{shown} -> another {type(now).__qualname__} that is written alike"


def _whole_word(text: str, at: int) -> str:
    """Return *text* as `short_middle` does, but for the word at the position *at*, which is not cut."""
    if len(text) <= KEY_LIMIT:
        return text
    word = next((each for each in _WORD.finditer(text, max(0, at - _WORD_LIMIT)) if each.end() >= at), None)
    if word is not None and word.start() <= at and word.end() - word.start() < _WORD_LIMIT:
        # With the quote or bracket around it.
        start, end = max(0, word.start() - 1), word.end() + 1
    else:
        start, end = max(0, at - _AROUND // 3), min(len(text), at + _AROUND)
    head = text[:start] if start <= _AROUND + 3 else text[:_AROUND] + "..."
    tail = text[end:] if len(text) - end <= _AROUND + 3 else "..." + text[-_AROUND:]
    return head + text[start:end] + tail


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
