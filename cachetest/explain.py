"""Why a lookup missed: the nearest key that was put before it, and the parts in which they differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .operations import Operation

__all__ = ["Miss", "components", "explain_miss"]

Part = tuple[str, object]

# Every key that was put is compared with the one that missed; past this many only the latest are.
_COMPARED_KEYS = 1_000


class Miss(NamedTuple):
    """What is known about one miss.

    ``reason`` is ``"put before"`` (the entry was there and is gone), ``"empty"`` (nothing had been put),
    ``"empty, put later"``, ``"never put"`` or ``"put later"``. ``nearest`` is the likest key that had been
    put, and ``differing`` the parts of it that are not the same, as (name of the part, in the key that was
    put, in the key that missed); a part that one of them lacks is None there.
    """

    reason: str
    nearest: object = None
    differing: tuple[tuple[str, object, object], ...] = ()


def components(key: object) -> list[Part]:
    """Take *key* apart into named parts, in their order.

    Mappings and dataclasses by their own names, sequences by index, strings between punctuation;
    anything else is one part.
    """
    if isinstance(key, str):
        return [(f"part {n}", text) for n, text in enumerate(re.split(r"[:/|,;&\s]+", key), 1)]
    if isinstance(key, Mapping):
        return [(str(name), value) for name, value in key.items()]
    if is_dataclass(key) and not isinstance(key, type):
        return [(field.name, getattr(key, field.name)) for field in fields(key)]
    if isinstance(key, Sequence) and not isinstance(key, (bytes, bytearray, memoryview)):
        return [(f"part {n}", value) for n, value in enumerate(key, 1)]
    return [("key", key)]


def explain_miss(
    operations: Sequence[Operation],
    index: int,
    take_apart: Callable[[object], list[Part]] = components,
) -> Miss:
    """Explain ``operations[index]``, a miss, from what else happened to its cache.

    *take_apart* gives the named parts of a key.
    """
    missed = operations[index].key
    before = [operation.key for operation in operations[:index] if operation.kind == "put"]
    if any(_same(key, missed) for key in before):
        return Miss("put before")
    later = any(
        operation.kind == "put" and _same(operation.key, missed) for operation in operations[index + 1 :]
    )
    if not before:
        return Miss("empty, put later" if later else "empty")
    wanted = dict(take_apart(missed))
    nearest = max(before[-_COMPARED_KEYS:], key=lambda key: _likeness(dict(take_apart(key)), wanted))
    return Miss(
        "put later" if later else "never put",
        nearest,
        tuple(_differing(dict(take_apart(nearest)), wanted)),
    )


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and bool(one == other)


def _likeness(parts: Mapping[str, object], wanted: Mapping[str, object]) -> tuple[int, float]:
    different = sum(1 for _ in _differing(parts, wanted))
    one, other = (" ".join(str(value)[:200] for value in side.values()) for side in (parts, wanted))
    return -different, difflib.SequenceMatcher(None, one, other).quick_ratio()


def _differing(
    parts: Mapping[str, object], wanted: Mapping[str, object]
) -> Iterable[tuple[str, object, object]]:
    for name in {**parts, **wanted}:
        have, want = parts.get(name), wanted.get(name)
        if not _same(have, want):
            yield name, have, want
