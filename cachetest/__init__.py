"""A unittest toolkit for testing what a program does with its caches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._caches.backend import MockBackend
    from ._caches.cache import MockCache
    from ._caches.caches import MockCaches
    from ._caches.global_stats import global_stats
    from ._patching.patch_caches import PatchCaches
    from ._recording.operation import Operation
    from ._recording.stats import Stats
    from .async_case import AsyncCacheTestCase
    from .case import CacheTestCase, CacheTestMixin
    from .errors import (
        CacheTestError,
        CacheTestWarning,
        LateOperationWarning,
        MissingLibraryError,
        NoMissError,
        NotPatchedError,
        SwitchError,
        UnknownAdapterError,
        UnknownCacheError,
        UnknownSwitchError,
    )

__all__ = [
    "AsyncCacheTestCase",
    "CacheTestCase",
    "CacheTestError",
    "CacheTestMixin",
    "CacheTestWarning",
    "LateOperationWarning",
    "MissingLibraryError",
    "MockBackend",
    "MockCache",
    "MockCaches",
    "NoMissError",
    "NotPatchedError",
    "Operation",
    "PatchCaches",
    "Stats",
    "SwitchError",
    "UnknownAdapterError",
    "UnknownCacheError",
    "UnknownSwitchError",
    "global_stats",
]

__version__ = "0.1.0"

# The module that each name comes from when it is first used; all others are in `errors`.
_HOMES = {
    "AsyncCacheTestCase": "async_case",
    "CacheTestCase": "case",
    "CacheTestMixin": "case",
    "MockBackend": "_caches.backend",
    "MockCache": "_caches.cache",
    "MockCaches": "_caches.caches",
    "Operation": "_recording.operation",
    "PatchCaches": "_patching.patch_caches",
    "Stats": "_recording.stats",
    "global_stats": "_caches.global_stats",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
