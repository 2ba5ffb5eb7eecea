"""Every exception and warning that cachetest raises, and the text that helps to mend a wrong name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CacheTestError",
    "CacheTestWarning",
    "LateOperationWarning",
    "MissingLibraryError",
    "NoMissError",
    "NotPatchedError",
    "SwitchError",
    "UnknownAdapterError",
    "UnknownCacheError",
    "UnknownSwitchError",
    "closest_first",
]


class CacheTestError(Exception):
    """What every error of cachetest is a kind of, failed assertions aside."""


class UnknownCacheError(CacheTestError, AttributeError, KeyError):
    """No cache of this name is in the scope.

    An ``AttributeError`` because names are attributes of a scope, and a ``KeyError`` (so a
    ``LookupError``) because they are its keys.
    """

    # KeyError would show the repr of the message.
    __str__ = Exception.__str__


class UnknownAdapterError(CacheTestError, LookupError):
    """No adapter of this name comes with cachetest."""


class UnknownSwitchError(CacheTestError, LookupError):
    """No adapter in use has a switch of this name."""


class SwitchError(CacheTestError):
    """A switch did not take the value it was given, or this release of the library lacks it."""


class MissingLibraryError(CacheTestError, ImportError):
    """An adapter was asked for whose library can't be imported."""


class NoMissError(CacheTestError, LookupError):
    """A miss was to be explained where there was none."""


class NotPatchedError(CacheTestError, RuntimeError):
    """Something was to be undone or read that had not been begun."""


class CacheTestWarning(UserWarning):
    """What every warning of cachetest is a kind of."""


class LateOperationWarning(CacheTestWarning):
    """A cache was used on behalf of a test that had ended, or of no test at all."""


def closest_first(name: str, known: Iterable[str]) -> list[str]:
    """Return *known* sorted by likeness to *name*, the closest first."""
    # difflib pulls in `re`, which only a failure needs.
    import difflib

    def distance(other: str) -> tuple[float, str]:
        return -difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio(), other

    return sorted(known, key=distance)
