"""The cache that a scope has in place of a patched one of cachetools, and a view of its entries."""

from __future__ import annotations

import copy
from collections.abc import MutableMapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import cachetools

from ..._behaving.clock import now
from ..._behaving.gate import MISSING
from ..._caches.attribution import cache_in_scope
from ..._recording.lifetimes import note_lifetime
from ..class_swap import ClassSwap
from .likeness import arguments, fresh, without
from .telling import make_scoped
from .terms import term_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ..._behaving.gate import Effect
    from ..._caches.cache import MockCache
    from ..._recording.lifetimes import Term
    from ..._recording.operation import Kind

__all__ = ["LIBRARIES", "CacheSwap", "Entries"]

LIBRARIES = frozenset({"cachetools"})
_Base = cachetools.Cache


class CacheSwap(ClassSwap):
    """One patched cache object, and the cache that each scope has in its place."""

    libraries = LIBRARIES
    counted = frozenset(
        {"__getitem__", "__setitem__", "__delitem__", "get", "pop", "setdefault", "popitem", "clear"}
    )

    face: Any
    """The class of what a method of the program's own sees of a scope's cache; a subclass sets it."""

    def __init__(self, name: str, cache: Any) -> None:
        super().__init__(name, cache)
        original = self.original
        self._base: Any = next(cls for cls in original.__mro__ if cls.__module__ == "cachetools")
        self._arguments = arguments(self._base, cache)
        own = vars(self._make(self._base))
        self._extras = {
            key: without(cache, value) for key, value in list(vars(cache).items()) if key not in own
        }
        self.timed = "timer" in self._arguments
        # Releases before 5.5 don't say what has expired, and a subclass need not.
        self.tells_expired = (
            self.timed
            and original.expire is self._base.expire
            and cachetools.TTLCache(1, 1).expire() is not None
        )
        self.scoped = make_scoped(self)
        # By the ids of the caches that scopes have.
        self.entries_by_id: WeakValueDictionary[int, Entries] = WeakValueDictionary()

    def in_scope(self) -> Entries | None:
        """Return the entries of this object in the running scope; None outside any."""
        counts = cache_in_scope(self.name)
        return None if counts is None else self.entries_in(counts)

    def entries_in(self, counts: MockCache) -> Entries:
        """Return those in the scope of *counts*."""
        # By the object, for a scope inside another's may have one of the same name.
        kept = f"entries of {id(self.target)}"
        found = counts.adapter_state(kept, lambda: self._make_entries(counts), Entries.begin_as)
        if not isinstance(counts.cache, Entries):
            counts.cache = found
        return found

    def _make_entries(self, counts: MockCache) -> Entries:
        return Entries(counts, self, self.make_empty())

    def _make(self, cls: Any) -> Any:
        made = object.__new__(cls)
        self._base.__init__(made, **self._arguments)
        return made

    def make_empty(self) -> Any:
        made = self._make(self.scoped)
        vars(made).update({key: fresh(value) for key, value in self._extras.items()})
        return made

    def copy_of(self, real: Any, copied: Callable[[object, Any], Any]) -> tuple[Any, list[Any]]:
        """Return a copy of *real*, a scope's cache that has its own class, and the keys in it.

        Keys, the timer and what a subclass has added are not copied deeply, and *copied* copies the values.
        """
        entries = {key: _Base.__getitem__(real, key) for key in list(_Base.__iter__(real))}
        kept = [*entries, *self._arguments.values()]
        memo = {id(each): each for each in kept}
        memo.update({id(value): copied(key, value) for key, value in entries.items()})
        memo.update(
            {id(vars(real)[key]): fresh(vars(real)[key]) for key in self._extras if key in vars(real)}
        )
        made = copy.deepcopy(real, memo)
        object.__setattr__(made, "__class__", self.scoped)
        return made, list(entries)

    def frozen(self, cache: Any) -> AbstractContextManager[object]:
        """Return a context manager in which *cache* reads its timer once, as its own methods do."""
        stopped: AbstractContextManager[object] = cache.timer if self.timed else nullcontext()
        return stopped

    @contextmanager
    def unlogged(self, cache: Any) -> Iterator[Any]:
        """Give *cache* with its own class, so that nothing in the block is logged as an eviction."""
        object.__setattr__(cache, "__class__", self.original)
        try:
            yield cache
        finally:
            object.__setattr__(cache, "__class__", self.scoped)


