"""In the parent: the entries of shared back ends, for calls that child processes make."""

from __future__ import annotations

from typing import Any

from ..._behaving.gate import MISSING
from ..._caches.attribution import cache_for
from ..outer_call import OuterCall, call_around, outer_call
from .stand_ins import TableTwin, Twin
from .stores import FileStore, MemoryStore

__all__ = ["open_end"]


def open_end(home: str, place: str, what: str) -> Any:
    """Return the entries of the back end at *place*, which those of the cache *home* are."""
    cache = cache_for(home)
    if what == "files":
        return _ServedFolder(cache.adapter_state(place, FileStore, FileStore.begin_as))
    return _ServedTable(cache.adapter_state(place, MemoryStore, MemoryStore.begin_as), "InTable" in place)


class _ServedFolder:
    def __init__(self, store: FileStore) -> None:
        self._store = store

    def folder(self) -> str:
        return self._store.folder

    def name(self, path: str, key: str) -> None:
        self._store.names[path] = key

    def names(self) -> dict[str, str]:
        return self._store.names.copy()


class _Held:
    """Stands for the cache object that the child has: its keys are made already."""

    def __init__(self, default_timeout: Any, max_entries: Any, cull_frequency: Any) -> None:
        self.default_timeout = default_timeout
        self._max_entries = max_entries
        self._cull_frequency = cull_frequency

    def make_and_validate_key(self, key: str, version: object = None) -> str:
        return key


class _ServedCall(OuterCall):
    """A call that a child makes, of the cache called *alias*, as it was *asked* for."""

    def __init__(self, store: MemoryStore, held: _Held, alias: str, asked: str) -> None:
        super().__init__()
        self.store = store
        self.held = held
        self.mock = cache_for(alias)
        self.asked = asked


class _ServedTable:
    def __init__(self, store: MemoryStore, is_table: bool) -> None:
        self._store = store
        self._twin = TableTwin if is_table else Twin

    def keys(self) -> list[str]:
        return self._store.keys()

    def run(
        self, alias: str, name: str, asked: str, options: list[Any], given: dict[str, Any]
    ) -> tuple[Any, list[Any]]:
        """Return what a primitive comes to, and what was done beside it."""
        call: Any = _ServedCall(self._store, _Held(*options), alias, asked)
        if name == "get":
            given = {**given, "default": MISSING}
        around = call_around()
        outer_call.set(call)
        try:
            found = getattr(self._twin(call), name)(**given)
        finally:
            outer_call.set(around)
        return found, call.effects
