"""The calls of the methods of a class, one by one: what each is about, and how it is done and judged."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Protocol

from ..._behaving.gate import MISSING
from ...errors import CacheTestError
from .entries import Entries, Put

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..._behaving.gate import Effect
    from ..._caches.cache import MockCache
    from .spec import Spec

__all__ = ["CALLS", "GetCall", "MethodCall", "PutCall", "entries_in", "is_in_call_of"]

# The calls that are in progress: the object, and the thread and the task that each is on.
_in_progress: ContextVar[tuple[tuple[int, int, int], ...]] = ContextVar("cachetest.methods", default=())


def entries_in(counts: MockCache) -> Entries:
    """Return the entries of the scope of *counts*."""
    found = counts.adapter_state("entries of methods", Entries, Entries.begin_as)
    if counts.cache is not found:
        counts.cache = found
    return found


def _here(target: object) -> tuple[int, int, int]:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return id(target), threading.get_ident(), id(task)


@contextmanager
def _inside(target: object) -> Iterator[None]:
    """Have the calls of *target* that a call of it makes in the block be part of that."""
    before = _in_progress.get()
    _in_progress.set((*before, _here(target)))
    try:
        yield
    finally:
        _in_progress.set(before)


def is_in_call_of(target: object) -> bool:
    """Return whether the caller is in a call of a method of *target* that is counted."""
    return _here(target) in _in_progress.get()


class Holder(Protocol):
    """What is counted, as far as a call knows it."""

    name: str
    spec: Spec
    owners: dict[tuple[int, object], Put]


class MethodCall:
    """One call of a method: what it is about, and how it is done."""

    kind = ""

    def __init__(
        self,
        counted: Holder,
        method: Any,
        counts: MockCache,
        target: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.counted, self.method, self.target = counted, method, target
        self.args, self.kwargs = args, kwargs
        self.entries = entries_in(counts)
        self.keys: Sequence[object] = self._keys()

    def _keys(self) -> Sequence[object]:
        own = self.counted.spec.key_of(self.method, self.args, self.kwargs)
        try:
            hash(own)
        except TypeError:
            raise TypeError(
                f"cache {self.counted.name!r}: the key {own!r} of {self.method.__qualname__}() can't be "
                "hashed: give Methods a key=function that makes one of the arguments that can"
            ) from None
        self.owned: Sequence[tuple[int, object]] = ((id(self.target), own),)
        return (self.entries.key_of(self.target, own),)

    @property
    def key(self) -> object:
        return self.keys[0]

    def do(self) -> Any:
        """Do the call; return what it found, or what the method returned."""
        raise NotImplementedError

    async def do_async(self) -> Any:
        """Do as `do` does, for a coroutine method."""
        raise NotImplementedError

    def call(self) -> Any:
        """Call the method of the class."""
        return self.method(self.target, *self.args, **self.kwargs)

    def effects(self, _: object) -> Iterable[Effect]:
        return [(self.kind, key) for key in self.keys]  # type: ignore[misc]

    def answer(self, found: Any) -> Any:
        return found


class GetCall(MethodCall):
    """A lookup: it finds what its scope has put, and nothing else."""

    kind = "get"
    _told: BaseException | None = None
    _returned: tuple[object, ...] = ()

    def effects(self, found: object) -> Iterable[Effect]:
        return (("miss" if found is MISSING else "hit", self.key),)

    def _written_over(self) -> Put | None:
        """Return what has to be put again, since somebody else's entry stands in its place."""
        put = self.entries.puts.get(self.key)
        if put is None or self.counted.owners.get(self.owned[0]) is put:
            return None
        return put

    def _had_again(self, put: Put) -> None:
        self.counted.owners[self.owned[0]] = put

    def _judged(self, found: object) -> object:
        self._returned = (found,)
        if self.counted.spec.is_miss(self.method, found, self.args, self.kwargs):
            self.entries.puts.pop(self.key, None)
            return MISSING
        # There may be one from before, or of another scope, which this one does not have.
        return found if self.key in self.entries.puts else MISSING

    def _missed(self, error: BaseException) -> object:
        spec = self.counted.spec
        if not spec.raises or not isinstance(error, spec.missing):  # type: ignore[arg-type]
            raise error
        self._told = error
        self.entries.puts.pop(self.key, None)
        return MISSING

    def do(self) -> Any:
        with _inside(self.target):
            put = self._written_over()
            if put is not None:
                if iscoroutinefunction(put.method):
                    raise CacheTestError(
                        f"cache {self.counted.name!r}: {self.key!r} was written over by another test, and "
                        f"can't be put again for {self.method.__qualname__}(), since "
                        f"{put.method.__qualname__}() is async"
                    )
                put.again()
                self._had_again(put)
            try:
                found = self.call()
            except Exception as error:
                return self._missed(error)
        return self._judged(found)

    async def do_async(self) -> Any:
        with _inside(self.target):
            put = self._written_over()
            if put is not None:
                done = put.again()
                if iscoroutinefunction(put.method):
                    await done
                self._had_again(put)
            try:
                found = await self.call()
            except Exception as error:
                return self._missed(error)
        return self._judged(found)

    def answer(self, found: Any) -> Any:
        """Return what the program gets: of a miss, what the class says of one."""
        if found is not MISSING:
            return found
        if self._told is not None:
            raise self._told
        spec = self.counted.spec
        if spec.judges:
            return self._judged_absent()
        if spec.raises:
            raise spec.missing(self.counted.spec.key_of(self.method, self.args, self.kwargs))  # type: ignore[operator]
        return spec.absent(self.method, self.args, self.kwargs)

    def _judged_absent(self) -> object:
        missing: Any = self.counted.spec.missing
        if self._returned and missing(self._returned[0]):
            return self._returned[0]
        raise CacheTestError(
            f"cache {self.counted.name!r}: {self.key!r} is in the object, and was not put by this test, or a "
            f"fault has taken it: what {self.method.__qualname__}() returns for a miss can't be made, since "
            "Methods has a function for missing=. Make the object in the test, or give missing= the value "
            "or the exception"
        )


class PutCall(MethodCall):
    """A put: from then on its scope has an entry."""

    kind = "put"

    def _keep(self) -> None:
        put = Put(self.target, self.method, self.args, self.kwargs, self.counted.spec)
        self.counted.owners[self.owned[0]] = self.entries.puts[self.key] = put

    def do(self) -> Any:
        with _inside(self.target):
            result = self.call()
        self._keep()
        return result

    async def do_async(self) -> Any:
        with _inside(self.target):
            result = await self.call()
        self._keep()
        return result


class _Delete(MethodCall):
    kind = "delete"

    def _forget(self) -> None:
        for key in self.keys:
            self.entries.puts.pop(key, None)
        for owned in self.owned:
            # What another scope has put there is gone as well: it is put again where that looks it up.
            self.counted.owners.pop(owned, None)

    def do(self) -> Any:
        with _inside(self.target):
            result = self.call()
        self._forget()
        return result

    async def do_async(self) -> Any:
        with _inside(self.target):
            result = await self.call()
        self._forget()
        return result


class _Clear(_Delete):
    """A call that deletes all: a delete of each entry that the scope has put into the object."""

    def _keys(self) -> Sequence[object]:
        self.owned = [each for each in list(self.counted.owners) if each[0] == id(self.target)]
        return self.entries.keys_of(self.target)


CALLS = {"get": GetCall, "put": PutCall, "delete": _Delete, "clear": _Clear}
"""What a call is, by the argument of `Methods` that names the method."""
