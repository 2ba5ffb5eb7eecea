"""A unittest toolkit for testing what a program does with its caches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .backend import MockBackend
from .caches import MockCache, MockCaches
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
from .operations import Operation
from .patching import PatchCaches
from .scope import global_stats
from .stats import Stats

if TYPE_CHECKING:
    from .async_case import AsyncCacheTestCase

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


def __getattr__(name: str) -> object:
    if name == "AsyncCacheTestCase":
        from .async_case import AsyncCacheTestCase

        globals()[name] = AsyncCacheTestCase
        return AsyncCacheTestCase
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
