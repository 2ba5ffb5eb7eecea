"""A unittest toolkit for testing what a program does with its caches."""

from __future__ import annotations

# Not from typing, which takes longer to import than all that a child process needs of this package.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ._assertions.cache_states import cache_states
    from ._caches.backend import MockBackend
    from ._caches.cache import MockCache
    from ._caches.caches import MockCaches
    from ._caches.global_stats import global_stats
    from ._patching.guard import guard
    from ._patching.options import cache_options
    from ._patching.patch_caches import PatchCaches
    from ._recording.bounds import at_least, at_most, between
    from ._recording.operation import Operation
    from ._recording.stats import Stats
    from ._sharing.join import join
    from .async_case import AsyncCacheTestCase
    from .case import CacheTestCase, CacheTestMixin
    from .errors import (
        CacheTestError,
        CacheTestWarning,
        ChildOperationError,
        GuardError,
        LateOperationWarning,
        MissingLibraryError,
        NoMissError,
        NotPatchedError,
        SwitchError,
        UnknownAdapterError,
        UnknownCacheError,
        UnknownSwitchError,
    )
    from .faults import Damaged, Dropped, Fails, Fault, Gone, LosesReply, Slow, Stale, TooLarge

__all__ = [
    "AsyncCacheTestCase",
    "CacheTestCase",
    "CacheTestError",
    "CacheTestMixin",
    "CacheTestWarning",
    "ChildOperationError",
    "Damaged",
    "Dropped",
    "Fails",
    "Fault",
    "Gone",
    "GuardError",
    "LateOperationWarning",
    "LosesReply",
    "MissingLibraryError",
    "MockBackend",
    "MockCache",
    "MockCaches",
    "NoMissError",
    "NotPatchedError",
    "Operation",
    "PatchCaches",
    "Slow",
    "Stale",
    "Stats",
    "SwitchError",
    "TooLarge",
    "UnknownAdapterError",
    "UnknownCacheError",
    "UnknownSwitchError",
    "at_least",
    "at_most",
    "between",
    "cache_options",
    "cache_states",
    "global_stats",
    "guard",
    "join",
]

__version__ = "0.1.0"

# The module that each name comes from when it is first used; all others are in `errors`.
_HOMES = {
    "AsyncCacheTestCase": "async_case",
    "CacheTestCase": "case",
    "CacheTestMixin": "case",
    "Damaged": "faults",
    "Dropped": "faults",
    "Fails": "faults",
    "Fault": "faults",
    "Gone": "faults",
    "LosesReply": "faults",
    "MockBackend": "_caches.backend",
    "MockCache": "_caches.cache",
    "MockCaches": "_caches.caches",
    "Operation": "_recording.operation",
    "PatchCaches": "_patching.patch_caches",
    "Slow": "faults",
    "Stale": "faults",
    "Stats": "_recording.stats",
    "TooLarge": "faults",
    "at_least": "_recording.bounds",
    "at_most": "_recording.bounds",
    "between": "_recording.bounds",
    "cache_options": "_patching.options",
    "cache_states": "_assertions.cache_states",
    "global_stats": "_caches.global_stats",
    "guard": "_patching.guard",
    "join": "_sharing.join",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = found
    return found


def _start_what_is_asked() -> None:
    """Start the guard, and the report, that the environment asks for."""
    import os

    if os.environ.get("CACHETEST_GUARD", "0") not in ("", "0"):
        from ._patching.guard import start_from_environment

        start_from_environment()
    if os.environ.get("CACHETEST_REPORT"):
        from ._reports import unittest_results

        unittest_results.start_from_environment()


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_start_what_is_asked()
