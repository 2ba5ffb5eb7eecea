"""An eviction and an expiration that a test makes by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._behaving.gate import MISSING
from .._recording.packages import NO_LIBRARIES
from .._telling.formatting import short_repr
from .._telling.likeness import closest_keys

if TYPE_CHECKING:
    from types import FrameType

    from .._recording.operation import Kind

__all__ = ["take_out"]


def take_out(cache: Any, kind: Kind, key: object, frame: FrameType) -> None:
    """Take the entry of *key* out of *cache*; log an operation of *kind*, with the line of *frame*."""
    cache._of_scope()
    carrier = cache.carrier
    word = "evicted from" if kind == "eviction" else "expired in"
    try:
        storage = carrier.storage(cache)
    except TypeError as error:
        raise TypeError(f"nothing can be {word} cache {cache.name!r}: {error}") from None
    made = carrier.entry_key(cache.name, key)
    if storage.read(made) is MISSING:
        keys = list(storage.live_keys())
        raise KeyError(_Text(f"cache {cache.name!r} has no entry of {short_repr(key)}: {_there(made, keys)}"))
    storage.write(made, MISSING)
    cache.operations.record(kind, made, NO_LIBRARIES, frame)


def _there(key: object, keys: list[object]) -> str:
    if not keys:
        return "it is empty"
    found = ", ".join(map(short_repr, closest_keys(key, keys, 5)))
    return f"it has {len(keys)}, the closest first: {found}"


class _Text(str):
    """A text that a KeyError shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
