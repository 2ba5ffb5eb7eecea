"""The texts of a function that does not survive what can happen to its caches."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from .._recording.call_sites import calling_location
from ..errors import CacheTestWarning
from ..faults import ANY
from .formatting import change
from .shortening import one_text, short_repr, unwritten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..faults import Fault
    from .freshness import Answer

__all__ = ["Report", "Try", "not_the_same", "nothing_asked"]

# So many are told with all that is known of them; nobody reads more.
_SHOWN = 12


class Try(NamedTuple):
    """What came of one fault at one place: the answers that are wrong, under it and afterwards."""

    place: Any
    found: Answer | None
    later: Answer | None
    is_reached: bool
    is_struck: bool
    problems: Sequence[str]

    @property
    def is_broken(self) -> bool:
        return self.found is not None or self.later is not None


class Report:
    """What came of all of them."""

    def __init__(
        self,
        name: str,
        right: Answer,
        tries: Sequence[Try],
        places: int,
        impossible: Mapping[str, Mapping[Fault, str]],
        *,
        call: str,
        reset: str,
    ) -> None:
        self.name = name
        self._right = right
        self.broken = _told_once([each for each in tries if each.is_broken])
        self.struck = [each for each in tries if each.is_struck]
        self.unreached = [each for each in tries if not each.is_reached]
        self._tried = len(tries)
        self._left = places - len(tries)
        self._impossible = impossible
        self._problems = {each.place.seen.cache: each.problems[0] for each in tries if each.problems}
        # The function and what puts the program back, as a line of code calls them.
        self._call, self._reset = call, reset

    def failure(self) -> str:
        """Return the text of the failure."""
        with one_text():
            lines = self._first()
            for number, each in enumerate(self.broken[:_SHOWN], 1):
                lines += self._broken(number, each)
            if len(self.broken) > _SHOWN:
                lines.append(f"  and {len(self.broken) - _SHOWN} more")
            return "\n".join([*lines, *self._rest(), *unwritten()])

    def _first(self) -> list[str]:
        if self.broken:
            ways = "in one way" if len(self.broken) == 1 else f"in {len(self.broken)} ways"
            return [f"{self.name} does not survive what can happen to its caches: it breaks {ways}"]
        if not self.struck:
            return [f"no fault has struck {self.name}, so that nothing was tested"]
        return [
            f"{self.name} makes other calls each time: of {self._tried} places to strike at, "
            f"{len(self.unreached)} were not reached again"
        ]

    def _broken(self, number: int, tried: Try) -> list[str]:
        place = tried.place
        lines = [f"  {number}. {_what(place)}"]
        if tried.found is not None:
            lines.append(f"       it {self._wrong(tried.found)}")
        if tried.later is not None:
            again = "afterwards, without a fault, it"
            lines.append(f"       {again} {self._wrong(tried.later)}: the cache was poisoned")
        lines.append(f"       {self._code(place)}")
        return lines

    def _wrong(self, answer: Answer) -> str:
        if answer.error is not None:
            text = str(answer.error)
            return f"raised {type(answer.error).__name__}{f': {text}' if text else ''}"
        return f"gave {short_repr(answer.value)} in place of {short_repr(self._right.value)}"

    def _code(self, place: Any) -> str:
        """Return a line of code that repeats just that."""
        cache = place.seen.cache
        where = f"self.caches.{cache}" if cache.isidentifier() else f"self.caches[{cache!r}]"
        given = ", ".join([repr(place.fault), *(f"{word}={value!r}" for word, value in place.given.items())])
        between = f"; {self._reset}; " if self._reset else "; "
        calls = [self._call] * (2 if place.is_warm else 1)
        return f"with {where}.inject({given}): {between.join(calls)}"

    def _rest(self) -> list[str]:
        lines = []
        if self.unreached:
            lines.append(f"  {len(self.unreached)} places were not reached again, as")
            lines += [f"    {_what(each.place)}" for each in self.unreached[:3]]
        if self._left > 0:
            lines.append(f"  {self._left} more were not tried: most={self._tried}")
        for name, found in self._impossible.items():
            whys: dict[str, list[str]] = {}
            for fault, why in found.items():
                whys.setdefault(why, []).append(repr(fault))
            lines += [f"  not tried on {name!r}: {', '.join(faults)}: {why}" for why, faults in whys.items()]
        return lines + [f"  {each}" for each in self._problems.values()]

    def warn(self) -> None:
        """Warn of what was not tried, where all that was has gone well."""
        lines = [
            each
            for each, is_told in zip(
                (
                    f"{len(self.unreached)} places were not reached again, as {_places(self.unreached)}",
                    f"{self._left} of {self._left + self._tried} places were not tried: give most=",
                ),
                (self.unreached, self._left > 0),
                strict=True,
            )
            if is_told
        ]
        where = calling_location()
        for line in lines:
            text = f"assertCacheSurvives of {self.name}: {line}"
            warnings.warn_explicit(text, CacheTestWarning, where.filename, where.lineno)


def _told_once(broken: Sequence[Try]) -> list[Try]:
    """Leave out those from a place on that come to the same as that place alone."""
    alone = {_shown(each) for each in broken if not each.place.goes_on}
    return [each for each in broken if not (each.place.goes_on and _shown(each) in alone)]


def _shown(tried: Try) -> tuple[object, ...]:
    place = tried.place
    answers = [
        None if each is None else (short_repr(each.value), repr(each.error))
        for each in (tried.found, tried.later)
    ]
    return place.fault, place.seen, place.is_warm, *answers


def _places(tries: Sequence[Try]) -> str:
    return _what(tries[0].place) if tries else ""


def _what(place: Any) -> str:
    """Return the fault, the call and the line of *place*."""
    seen = place.seen
    key = "" if place.key is ANY else f" {short_repr(place.key)}"
    # A call such as get_or_set comes to a get and a put.
    kind = f" ({seen.kind})" if seen.asked[:3].lower() == "get" and seen.kind not in ("get", None) else ""
    call = f"{seen.asked}{kind}{key} of cache {seen.cache!r}"
    when = f"from {call} on" if place.goes_on else f"at {call}"
    at = "" if seen.where is None else f", at {seen.where}"
    return f"{place.fault!r} {when}{', warm' if place.is_warm else ''}{at}"


def nothing_asked(name: str, names: Sequence[str]) -> str:
    """Return the failure of a function that has made no call to the caches *names*, or to any."""
    which = f"none of {', '.join(map(repr, names))}" if names else "no cache"
    return f"{name} has asked {which} for anything, so that nothing was tested"


def not_the_same(
    name: str,
    one: Answer,
    other: Answer,
    seen: Sequence[Any],
    others: Sequence[Any],
    at: int | None,
    when: str,
) -> str:
    """Return the failure of a function that is another one each time; *at* is the first call that differs."""
    with one_text():
        begin = f"{name} is not the same each time, so that no fault can be told to be the reason: {when}, it"
        if at is None:
            if one.error is None and other.error is None:
                return f"{begin} gave {change(one.value, other.value)}"
            return f"{begin} {one.told('gave')}, then {other.told('gave')}"
        lines = [f"{begin} made other calls, from number {at + 1} on:"]
        for word, calls in (("first", seen), ("then", others)):
            call = calls[at] if at < len(calls) else None
            lines.append(f"  {word}: {'no call' if call is None else _call(call)}")
        return "\n".join(lines + unwritten())


def _call(seen: Any) -> str:
    keys = ", ".join(map(short_repr, seen.keys[:3])) + (", ..." if len(seen.keys) > 3 else "")
    at = "" if seen.where is None else f", at {seen.where}"
    return f"{seen.asked} {keys} of cache {seen.cache!r}{at}"
