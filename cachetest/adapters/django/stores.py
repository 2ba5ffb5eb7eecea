"""The entries that a Django cache has in one scope, where no server has them: in memory, or in files."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
import weakref
import zlib
from collections import OrderedDict
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..._behaving.clock import now
from ..._recording.lifetimes import Term
from ..._recording.locks import make_lock
from ..outer_call import call_around

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FileStore", "MemoryStore", "end_of"]


def end_of(file: Any) -> float | None:
    """Return until when the entry lives that is in *file*, which is at its beginning, and stays there."""
    try:
        until: float | None = pickle.load(file)
    except EOFError:
        until = None
    file.seek(0)
    return until


class _Ends(dict[str, "float | None"]):
    """Until when entries live, and when they were put."""

    def __init__(self) -> None:
        super().__init__()
        self.born: dict[str, float] = {}

    def __setitem__(self, key: str, until: float | None) -> None:
        if getattr(call_around(), "asked", "").endswith("touch"):
            # It was there before it was given that time.
            self.born.pop(key, None)
        elif until is not None:
            self.born[key] = now()
        super().__setitem__(key, until)

    def put_back(self, key: str, until: float | None, born: float | None) -> None:
        """Have what there was of *key*."""
        super().__setitem__(key, until)
        if born is None:
            self.born.pop(key, None)
        else:
            self.born[key] = born


class MemoryStore:
    """What Django's in-memory cache keeps: ``cache`` has pickled values by made key."""

    def __init__(self) -> None:
        self.cache: OrderedDict[str, bytes] = OrderedDict()
        self.expire_info = _Ends()
        # As Django has it: a program may ask whether it is locked.
        self.lock = Lock()

    def begin_as(self, other: MemoryStore, _copy: object) -> Iterable[str]:
        """Take over the entries of *other*, which are bytes, and return their keys."""
        with other.lock:
            self.cache = other.cache.copy()
            self.expire_info.update(other.expire_info)
            self.expire_info.born.update(other.expire_info.born)
        return self.cache

    def is_over(self, key: str) -> bool:
        """Return whether there is no entry, or none any more, and change nothing."""
        expires = self.expire_info.get(key, -1)
        return expires is not None and expires <= now()

    def terms_of(self, key: str) -> dict[str, Term]:
        """Return when the entry of *key* was put, and when it ends, in its one place."""
        if self.is_over(key):
            return {}
        until = self.expire_info.get(key)
        return {"": Term(None if until is None else self.expire_info.born.get(key), until)}

    def keys(self) -> list[str]:
        """Return the keys of all entries, those too whose time has passed."""
        with self.lock:
            return self.keys_here()

    def keys_here(self) -> list[str]:
        """Do as `keys` does, where the lock is held."""
        return list(self.cache)

    def live(self) -> list[str]:
        """Return the keys of the entries that have not expired."""
        return [key for key in self.keys() if not self.is_over(key)]

    def read(self, key: str) -> Any:
        """Return the value of *key*; raises KeyError where there is none."""
        with self.lock:
            if self.is_over(key):
                raise KeyError(key)
            pickled = self.cache[key]
        return pickle.loads(pickled)

    def write(self, key: str, value: Any) -> None:
        """Put an entry that stays."""
        pickled = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        with self.lock:
            self.cache[key] = pickled
            self.cache.move_to_end(key, last=False)
            self.expire_info[key] = None

    def drop(self, keys: Iterable[str]) -> None:
        """Forget the entries of *keys*, if there are any."""
        with self.lock:
            for key in keys:
                self.cache.pop(key, None)
                self.expire_info.pop(key, None)

    def remove(self, key: str) -> None:
        """Forget the entry of *key*; raises KeyError where there is none."""
        with self.lock:
            over = self.is_over(key)
            self.cache.pop(key, None)
            self.expire_info.pop(key, None)
        if over:
            raise KeyError(key)


def _remove(folder: str, process: int) -> None:
    """Remove *folder*, unless this is a child of the *process* that has made it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


class FileStore:
    """A folder of its own for a cache in files; ``names`` has the made key of each path."""

    def __init__(self) -> None:
        self._folder: str | None = None
        self._lock = make_lock()
        self.names: dict[str, str] = {}

    @property
    def folder(self) -> str:
        """The path of the folder, made when it is first asked for, and gone with the scope."""
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.mkdtemp(prefix="cachetest-")
                weakref.finalize(self, _remove, self._folder, os.getpid())
            return self._folder

    def begin_as(self, other: FileStore, _copy: object) -> Iterable[str]:
        """Take over the entries of *other*, and return their keys."""
        for path, key in other.names.copy().items():
            if os.path.exists(path):
                own = os.path.join(self.folder, os.path.basename(path))
                shutil.copyfile(path, own)
                self.names[own] = key
        return self.names.values()

    def keys(self) -> list[str]:
        """Return the keys of all entries, those too whose time has passed."""
        return [key for path, key in self.names.copy().items() if os.path.exists(path)]

    keys_here = keys

    def _path_of(self, key: str) -> str:
        for path, made in self.names.copy().items():
            if made == key:
                return path
        raise KeyError(key)

    def is_over(self, key: str) -> bool:
        """Return whether there is no entry, or none any more, and change nothing."""
        try:
            self.read(key)
        except KeyError:
            return True
        return False

    def terms_of(self, key: str) -> dict[str, Term]:
        """Return when the entry of *key* ends, in its one place; when it was put is not known."""
        if self.is_over(key):
            return {}
        with open(self._path_of(key), "rb") as file:
            return {"": Term(None, pickle.load(file))}

    def live(self) -> list[str]:
        """Return the keys of the entries that have not expired."""
        return [key for key in self.keys() if not self.is_over(key)]

    def read(self, key: str) -> Any:
        """Return the value of *key*; raises KeyError where there is none."""
        try:
            with open(self._path_of(key), "rb") as file:
                expires = pickle.load(file)
                if expires is not None and expires < now():
                    raise KeyError(key)
                return pickle.loads(zlib.decompress(file.read()))
        except (FileNotFoundError, EOFError):
            raise KeyError(key) from None

    def write(self, key: str, value: Any) -> None:
        """Replace the value of an entry; it stays from now on."""
        with open(self._path_of(key), "wb") as file:
            file.write(pickle.dumps(None, pickle.HIGHEST_PROTOCOL))
            file.write(zlib.compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL)))

    def drop(self, keys: Iterable[str]) -> None:
        """Forget the entries of *keys*, if there are any."""
        for key in keys:
            with suppress(KeyError):
                self.remove(key)

    def remove(self, key: str) -> None:
        """Forget the entry of *key*; raises KeyError where there is none."""
        over = self.is_over(key)
        path = self._path_of(key)
        if os.path.exists(path):
            os.remove(path)
        if over:
            raise KeyError(key)