class Entries(MutableMapping[Any, Any]):
    """The entries of one cache object in one scope; reading them here changes no order and counts nothing.

    ``real`` is the scope's cache of cachetools, ``counts`` the `MockCache` that records its operations.
    """

    def __init__(self, counts: MockCache, swap: CacheSwap, real: Any) -> None:
        self.counts = counts
        self._swap = swap
        # The same attributes in a class whose calls are counted: a method of the program's own sees these.
        self.face = object.__new__(swap.face)
        self.face._cachetest_entries = self
        self._have(real)
        # The keys whose expiration is logged, and whose entries the library has yet to remove.
        self._told: set[object] = set()

    def _have(self, real: Any) -> None:
        self.real = real
        object.__setattr__(self.face, "__dict__", vars(real))
        self._swap.entries_by_id[id(real)] = self

    def begin_as(self, other: Entries, copied: Callable[[object, Any], Any]) -> Iterable[object]:
        """Take over the entries of *other*, in their order and with their times, and return their keys."""
        with self._swap.unlogged(other.real) as real:
            made, keys = self._swap.copy_of(real, copied)
        self._swap.entries_by_id.pop(id(self.real), None)
        self._have(made)
        self._told = other._told.copy()
        return keys

    def answer_of_absent(self, method: Any, key: object, args: Any, kwargs: Any) -> Any:
        """Return what *method* answers for *key* where there is no entry, as there is none in ``real``.

        There may be one all the same: what is in force in a test can hide it.
        """
        hidden = self.counts.in_force and key in self.real
        return method(self._swap.make_empty() if hidden else self.real, key, *args, **kwargs)

    def terms_of(self, key: object) -> dict[str, Term]:
        """Return when the entry of *key* was put, and when it ends, in its one place."""
        return {"": found} if key in self.real and (found := term_of(self.real, key)) else {}

    def tell(self, kind: Kind, key: object, term: Term | None = None) -> None:
        """Record an eviction, or an expiration, once for each."""
        if kind == "expiration" and key in self._told:
            self._told.discard(key)
            return
        if term is not None and term.until is not None:
            note_lifetime(self.counts, key, term.put, term.until, now())
        self.counts.record(kind, key, LIBRARIES)

    def lookup(self, key: object, find: Callable[[], Any], known: Mapping[str, object] | None = None) -> Any:
        """Look *key* up by *find*."""
        return self.counts.lookup(key, self._telling(key, find), LIBRARIES, known=known)

    def take(self, key: object, find: Callable[[], Any], known: Mapping[str, object]) -> Any:
        """Look *key* up by *find*, which deletes what it finds."""

        def effects(value: object) -> Iterable[Effect]:
            if value is MISSING:
                return (("miss", key),)
            self._told.discard(key)
            return ("hit", key), ("delete", key)

        return self.counts.perform(None, (key,), self._telling(key, find), effects, LIBRARIES, known)

    def _telling(self, key: object, find: Callable[[], Any]) -> Callable[[], Any]:
        """Return *find*, made to tell of an expiration: an entry that is there, and is not found."""

        def find_or_tell() -> Any:
            value = find()
            if value is MISSING and key not in self._told and _Base.__contains__(self.real, key):
                self.tell("expiration", key, term_of(self.real, key))
                self._told.add(key)
            return value

        return find_or_tell

    def write(self, key: object, do: Callable[[], Any], known: Mapping[str, object]) -> Any:
        """Write an entry by *do*: a put, unless the library has dropped a value that had expired already."""
        if isinstance(self.real, cachetools.TLRUCache):
            # Looked at here: where a test has it dropped, it is not there any more when it is counted.
            kept: list[bool] = []

            def do_and_look() -> Any:
                result = do()
                kept.append(_Base.__contains__(self.real, key))
                return result

            effects = partial(self._put_if_kept, key, kept)
            return self.counts.perform("put", (key,), do_and_look, effects, LIBRARIES, known)
        written = self.counts.write(key, do, LIBRARIES, known=known)
        self._told.discard(key)
        return written

    def _put_if_kept(self, key: object, kept: list[bool], _: object) -> Iterable[Effect]:
        if kept[-1:] == [False]:
            return ()
        self._told.discard(key)
        return (("put", key),)

    def delete(
        self, keys: Sequence[object], do: Callable[[], Sequence[object]], known: Mapping[str, object]
    ) -> None:
        """Delete *keys* by *do*, which returns those that it was asked to delete."""

        def effects(deleted: Sequence[object]) -> Iterable[Effect]:
            self._told.difference_update(deleted)
            return [("delete", key) for key in deleted]

        self.counts.perform("delete", keys, do, effects, LIBRARIES, known)

    def __getitem__(self, key: object) -> Any:
        if key not in self.real:
            raise KeyError(key)
        # The base class's reading is without the order of use.
        return _Base.__getitem__(self.real, key)

    def __setitem__(self, key: object, value: object) -> None:
        with self._swap.unlogged(self.real) as real:
            real[key] = value

    def __delitem__(self, key: object) -> None:
        with self._swap.unlogged(self.real) as real:
            del real[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._swap.original.__iter__(self.real)))

    def __len__(self) -> int:
        # A len() of the library's would remove what has expired.
        return len(list(iter(self)))

    def clear(self) -> None:
        with self._swap.unlogged(self.real) as real:
            real.clear()
        self._told.clear()

    def __repr__(self) -> str:
        return repr(dict(self))
