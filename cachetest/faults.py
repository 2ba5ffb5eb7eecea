"""The kinds of fault that a test can have a cache strike its program with: plain values, without state."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Damaged", "Dropped", "Fails", "Fault", "Gone", "LosesReply", "Slow", "Stale", "TooLarge"]


class _Any:
    """The type of `ANY`."""

    def __repr__(self) -> str:
        return "ANY"


ANY = _Any()
"""Any key, and calls without one: None may be a key."""

_ALL = frozenset({"get", "put", "delete", None})


class Fault:
    """The base of the kinds of fault. Each is a frozen value, which may be used any number of times."""

    # The kinds of call that it can strike at all, and those that it does where nobody says ``on=``; None is
    # a call whose kind can't be told, such as INCR.
    can_strike: ClassVar[frozenset[str | None]] = _ALL
    strikes: ClassVar[frozenset[str | None]] = _ALL
    # Whether it strikes a call as a whole, when it is about one of its keys.
    is_of_whole_call: ClassVar[bool] = False

    def __repr__(self) -> str:
        # As a program writes it: what is as it would be by itself is left out.
        given = [
            f"{each.name}={_written(value)}" if each.kw_only else _written(value)
            for each in fields(self)  # type: ignore[arg-type]
            if (value := getattr(self, each.name)) != each.default
        ]
        return f"{type(self).__name__}({', '.join(given)})"


def _written(value: object) -> str:
    name = getattr(value, "__qualname__", None)
    return name if isinstance(name, str) else repr(value)


class _Raises(Fault):
    is_of_whole_call = True

    error: Exception | type[Exception] | None

    def __post_init__(self) -> None:
        name, error = type(self).__name__, self.error
        if error is None or isinstance(error, Exception):
            return
        if not (isinstance(error, type) and issubclass(error, Exception)):
            raise TypeError(f"{name}: error must be an exception or a class of exceptions, not {error!r}")
        try:
            error()
        except Exception as problem:
            raise TypeError(
                f"{name}: {error.__name__}() can't be made without arguments ({problem}): give an exception "
                "in place of its class"
            ) from None

    def raised(self) -> Exception | None:
        """Return a new exception to raise, or None where the library's own is to be raised."""
        error = self.error
        if error is None:
            return None
        if isinstance(error, type):
            made = error()
            return made if isinstance(made, Exception) else None
        # One is raised at each strike: what the first has gathered, such as a traceback, is not the second's.
        copied = _copied(error)
        return copied if isinstance(copied, Exception) else None


def _copied(error: BaseException) -> BaseException:
    import copy

    try:
        made = copy.copy(error)
    except Exception:
        # Some classes make their text from other arguments than they keep.
        made = error
    made.__traceback__ = made.__cause__ = made.__context__ = None
    return made


@dataclass(frozen=True, repr=False)
class Fails(_Raises):
    """The call is not done, and raises what the library raises when its store can't be reached, or *error*.

    *error* is an exception, or a class of exceptions. Caches inside the process, which can't be unreachable,
    need one.
    """

    error: Exception | type[Exception] | None = None


@dataclass(frozen=True, repr=False)
class LosesReply(_Raises):
    """The call is done, and its answer is lost: the library raises, or asks again, as it does then.

    With *then_down* it is done once, and the store can't be reached for the rest of the call.
    """

    error: Exception | type[Exception] | None = None
    then_down: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.then_down, bool):
            raise TypeError(f"LosesReply: then_down must be True or False, not {self.then_down!r}")


@dataclass(frozen=True, repr=False)
class Slow(Fault):
    """The call is done, and its answer is late by *seconds* on the clock of the scope; nobody waits."""

    seconds: float

    is_of_whole_call = True

    def __post_init__(self) -> None:
        seconds = self.seconds
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise TypeError(f"Slow: seconds must be a number, not {seconds!r}")
        if not (isfinite(seconds) and seconds > 0):
            raise ValueError(f"Slow: seconds must be more than 0, and an end, not {seconds!r}")


@dataclass(frozen=True, repr=False)
class Damaged(Fault):
    """What is stored, bytes or text, is damaged before a lookup, and stays so until it is overwritten.

    It is cut in half, or is what *damage* returns for it. With ``on="put"`` it is damaged as it is written.
    """

    damage: Callable[[Any], Any] | None = None

    can_strike = frozenset({"get", "put"})
    strikes = frozenset({"get"})

    def __post_init__(self) -> None:
        if self.damage is not None and not callable(self.damage):
            raise TypeError(f"Damaged: damage must be a function of what is stored, not {self.damage!r}")


@dataclass(frozen=True, repr=False)
class Gone(Fault):
    """The entry is evicted just before a lookup, or before an ``incr``, a ``touch`` or a delete of it."""

    can_strike = strikes = frozenset({"get", "delete", None})


@dataclass(frozen=True, repr=False)
class Dropped(Fault):
    """A put is acknowledged and counted, and what was there stays."""

    can_strike = strikes = frozenset({"put"})


@dataclass(frozen=True, repr=False)
class Stale(Fault):
    """A lookup sees the entries as they were when the block began."""

    can_strike = strikes = frozenset({"get"})


@dataclass(frozen=True, repr=False)
class TooLarge(Fault):
    """A put of more than *limit* bytes is refused as the store refuses it."""

    limit: int

    can_strike = strikes = frozenset({"put"})

    def __post_init__(self) -> None:
        limit = self.limit
        if isinstance(limit, bool) or not isinstance(limit, int):
            raise TypeError(f"TooLarge: limit must be a number of bytes, not {limit!r}")
        if limit < 0:
            raise ValueError(f"TooLarge: limit must not be less than 0, and is {limit!r}")


FAULTS: tuple[Fault, ...] = (Fails(), LosesReply(), Slow(60), Damaged(), Gone(), Dropped())
"""What `assertCacheSurvives` has strike where nobody says otherwise."""
