"""The modules of JAX, its settings, and the packages that are never the caller of an operation."""

from __future__ import annotations

import importlib
import sys
from typing import Any

__all__ = ["CACHE", "LIBRARIES", "SWITCH", "compilation_cache", "holder", "key_module", "setting"]

CACHE = "jax"
SWITCH = "jax_enable_compilation_cache"
LIBRARIES = frozenset({"jax", "jaxlib"})


def _module(name: str) -> Any:
    return sys.modules.get(name) or importlib.import_module(name)


def compilation_cache() -> Any:
    """Return the module that has JAX's cache, and what it remembers of it."""
    return _module("jax._src.compilation_cache")


def key_module() -> Any:
    """Return the module that makes keys."""
    return _module("jax._src.cache_key")


def holder(name: str) -> Any:
    """Return what holds the setting *name* of JAX, or None where this release has no such setting."""
    return _module("jax._src.config").config._value_holders.get(name)


def setting(name: str) -> Any:
    """Return the value of the setting *name* in force on the calling thread, None where there is none."""
    found = holder(name)
    return None if found is None else found.value
