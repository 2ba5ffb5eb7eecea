"""The names of the mock backends that there are."""

from __future__ import annotations

from typing import Any
from weakref import ref

__all__ = ["backend_names", "is_backend_shared", "remember_backend"]

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


def is_backend_shared(name: str) -> bool | None:
    """Return what the mock backends called *name* were told of being shared; None if there is none."""
    found = [each for each in (known() for known in list(_backends.values())) if each is not None]
    told = [getattr(each, "shared", True) for each in found if getattr(each, "name", None) == name]
    return all(told) if told else None
