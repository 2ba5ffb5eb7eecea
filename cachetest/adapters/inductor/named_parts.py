"""The parts of a key that torch hashes, kept by their names where torch makes the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._telling.formatting import Shown
from .key_parts import known_parts

if TYPE_CHECKING:
    from ..._caches.cache import MockCache
    from ..._telling.key_parts import Part

__all__ = ["keep_named", "named_parts"]


def keep_named(cache: MockCache, key: str, **parts: object) -> None:
    """Keep what *key* of torch's was made of; ``_`` in the name of a part stands for a space."""
    if cache.explainer is None or not cache.explains_misses or key in known_parts(cache):
        return
    cache.keep_details(key, tuple(f"{name.replace('_', ' ')}: {value}" for name, value in parts.items()))


def named_parts(cache: MockCache, key: object) -> list[Part] | None:
    """Return the parts of *key* that were kept, None where none were."""
    texts = known_parts(cache).get(str(key))
    if texts is None:
        return None
    split = (text.partition(": ") for text in texts)
    return [(name, Shown(value)) for name, _, value in split]
