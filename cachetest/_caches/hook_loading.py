"""The loading of the hooks of threads, and of what they hook: a process without tests never pays for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._recording.locks import loaded_whole

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["load"]

loaded: Callable[..., Any] | None = None
"""What puts them in, once it was loaded."""


def load() -> Callable[..., Any]:
    """Load and return what puts them in."""
    global loaded
    with loaded_whole():
        from .thread_hooks import put_hooks_in
    loaded = put_hooks_in
    return put_hooks_in
