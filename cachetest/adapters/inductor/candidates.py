"""The entries of torch's local caches that have guards: one for each set of them that a key has come with.

Torch has a file for each. Here a key has one entry: the bytes of the file, or a tuple of several, the newest
last.
"""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

from ..._behaving.gate import MISSING
from .found import Found
from .local import look_up, place, put
from .modules import CODECACHE, loaded_module

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._caches.cache import MockCache

__all__ = ["candidates_of", "file_name", "find", "put_candidate", "warn"]

_FOLDERS = {"fx_graph_local": "fxgraph", "aot_autograd_local": "aotautograd"}


def find(cache: MockCache, key: str) -> Found | None:
    """Look *key* of torch's up; return what was found.

    An error is one of reading a file: torch logs it, and goes on as if there had been no file.
    """
    try:
        placed = place(cache, key, _FOLDERS[cache.name])
        value = look_up(cache, placed, sys._getframe(1))
    except Exception:
        warn()
        return None
    return None if value is MISSING else Found(cache.name, placed, value)


def warn() -> None:
    """Log what torch logs of a file that it can't read or decode."""
    loaded_module(CODECACHE).log.warning("fx graph cache unable to load compiled graph", exc_info=True)


def candidates_of(value: object) -> Sequence[object]:
    """Return the contents of the files that an entry stands for, in the order that torch reads them in."""
    if not isinstance(value, tuple):
        return (value,)
    return sorted(value, key=file_name)


def file_name(content: object) -> str:
    """Return the name that torch gives the file of *content*."""
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else ""


def put_candidate(cache: MockCache, key: str, content: bytes, *, alone: bool = False) -> None:
    """Put *content* for *key* of torch's, beside what else there is of it unless it is to be *alone*."""
    placed = place(cache, key, _FOLDERS[cache.name], puts=True)
    others = () if alone else candidates_of(cache.cache.get(placed, ()))
    kept = [each for each in others if isinstance(each, bytes) and each != content]
    put(cache, placed, (*kept, content) if kept else content, sys._getframe(1))
