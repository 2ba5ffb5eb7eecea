"""The counts of some of the keys of a cache, taken from its operations."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, cast

from .._caches.counting import KIND_OF, chosen_indexes
from .._telling.key_parts import is_text
from .._telling.shortening import short_repr

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._caches.cache import MockCache
    from .._recording.operation import Kind

    Keys = str | Callable[[object], object]

__all__ = ["counts_of_some", "is_of", "words_of"]


def is_of(keys: Keys) -> Callable[[object], object]:
    """Return what tells of a key whether it is one of *keys*; raises ``TypeError`` for what are none."""
    if isinstance(keys, str):
        return partial(_matches, keys)
    if callable(keys):
        return partial(_answer, keys)
    raise TypeError(f"keys must be a glob such as 'price:*', or a function of a key, not {keys!r}")


def _matches(pattern: str, key: object) -> bool:
    if type(key) is bytes:
        return fnmatchcase(key.decode("utf-8", "backslashreplace"), pattern)
    return fnmatchcase(key if is_text(key) else short_repr(key), pattern)


def _answer(chosen: Callable[[object], object], key: object) -> object:
    answer = chosen(key)
    if hasattr(answer, "__await__"):
        # It would be true of every key.
        if hasattr(answer, "close"):
            answer.close()
        raise TypeError(f"keys must be a function that says at once whether a key is one, not {chosen!r}")
    return answer


def words_of(keys: Keys) -> str:
    """Return *keys* as a failure has them."""
    return repr(keys) if isinstance(keys, str) else str(getattr(keys, "__qualname__", repr(keys)))


def counts_of_some(
    cache: MockCache,
    chosen: Callable[[object], object] | None,
    process: int | None = None,
    skipped: int = 0,
) -> dict[str, int]:
    """Return the counts, by word, of the operations on the keys that are *chosen* and of *process*.

    The first *skipped* of all operations are left out. Raises ``ValueError`` where some are not known.
    """
    if "operations" in cache.unavailable:
        why = cache.unavailable["operations"]
        given = "process" if chosen is None else "keys"
        raise ValueError(f"the operations of cache {cache.name!r} can't be known: {why}; leave {given} out")
    dropped = cache.operations.dropped
    if dropped > skipped:
        of = "the process" if chosen is None else "some keys"
        raise ValueError(
            f"the oldest {dropped - skipped:,} operations of cache {cache.name!r} are not kept, so those of "
            f"{of} can't be counted: have more kept, by log_length"
        )
    snapshot = cache.operations.snapshot()
    kinds = snapshot.kinds()
    found = [kinds[index] for index in chosen_indexes(snapshot, skipped - dropped, chosen, process)]
    return {word: found.count(cast("Kind", kind)) for word, kind in KIND_OF.items()}
