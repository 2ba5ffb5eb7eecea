"""One logged operation of a cache, and the line of source that it came from."""

from __future__ import annotations

from contextlib import suppress

# Not as `os.getcwd`, which a test may have replaced for its program.
from os import getcwd, sep
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn, Protocol, get_args

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from typing_extensions import Self


__all__ = [
    "A_SCRIPT",
    "GUARDS_FAILED",
    "KINDS",
    "SCRIPTS",
    "Injected",
    "Kind",
    "Location",
    "Operation",
    "Origin",
    "OriginTeller",
    "location_of",
    "place_of",
]

Kind = Literal["put", "hit", "miss", "delete", "eviction", "expiration", "bypass", "refusal", "failure"]

Origin = int | str | None
"""Where an entry came from: see `Operation.origin`."""

KINDS: tuple[Kind, ...] = get_args(Kind)

A_SCRIPT = "a script"
"""Where an entry came from that a script wrote."""

SCRIPTS = frozenset({"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"})
"""The commands of Redis that run one. What it calls has both names in `Operation.asked`: ``"EVAL SET"``."""

GUARDS_FAILED = "its guards failed: "
"""How the `error` of a refusal begins where the guards of an entry failed."""

# The call that an operation of a kind comes from, where nobody says otherwise.
_ASKED: dict[Kind, str] = {"put": "put", "hit": "get", "miss": "get", "delete": "delete", "refusal": "get"}


class Location(NamedTuple):
    """A line of source: file name, line number (from 1), and the function it is in."""

    filename: str
    lineno: int
    function: str

    def __str__(self) -> str:
        path = self.filename
        # A working directory may be gone.
        with suppress(OSError):
            path = path.removeprefix(getcwd() + sep)
        return f"{path}:{self.lineno} in {self.function}"


def location_of(code: CodeType, instruction: int) -> Location:
    """Return the line of *code* that holds the *instruction* at this offset."""
    lines = (line for start, end, line in code.co_lines() if start <= instruction < end)
    return Location(code.co_filename, next(lines, None) or code.co_firstlineno, code.co_name)


class OriginTeller(Protocol):
    """A cache, as far as it knows where entries came from that no operation put."""

    def origin_of(self, key: object, store: str | None, number: int) -> str | None: ...


class Operation:
    """One thing that was done to a cache, with all that is known of it by name.

    What nobody knows is None. Two operations are equal when all of their attributes are.
    """

    __slots__ = (
        *(
            "_origin",
            "asked",
            "cache",
            "error",
            "fault",
            "key",
            "kind",
            "number",
            "process",
            "process_name",
            "store",
            "thread",
        ),
        "where",
    )

    number: int
    """The place in the one sequence of its scope, across the caches of that, from 1."""
    kind: Kind
    """``"put"``, ``"hit"``, ``"miss"``, ``"delete"`` (asked for, whether or not there was anything),
    ``"eviction"`` (for room), ``"expiration"`` (its time had passed), ``"bypass"`` (the library did not take
    part), ``"refusal"`` (the library did not use what the hit before it found) or ``"failure"`` (the call
    raised, so it was neither of the others)."""
    cache: str
    """The name of the cache."""
    key: object
    """The key, as the cache keeps it; of a bypass the reason."""
    thread: str
    """The name of the thread that called, as it was at that thread's first operation."""
    where: Location
    """The innermost line of the program that asked for it, or, where a library's own function was handed to
    a thread, a pool or a loop, the line that did that."""
    asked: str | None
    """The call that the operation comes from: ``"get"``, or what the library calls it, such as ``"MGET"``; of
    what a script called both, such as ``"EVAL SET"``."""
    store: str | None
    """Server and database, where a cache may have several: ``"redis://localhost:6379/0"``."""
    process: int | None
    """The id of the process that called."""
    process_name: str | None
    """The name of the process that called, where that is not the test's own: ``"ForkProcess-1"`` as
    `multiprocessing` has it, ``"rank 0"``, or ``"process 4711"`` by its id."""
    error: str | None
    """The class and the text of the exception, for a failure; for a refusal the reason."""
    fault: Any
    """What struck it, where a test had it struck: `cachetest.Fails` and its like."""
    _origin: Origin | Callable[[], Origin]

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
        process_name: str | None = None,
        error: str | None = None,
        fault: Any = None,
        origin: Origin | Callable[[], Origin] = None,
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
        put(self, "process_name", process_name)
        put(self, "error", error)
        put(self, "fault", fault)
        put(self, "_origin", origin)

    @property
    def origin(self) -> Origin:
        """Where the entry of a hit came from: the number of the operation that put it, or words.

        These are ``"by hand"``, ``"a script"``, ``"another process"`` and ``"the scope of the class"``. What
        a script puts has it, too.
        """
        found = self._origin
        if callable(found):
            # To find it takes looking at all operations before it, so that is done when somebody asks.
            found = found()
            object.__setattr__(self, "_origin", found)
        return found

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a logged operation can't be changed: {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a logged operation can't be changed: {name!r}")

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        return None, {name: getattr(self, name.removeprefix("_")) for name in self.__slots__}

    def __setstate__(self, state: tuple[None, dict[str, object]]) -> None:
        # Copies and pickles would set the attributes one by one.
        for name, value in state[1].items():
            object.__setattr__(self, name, value)

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in _SHOWN)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Operation) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.number, self.kind, self.cache))

    def __repr__(self) -> str:
        known = (f"{name}={getattr(self, name)!r}" for name in _SHOWN if getattr(self, name) is not None)
        return f"Operation({', '.join(known)})"


class Injected(Protocol):
    """The faults of one ``inject(...)``: in force inside a ``with``, or from `start` to `stop`; once."""

    @property
    def struck(self) -> list[Operation]:
        """The operations that were struck so far, the oldest first, as far as the logs still have them."""

    def start(self) -> Self:
        """Put the faults in force, until `stop`; where that is never called, until the test has ended.

        Raises ``RuntimeError`` where it was used before: it counts what it strikes once.
        """

    def stop(self) -> None:
        """Have the faults strike no more; an ``AssertionError`` if they never have."""

    def __enter__(self) -> Self: ...

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None: ...


def place_of(operation: Operation) -> str:
    """Return the place of *operation* in words, and that a script did it, where one has."""
    script, _, called = (operation.asked or "").partition(" ")
    by = "by a script " if called and script in SCRIPTS else ""
    return f"{by}at {operation.where}"


_SHOWN = (
    *("number", "kind", "cache", "key", "asked", "store", "thread", "process", "process_name"),
    *("where", "error", "fault", "origin"),
)
