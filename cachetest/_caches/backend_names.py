"""The names of the mock backends that there are."""

from __future__ import annotations

from typing import Any
from weakref import ref

__all__ = ["backend_names", "remember_backend"]

# The name of each MockBackend that there is, weakly: by the id of the backend.
_backends: dict[int, ref[Any]] = {}


def remember_backend(backend: object) -> None:
    """Have the name of *backend*, its attribute ``name``, known in every scope for as long as it is there."""
    at = id(backend)
    _backends[at] = ref(backend, lambda _: _backends.pop(at, None))


def backend_names() -> set[str]:
    """Return the names of the mock backends that there are."""
    # A copy is made at once; other threads make backends meanwhile.
    names = [getattr(found(), "name", None) for found in list(_backends.values())]
    return {name for name in names if isinstance(name, str)}
