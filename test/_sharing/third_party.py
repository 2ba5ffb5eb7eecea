"""Adapters of another distribution, and their library, for children that start anew."""

import os

from cachetest.adapters import MISSING, Adapter, Undo, cache_for, own_attribute

from . import third_party_library as library

LIBRARIES = frozenset({"no_such_library"})


class Backend:
    def get(self, key):
        found = cache_for("shelf").get(key, LIBRARIES)
        return None if found is MISSING else found

    def put(self, key, value):
        cache_for("shelf").put(key, value, LIBRARIES)


class Shelf(Adapter):
    """Entries are shared between processes, or not: by what it is given."""

    name = "shelf"
    caches = ("shelf",)

    def __init__(self, *, shared=True):
        self._shared = shared

    def given(self):
        return (), {"shared": self._shared}

    def is_shared(self, cache):
        return self._shared

    def identity(self):
        return self._shared

    def install(self):
        return Undo(lambda undo: undo.set_attribute(library, "backend", Backend()))

    def patched_attributes(self):
        return {"library.backend": own_attribute(library, "backend")}


class RefusedShelf(Shelf):
    child_support = "refuse"


class ShelfOfOneProcess(Shelf):
    """It can be installed where it was made, and nowhere else."""

    home = os.getpid()

    def install(self):
        if os.environ.get("SHELF_HOME") != str(os.getpid()):
            raise RuntimeError("there is no room for it")
        return super().install()
