"""Keys as text, by which those of several processes are compared."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .._telling.key_atoms import atoms_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._recording.operation import Operation
    from .._telling.key_parts import Part

__all__ = ["KeyText", "PartText", "text_of"]

# Of a longer text, the beginning, and a hash of all of it.
_LONGEST = 4_000
_DEPTH = 8


class PartText(NamedTuple):
    """A part of a key: its name, its text, and a hash of what it is pickled as, if it can be."""

    name: str
    text: str
    pickled: str


class KeyText(NamedTuple):
    """The key of a lookup in words: its store, its type, how it reads, hashes of it, its parts, and the line.

    Two keys are the same where ``identity`` is, or where both have the same ``pickled``.
    """

    store: str | None
    type: str
    text: str
    identity: str
    pickled: str
    parts: list[PartText]
    where: str

    def is_same(self, other: KeyText) -> bool:
        """Return whether this is the key of *other* in another process."""
        if (self.store, self.type) != (other.store, other.type):
            return False
        return self.identity == other.identity or (bool(self.pickled) and self.pickled == other.pickled)

    @classmethod
    def of_data(cls, data: list[Any]) -> KeyText:
        """Return what was written as JSON."""
        store, kind, text, identity, pickled, parts, where = data
        return cls(store, kind, text, identity, pickled, [PartText(*each) for each in parts], where)


def text_of(operation: Operation, apart: Callable[[object], list[Part]]) -> KeyText:
    """Return the key of *operation*, with the parts that *apart* finds in it."""
    key = operation.key
    parts = [PartText(name, _short(_plain(value)), _pickled(value)) for name, value in atoms_of(key, apart)]
    kind = f"{type(key).__module__}.{type(key).__qualname__}"
    written = _written(key)
    identity = hashlib.sha256(written.encode(errors="backslashreplace")).hexdigest()
    return KeyText(
        operation.store, kind, _short(_repr(key)), identity, _pickled(key), parts, str(operation.where)
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _plain(value: object) -> str:
    return value if type(value) is str else _repr(value)


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:
        return object.__repr__(value)


def _pickled(value: object) -> str:
    try:
        return hashlib.sha256(pickle.dumps(value, 4)).hexdigest()
    except Exception:
        # What can't be pickled is compared by its text.
        return ""


def _written(value: Any, depth: int = 0) -> str:
    """Return a text that is the same for keys that are equal: a set has no order."""
    kind = type(value)
    name = kind.__qualname__
    if depth < _DEPTH:
        if isinstance(value, (set, frozenset)):
            return f"{name}{{{', '.join(sorted(_written(each, depth + 1) for each in value))}}}"
        if isinstance(value, (tuple, list)):
            return f"{name}({', '.join(_written(each, depth + 1) for each in value)})"
        if isinstance(value, Mapping):
            pairs = (f"{_written(key, depth + 1)}: {_written(value[key], depth + 1)}" for key in value)
            return f"{name}{{{', '.join(pairs)}}}"
        if is_dataclass(value) and not isinstance(value, type):
            inside = (
                f"{each.name}={_written(getattr(value, each.name), depth + 1)}" for each in fields(value)
            )
            return f"{name}({', '.join(inside)})"
    return _repr(value)
