"""The parts that a key is made of, each with a name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MOST_PARTS", "Part", "components"]

Part = tuple[str, object]
"""The name of a part, and its value."""

# A key may be a whole prompt, and a failure has to be told in moments.
MOST_PARTS = 2_000
_PARTS_OF_TEXT = 20
_JSON_TEXT = 20_000


def components(key: object) -> list[Part]:
    """Take *key* apart into named parts, in their order.

    Mappings and dataclasses by their own names, sequences by index, inner ones by path; JSON text as what
    it stands for, other strings between punctuation; anything else is one part.
    """
    if isinstance(key, str):
        found = _json(key)
        return _text_parts(key) if found is None else list(islice(_flat("", found), MOST_PARTS))
    try:
        return list(islice(_flat("", key), MOST_PARTS)) or [("key", key)]
    except Exception:
        # A field that was never set, a mapping that can't be read: what a failure is told of may be anything.
        return [("key", key)]


def _json(text: str) -> object:
    if text[:1] not in ("{", "[") or len(text) > _JSON_TEXT:
        return None
    # Loaded here: only a failure needs it.
    import json

    try:
        return json.loads(text) or None
    except (ValueError, RecursionError):
        return None


def _text_parts(text: str) -> list[Part]:
    found = []
    for n, piece in enumerate(re.split(r"[:/|,;&?\s]+", text, maxsplit=_PARTS_OF_TEXT), 1):
        name, mark, value = piece.partition("=")
        found.append((name, value) if mark and name.isidentifier() else (f"part {n}", piece))
    return found


def _flat(path: str, value: object, depth: int = 0) -> Iterable[Part]:
    inside: Iterable[tuple[str, object]] | None = None
    if depth < 4 and not isinstance(value, (str, bytes, bytearray, memoryview)):
        if isinstance(value, Mapping):
            inside = ((f"{path}.{name}" if path else str(name), each) for name, each in value.items())
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
