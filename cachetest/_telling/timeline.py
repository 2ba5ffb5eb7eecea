"""The known operations of one cache by key, and the facts that its log does not have."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, overload

from .._recording.operation import place_of
from .._recording.sameness import identity, same_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from .key_parts import Part

    # An `Operation`: to import it from here would make the chain of files longer than anybody can follow.
    Operation = Any

__all__ = ["Aside", "CacheFacts", "KnownOperations", "Timeline"]


class Aside(NamedTuple):
    """A call that is not counted and may have changed entries, after the operation of the number ``after``.

    ``asked`` is what was called, ``where`` the line, and ``store`` what those of its server begin with, None
    for all of them. With ``until``, the number of an operation, it is a state, which lasted until then.
    """

    after: int
    asked: str
    where: object
    store: str | None = None
    until: float | None = None

    def lasted_until(self, number: float) -> bool:
        """Return whether it came after the operation *number*, or had not ended by then."""
        return number <= (self.after if self.until is None else self.until)

    def __str__(self) -> str:
        if self.until is not None:
            return f"the cache was {self.asked} from {self.where} on"
        return f"{self.asked} ran at {self.where}, and may have changed it"

    def concerns(self, number: float, store: str | None) -> bool:
        """Return whether it came before the operation *number*, and may be about *store*."""
        return self.after < number and (self.store is None or store is None or store.startswith(self.store))


class CacheFacts(NamedTuple):
    """The facts about a cache that its log does not have.

    ``components`` gives the named parts of a key; ``why_opaque`` says why it can't, or is empty;
    ``forgotten`` are keys that had been put before a reset; ``present`` the keys of the entries, and
    ``is_plain`` whether they are kept in a dict that nothing writes to but counted operations, and the test
    by hand; ``places_of`` gives the value of a key by server and database, where there may be several;
    ``unkept`` are keys whose newest put the library threw away; ``asides`` the calls that are not counted;
    ``origins`` says where entries came from that no operation put, and ``inherited`` are the keys of those
    that were there from the beginning, put in the scope of the class; ``dropped`` is how many operations
    came before those that are known, and ``complete`` whether nothing is missing, of what a reset took away
    either; ``why_unused`` says why there are none, and ``why_fewer`` what went past the cache;
    ``elsewhere`` names other caches that the key was put in, and ``changed_elsewhere`` gives the puts and
    deletes of the key there; ``in_blocks`` says how many operations there were in each block of the scope;
    ``lifetimes`` has how long those lived that have expired, and ``ahead`` by how much the clock is ahead;
    ``processes`` gives the names of the processes of the scope by their ids, where any is another than the
    test's own.
    """

    components: Callable[[object], list[Part]]
    why_opaque: str = ""
    forgotten: Sequence[object] = ()
    present: Collection[object] = ()
    unkept: Sequence[object] = ()
    dropped: int = 0
    complete: bool = True
    elsewhere: Callable[[object], list[str]] = lambda key: []
    changed_elsewhere: Callable[[object], list[Operation]] = lambda key: []
    is_plain: bool = True
    asides: Sequence[Aside] = ()
    origins: Mapping[Any, str] = {}
    inherited: Sequence[object] = ()
    why_unused: Callable[[], str] = str
    why_fewer: Callable[[], str] = str
    in_blocks: Sequence[tuple[str, int]] = ()
    places_of: Callable[[object], Mapping[str, object]] | None = None
    lifetimes: Mapping[Any, Any] = {}
    ahead: float = 0.0
    processes: Callable[[], Mapping[int, str]] = dict


class KnownOperations(Protocol):
    """The operations of a log as they were at one moment, oldest first, and one attribute of all of them."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Operation]: ...
    @overload
    def __getitem__(self, index: int) -> Operation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Operation]: ...
    def kinds(self) -> Sequence[str]: ...
    def keys(self) -> Sequence[object]: ...
    def numbers(self) -> Sequence[int]: ...
    def stores(self) -> Sequence[str | None]: ...


