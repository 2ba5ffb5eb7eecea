"""The parts that a key is made of, each with a name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MOST_PARTS", "Part", "components", "is_text", "parts_inside"]

Part = tuple[str, object]
"""The name of a part, and its value."""

# A key may be a whole prompt, and a failure has to be told in moments.
MOST_PARTS = 2_000
_PARTS_OF_TEXT = 20
_LONGEST_TEXT = 20_000
_BETWEEN = re.compile(r"[:/|,;&?\s]+")


def is_text(value: object) -> TypeGuard[str]:
    """Return whether *value* really is a string: a mock or a proxy of one says of itself that it is."""
    return issubclass(type(value), str)


def components(key: object) -> list[Part]:
    """Take *key* apart into named parts, in their order.

    Mappings and dataclasses by their own names, sequences by index, inner ones by path; JSON text as what
    it stands for, other strings between punctuation; anything else is one part.
    """
    try:
        if is_text(key):
            found = _json(key)
            return _text_parts(key) if found is None else list(islice(_flat("", found), MOST_PARTS))
        return list(islice(_flat("", key), MOST_PARTS)) or [("key", key)]
    except Exception:
        # A field that was never set, a mapping that can't be read: what a failure is told of may be anything.
        return [("key", key)]


def parts_inside(name: str, value: object) -> list[Part]:
    """Take the part *name* of a key apart into those that it is made of in turn."""
    return list(islice(_flat(name, value), MOST_PARTS))


def _json(text: str) -> object:
    if text[:1] not in ("{", "[") or len(text) > _LONGEST_TEXT:
        return None
    # Loaded here: only a failure needs it.
    import json

    try:
        return json.loads(text) or None
    except (ValueError, RecursionError):
        return None


def _text_parts(text: str) -> list[Part]:
    if len(text) > _LONGEST_TEXT:
        # Each part would be a copy of much of it. Where two differ is found without.
        return [("key", text)]
    # A blank in front or at the end belongs to its part: it may be all that differs.
    inside = text.strip()
    start = text.index(inside)
    pieces = _BETWEEN.split(inside, maxsplit=_PARTS_OF_TEXT)
    pieces[0] = text[:start] + pieces[0]
    pieces[-1] += text[start + len(inside) :]
    found = []
    for n, piece in enumerate(pieces, 1):
        name, mark, value = piece.partition("=")
        found.append((name, value) if mark and name.isidentifier() else (f"part {n}", piece))
    return found


def _text(name: object) -> str:
    if is_text(name) or isinstance(name, (int, float)):
        return str(name)
    # Loaded here: only a failure needs it.
    from .shortening import short_repr

    return short_repr(name)


def _flat(path: str, value: object, depth: int = 0) -> Iterable[Part]:
    inside: Iterable[tuple[str, object]] | None = None
    if depth < 4 and not isinstance(value, (str, bytes, bytearray, memoryview)):
        if isinstance(value, Mapping):
            inside = (
                (f"{path}.{_text(name)}" if path else _text(name), each) for name, each in value.items()
            )
        elif is_dataclass(value) and not isinstance(value, type):
            inside = (
                (f"{path}.{field.name}" if path else field.name, getattr(value, field.name))
                for field in fields(value)
            )
        elif isinstance(value, tuple) and hasattr(value, "_fields"):
            inside = (
                (f"{path}.{name}" if path else name, each)
                for name, each in zip(value._fields, value, strict=False)
            )
        elif isinstance(value, Sequence):
            inside = ((f"{path}[{n - 1}]" if path else f"part {n}", each) for n, each in enumerate(value, 1))
    if inside is None or (depth and not value):
        yield path or "key", value
        return
    for name, each in inside:
        yield from _flat(name, each, depth + 1)
