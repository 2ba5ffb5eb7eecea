"""The interfaces of an adapter, which connects one library to cachetest, and of a switch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from .._recording.locks import free_in_children

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from .._behaving.call import Call
    from .._behaving.injection import Strike
    from .._behaving.storage import Storage
    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches
    from ..faults import Fault
    from .guarding import GuardPoint

__all__ = ["Adapter", "Switch"]


class Switch(ABC):
    """A library's flag that turns a cache on or off.

    ``name`` is what ``enable_caches`` calls it. ``per_context`` is True where the library keeps its value
    per context (a ContextVar), False where it is the same for the whole process. ``module`` is the name of
    the module that it is an attribute of: in a child process it is turned as soon as that was imported.
    """

    name: str
    per_context: bool = False
    module: str = ""

    @abstractmethod
    def exists(self) -> bool:
        """Return whether the installed release of the library has it."""

    @abstractmethod
    def save(self) -> object:
        """Return all that `restore` needs. That a switch was never set is not the same as its default."""

    @abstractmethod
    def restore(self, saved: object) -> None:
        """Put back exactly what `save` found."""

    @abstractmethod
    def get(self) -> object:
        """Return the value in force."""

    @abstractmethod
    def set(self, value: bool) -> None:
        """Turn the cache on or off."""

    def why_ineffective(self) -> str:
        """Return why it has no effect though it is on, and what to do, or nothing where it has one.

        It is asked where a scope has turned it on, and what it says is an error there: the test would test
        nothing.
        """
        return ""

    def __repr__(self) -> str:
        return f"<switch {self.name}>"


class Adapter(ABC):
    """The connection of one library to cachetest.

    Patches are process-wide and shared: two adapters that are equal are installed once, for as long as any
    scope needs them. Adapters of one class are equal unless `identity` says otherwise.
    """

    name: ClassVar[str]
    """The name that a test asks for it by, and the module or folder of this package that it is in."""

    caches: tuple[str, ...] = ()
    """The names of the caches that a scope has from it."""

    switches: tuple[Switch, ...] = ()
    """The flags that are off around each test unless named in ``enable_caches``."""

    child_support: str = "ask"
    """``"ask"``, where a child process asks its parent for the caches; ``"refuse"``, where it can't yet."""

    @abstractmethod
    def install(self) -> AbstractContextManager[object]:
        """Return a context manager that swaps the backends in, and puts back exactly what it found.

        An attribute that was not there has to be gone again, and whatever the library has memoised in
        between has to be forgotten. `Undo` does this. Whatever fails, nothing may stay patched. Where leaving
        raises, it is called once more.
        """

    def is_ready(self) -> bool:
        """Return whether it can patch the imported library, which may not be set up, or too old.

        This is asked only where nobody named the adapter. One that was named and can't be installed is an
        error.
        """
        return True

    def scope_context(self, caches: MockCaches) -> AbstractContextManager[object] | None:
        """Return a context manager that is entered when a scope opens and left when it closes.

        *caches* are the caches of the scope. An adapter that reads a library's own counts connects them here.
        It is entered after `install`, whose rules hold here too. None, the default, means that there is
        nothing to do.
        """
        return None

    def entry_key(self, cache: str, key: object) -> object:
        """Return the key that the entry is kept and logged under which the program calls *key*.

        It differs where the library makes keys of its own, with a prefix for instance.
        """
        return key

    def program_key(self, cache: str, key: object) -> object:
        """Return what the program calls *key*, which an entry is kept and logged under: see `entry_key`.

        It is what the patterns of `inject` and the like are about. By default both are the same.
        """
        return key

    def carry_out(self, strike: Strike, proceed: Callable[[], Any]) -> Any:
        """Have the fault of *strike* come to pass for its call, which *proceed* does; return what it finds.

        It is called in place of *proceed* where a test has a fault strike. By default it does what can be
        done for a cache inside the process, on what `storage` returns. One that is on a server says here what
        comes of a failure, after the retries of its library.
        """
        from .._behaving.carrying import carry_out

        return carry_out(self, strike, proceed)

    def why_impossible(self, cache: MockCache, fault: Fault) -> str:
        """Return why *fault* can't strike *cache*, or nothing where it can."""
        from .._behaving.carrying import why_impossible

        return why_impossible(self, cache, fault)

    def failure(self, cache: MockCache) -> Exception | None:
        """Return a new exception, as the library raises it where its store can't be reached.

        None, the default, is for a cache that is inside the process, and can't be unreachable.
        """
        return None

    def too_large(self, cache: MockCache, key: object, size: int, limit: int) -> Exception | None:
        """Return a new exception, as the library raises it where an entry is too large; None if none is."""
        return None

    def storage(self, cache: MockCache) -> Storage:
        """Return what the entries of *cache* are kept in; by default those of ``cache.cache``, as objects.

        Raises ``TypeError``, with the reason, where they can't be reached.
        """
        from .._behaving.storage import Storage

        return Storage(cache.cache, holds_objects=True)

    def resolution(self, cache: MockCache) -> float:
        """Return how exactly, in seconds, *cache* keeps the time that its entries live."""
        return 0.001

    def has_own_time(self, cache: MockCache) -> bool:
        """Return whether a timer of the program's own, which may stand still, tells the time of *cache*."""
        return False

    def why_timeless(self, cache: MockCache) -> str:
        """Return why nothing in *cache* ever expires, or nothing where something can."""
        return ""

    def patched_attributes(self) -> Mapping[str, object]:
        """Return the present value of each attribute that `install` changes, by a name for messages.

        They are read before and after installing, at the end of each test, and after restoring, and are
        compared by identity. One that differs was displaced by somebody else, or was not restored. An adapter
        whose `install` returns an `Undo` that set them all need not define this.
        """
        return {}

    @property
    def if_displaced(self) -> str:
        """The end of the message that one of the attributes was displaced: a remedy, if there is any."""
        return ""

    def components(self, cache: MockCache, key: object) -> list[tuple[str, object]]:
        """Take *key*, as *cache* has logged it, apart into named parts, so that a miss can name one."""
        # Loaded here: only a failure or a report needs it.
        from .._telling.key_parts import components

        return components(key)

    def why_opaque(self, cache: MockCache) -> str:
        """Return why the keys of *cache* can't be taken apart, or nothing where they can."""
        return ""

    def drop_entries(self, cache: MockCache, keys: Sequence[object] = ()) -> None:
        """Drop the entries of *keys*, as *cache* has logged them, and log nothing; without keys, of all.

        It is called before and after each call while *cache* is off, and then no entry may be left that a
        call with these keys has put. By default all entries are dropped, by ``cache.cache.clear()``.
        """
        cache.cache.clear()

    def why_never_off(self, cache: MockCache) -> str:
        """Return why the entries of *cache* can't be dropped, or nothing where `drop_entries` does that."""
        return ""

    def loader(self, cache: MockCache) -> object:
        """Return the function that the library calls for what a lookup of *cache* misses, if it has one.

        It is asked for where operations on *cache* can't be known: its calls are what is loaded.
        """
        return None

    def overwritten(self, call: Call) -> Sequence[object]:
        """Return those keys of *call* whose entries it writes as a whole, whatever was there before.

        These are compared by ``verifying()``. By default it is all keys of a put.
        """
        return call.keys if call.kind == "put" else ()

    def guard_points(self) -> Iterable[GuardPoint]:
        """Return the functions that a `guard` of this adapter watches: those that leave the process, say.

        ``guard(adapter)`` asks for them, and nothing is patched then. None of them may be one that `install`
        changes. Raises ``TypeError`` where the library can't be guarded, as by default for one that cachetest
        does not know.
        """
        # Loaded here: few tests guard anything.
        from .guarding import LEAVING

        if self.name in LEAVING:
            return LEAVING[self.name]
        raise TypeError(
            f"the adapter {self.name!r} can't be guarded: it does not say by which functions its library "
            "leaves the process (Adapter.guard_points)"
        )

    def why_unused(self, cache: MockCache) -> str:
        """Return why *cache* was not used, in one line or more, or nothing where that can't be told.

        It is asked for the text of a failure, where there was no operation on *cache*. What it returns was
        seen, in the state of the library or of this adapter, and is not guessed.
        """
        return ""

    def is_shared(self, cache: MockCache) -> bool:
        """Return whether the store of *cache* is one for several processes, as a server and files are.

        A child process of a test then finds the entries of its parent. Where it is False, as for what a
        program keeps in memory, the child has entries of its own (a forked one a copy, one that starts anew
        none), and counts and operations alone are the parent's.
        """
        return True

    def keep_details(self, cache: MockCache, key: object, details: Any) -> None:
        """Keep *details* of *key*, for `components`: what the adapter gave to ``cache.keep_details``."""
        raise NotImplementedError(f"the adapter {self.name!r} does not say how it keeps details of keys")

    def given(self) -> tuple[Sequence[object], Mapping[str, object]]:
        """Return the arguments by which a child process makes an adapter that is equal to this one.

        They are what JSON can say; a `Targets` names the places of its targets. By default there are none.
        """
        return (), {}

    def identity(self) -> Hashable:
        """Return a value that tells this adapter from others of its class; by default all are equal."""
        return None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Adapter):
            return NotImplemented
        return self.lookup_key == other.lookup_key

    def __hash__(self) -> int:
        return hash(self.lookup_key)

    @cached_property
    def lookup_key(self) -> Hashable:
        """The key by which equal adapters are found, several times in each test."""
        return type(self), self.identity()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} adapter>"


# Until Python 3.11 a cached_property has a lock, one for all adapters.
if (_lock := getattr(vars(Adapter)["lookup_key"], "lock", None)) is not None:
    free_in_children(_lock)