class Timeline:
    """The operations of one cache that are known, and where those on each key are."""

    def __init__(self, cache: str, operations: KnownOperations, facts: CacheFacts) -> None:
        self.cache = cache
        self.operations = operations
        """The operations that are known, oldest first."""
        # An operation is made when it is read, and there may be very many.
        self.kinds = self.operations.kinds()
        self.keys = self.operations.keys()
        self.numbers = self.operations.numbers()
        self.stores = self.operations.stores()
        self.dropped = facts.dropped
        """How many operations came before them."""
        self.facts = facts
        self.kept: dict[str, Any] = {}
        """What is worked out of it once, by a name."""
        self._of_each: list[object] = []
        self._places: dict[object, list[int]] = {}
        self._fields: dict[object, list[int]] = {}

    @property
    def total(self) -> int:
        """How many operations there were."""
        return len(self.operations) + self.dropped

    def is_of(self, index: int, key: object) -> bool:
        """Return whether the operation at *index* is one of *key*."""
        return same_key(self.keys[index], key)

    def of_same(self, index: int) -> list[int]:
        """Return the index of each operation on the entry of that at *index*, in the same store."""
        return self.of_key(self.keys[index], self.stores[index])

    def of_key(self, key: object, store: str | None = None) -> list[int]:
        """Return the index of each operation on the entry of *key* in *store*, None where there is but one.

        A field of a hash, whose key is ``(key, field)``, goes and comes with its hash, and a hash comes with
        its fields.
        """
        if not self.identities:
            return []
        found, of_key = self._places, identity(key)
        if store is None:
            return found.get(of_key, [])
        mine = found.get((store, of_key), [])
        if isinstance(key, tuple) and len(key) == 2:
            whole = found.get((store, identity(key[0])), ())
            return sorted([*mine, *(i for i in whole if self.kinds[i] not in ("hit", "miss"))])
        fields = self._fields.get((store, of_key), ())
        return sorted([*mine, *(i for i in fields if self.kinds[i] == "put")])

    @property
    def identities(self) -> list[object]:
        """Of each operation what stands for its key and store: equal for the same ones alone."""
        if not self._of_each:
            # By id first: to hash a large key takes long, and the same object comes often.
            known: dict[int, object] = {}
            for index, (key, store) in enumerate(zip(self.keys, self.stores, strict=True)):
                found = known.get(id(key), known)
                if found is known:
                    found = known[id(key)] = identity(key)
                if store is not None:
                    found = store, found
                    if isinstance(key, tuple) and len(key) == 2:
                        self._fields.setdefault((store, identity(key[0])), []).append(index)
                self._of_each.append(found)
                self._places.setdefault(found, []).append(index)
        return self._of_each

    @property
    def processes(self) -> Mapping[int, str]:
        """The names of the processes of the scope, by their ids; none where all is of the test's own."""
        if "processes" not in self.kept:
            self.kept["processes"] = self.facts.processes()
        found: Mapping[int, str] = self.kept["processes"]
        return found

    def by(self, operation: Operation) -> str:
        """Return what a text adds for the process of *operation*: nothing where there is but one."""
        return f", by {self.process_of(operation)}" if self.processes else ""

    def process_of(self, operation: Operation) -> str:
        """Return the name of the process of *operation*, among others."""
        return (
            self.processes.get(operation.process) or operation.process_name or f"process {operation.process}"
        )

    def at(self, operation: Operation) -> str:
        """Return the place of *operation* in words, and its process where there are several."""
        return f"{place_of(operation)}{self.by(operation)}"

    @overload
    def place_of(self, number: int) -> int: ...
    @overload
    def place_of(self, number: None) -> None: ...
    def place_of(self, number: int | None) -> int | None:
        """Return the place among all operations of the cache, from 1, of the one with this *number*."""
        return None if number is None else bisect_left(self.numbers, number) + self.dropped + 1

    def asides(self, seen: int | None, index: int) -> list[Aside]:
        """Return the calls between two operations that are not counted and may have changed the entry.

        None for *seen* is the beginning, and an *index* past the last operation is now.
        """
        start = 0 if seen is None else self.numbers[seen]
        end, store = math.inf, None
        if index < len(self.numbers):
            end, store = self.numbers[index], self.stores[index]
        return [each for each in self.facts.asides if each.lasted_until(start) and each.concerns(end, store)]
