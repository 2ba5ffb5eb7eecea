"""The finders of modules that are in `sys.meta_path` while a scope is open."""

from __future__ import annotations

from typing import Any

__all__ = ["finders"]

finders: list[Any] = []
"""Each finds nothing itself: it looks at what is imported. They are put in with the hooks for threads."""
