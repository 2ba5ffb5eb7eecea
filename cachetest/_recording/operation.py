"""One logged operation of a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn, get_args

if TYPE_CHECKING:
    from .call_sites import Location

__all__ = ["KINDS", "Kind", "Operation"]

Kind = Literal["put", "hit", "miss", "delete", "eviction", "expiration", "bypass", "failure"]

KINDS: tuple[Kind, ...] = get_args(Kind)

# The call that an operation of a kind comes from, where nobody says otherwise.
_ASKED: dict[Kind, str] = {"put": "put", "hit": "get", "miss": "get", "delete": "delete"}


class Operation:
    """One thing that was done to a cache, with all that is known of it by name.

    What nobody knows is None. Two operations are equal when all of their attributes are.
    """

    __slots__ = ("asked", "cache", "error", "key", "kind", "number", "process", "store", "thread", "where")

    number: int
    """The place in the one sequence of its scope, across the caches of that, from 1."""
    kind: Kind
    """``"put"``, ``"hit"``, ``"miss"``, ``"delete"`` (asked for, whether or not there was anything),
    ``"eviction"`` (for room), ``"expiration"`` (its time had passed), ``"bypass"`` (the library did not take
    part) or ``"failure"`` (the call raised, so it was neither of the others)."""
    cache: str
    """The name of the cache."""
    key: object
    """The key, as the cache keeps it; of a bypass the reason."""
    thread: str
    """The name of the thread that called, as it was at that thread's first operation."""
    where: Location
    """The innermost line of the caller that is neither in the library under test, nor in cachetest, nor in
    the standard library."""
    asked: str | None
    """The call that the operation comes from: ``"get"``, or what the library calls it, such as ``"MGET"``."""
    store: str | None
    """Server and database, where a cache may have several: ``"redis://localhost:6379/0"``."""
    process: int | None
    """The id of the process that called."""
    error: str | None
    """The class and the text of the exception, for a failure."""

    def __init__(
        self,
        number: int,
        kind: Kind,
        cache: str,
        key: object,
        thread: str,
        where: Location,
        *,
        asked: str | None = None,
        store: str | None = None,
        process: int | None = None,
        error: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "number", number)
        put(self, "kind", kind)
        put(self, "cache", cache)
        put(self, "key", key)
        put(self, "thread", thread)
        put(self, "where", where)
        put(self, "asked", _ASKED.get(kind) if asked is None else asked)
        put(self, "store", store)
        put(self, "process", process)
        put(self, "error", error)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a logged operation can't be changed: {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a logged operation can't be changed: {name!r}")

    def __setstate__(self, state: tuple[None, dict[str, object]]) -> None:
        # Copies and pickles would set the attributes one by one.
        for name, value in state[1].items():
            object.__setattr__(self, name, value)

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Operation) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.number, self.kind, self.cache))

    def __repr__(self) -> str:
        known = (f"{name}={getattr(self, name)!r}" for name in _SHOWN if getattr(self, name) is not None)
        return f"Operation({', '.join(known)})"


_SHOWN = ("number", "kind", "cache", "key", "asked", "store", "thread", "process", "where", "error")
