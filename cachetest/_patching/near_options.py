"""Warnings of class attributes that are nearly options of a test, and do nothing."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING
from weakref import WeakSet

from .._recording.call_sites import calling_location
from ..errors import CacheTestWarning
from .options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["nearest_option", "warn_of_near_options"]

_looked_at: WeakSet[type] = WeakSet()


def warn_of_near_options(cls: type) -> None:
    """Warn of the attributes of *cls* that are nearly options, those of the classes mixed into it too.

    What a class has is looked at once. Methods, properties and other classes are nobody's options.
    """
    for each in cls.__mro__:
        if each in _looked_at or each.__module__ in _NOBODYS:
            continue
        _looked_at.add(each)
        for name, value in list(vars(each).items()):
            if name in OPTIONS or name.startswith("_") or callable(value) or hasattr(value, "__get__"):
                continue
            near = nearest_option(name)
            if near is not None:
                where = calling_location()
                text = (
                    f"{each.__qualname__}.{name} is no option of cachetest and changes nothing; the "
                    f"closest one is {near}"
                )
                warnings.warn_explicit(text, CacheTestWarning, where.filename, where.lineno)


_NOBODYS = ("builtins", "abc", "typing", "unittest.case", "unittest.async_case")


def nearest_option(name: str, options: Iterable[str] = OPTIONS) -> str | None:
    """Return the option that *name* was meant to be, or None where it is another word.

    It is one where each of its words is a form of the option's (``enabled``), or the same but for a slip of
    the pen (``lenght``): a word with another first letter, or a short one with another letter, is another
    word.
    """
    words = _words(name)
    for option in options:
        wanted = option.split("_")
        if "".join(words) == "".join(wanted):
            return option
        if len(words) == len(wanted) and all(map(_is_meant, words, wanted)):
            return option
    return None


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)]


def _is_meant(word: str, wanted: str) -> bool:
    if _stems(word) & _stems(wanted):
        return True
    return len(wanted) > 4 and word[0] == wanted[0] and _is_slip(word, wanted)


def _stems(word: str) -> set[str]:
    """Return what *word* may be a form of: ``enabled`` is one of ``enable``, and of ``enabl``."""
    return {word.removesuffix(ending) for ending in ("", "s", "d", "e", "es", "ed")}


def _is_slip(word: str, wanted: str) -> bool:
    """Return whether one letter is wrong, missing or too many, or two neighbours have changed places."""
    start = 0
    while start < min(len(word), len(wanted)) and word[start] == wanted[start]:
        start += 1
    left, right = word[start:], wanted[start:]
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]
