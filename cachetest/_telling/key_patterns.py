"""Which keys a test means: a glob over their text, or a function of a key."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from .key_parts import is_text
from .shortening import short_repr

if TYPE_CHECKING:
    from collections.abc import Callable

    Keys = str | Callable[[object], object]

__all__ = ["is_of", "words_of"]


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
