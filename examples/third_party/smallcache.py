"""A cache library of the usual kind, somebody else's: values are pickled, and may expire."""

from __future__ import annotations

import pickle
import time
from typing import Any

clock = time.time


class MemoryBackend:
    """Pickled values by key, each with the time it ends."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[bytes, float]] = {}

    def get(self, key: str) -> bytes | None:
        value, end = self.entries.get(key, (None, 0.0))
        if value is not None and clock() >= end:
            del self.entries[key]
            return None
        return value

    def set(self, key: str, value: bytes, ttl: float) -> None:
        self.entries[key] = value, clock() + ttl

    def delete(self, key: str) -> None:
        self.entries.pop(key, None)


# What every cache of the process uses.
backend = MemoryBackend()


class Cache:
    """What a program calls."""

    def get(self, key: str, default: Any = None) -> Any:
        found = backend.get(key)
        return default if found is None else pickle.loads(found)

    def set(self, key: str, value: Any, ttl: float = float("inf")) -> None:
        backend.set(key, pickle.dumps(value), ttl)

    def delete(self, key: str) -> None:
        backend.delete(key)
