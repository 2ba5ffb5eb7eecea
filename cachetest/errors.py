"""Every exception and warning of cachetest, and the order in which a wrong name is told the right ones."""

from __future__ import annotations

# Not from typing, which takes longer to import than all that a child process needs of this package.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CacheTestError",
    "CacheTestWarning",
    "ChildOperationError",
    "GuardError",
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
    """The base of every error that cachetest raises, failed assertions aside."""


class UnknownCacheError(CacheTestError, AttributeError, KeyError):
    """The scope has no cache of this name.

    An ``AttributeError`` because names are attributes of a scope, and a ``KeyError`` (so a
    ``LookupError``) because they are its keys.
    """

    # KeyError would show the repr of the message.
    __str__ = Exception.__str__


class UnknownAdapterError(CacheTestError, LookupError):
    """There is no adapter of this name."""


class UnknownSwitchError(CacheTestError, LookupError):
    """No adapter in use has a switch of this name."""


class SwitchError(CacheTestError):
    """A switch did not take the value it was given, or this release of the library lacks it."""


class MissingLibraryError(CacheTestError, ImportError):
    """The library of an adapter that was asked for can't be imported."""


class NoMissError(CacheTestError, LookupError):
    """There is no miss to explain."""


class NotPatchedError(CacheTestError, RuntimeError):
    """Something was undone or read that had never been started."""


class GuardError(CacheTestError, RuntimeError):
    """A library was about to leave the process outside any scope, while a guard lasts."""


class ChildOperationError(CacheTestError, RuntimeError):
    """A child process has asked for what its parent's test can't do for it, or could not ask."""


class CacheTestWarning(UserWarning):
    """The base of every warning that cachetest issues."""


class LateOperationWarning(CacheTestWarning):
    """A cache was used for a test that had already ended, or while no test was running."""


def closest_first(name: str, known: Iterable[str]) -> list[str]:
    """Return *known* sorted by similarity to *name*, the closest first."""
    # difflib pulls in `re`, which only a failure needs.
    import difflib

    def distance(other: str) -> tuple[float, str]:
        return -difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio(), other

    return sorted(known, key=distance)
