"""`inject`: the block for which faults are in force, and what it says when they have struck nothing."""

from __future__ import annotations

from sys import _getframe
from typing import TYPE_CHECKING, Any

from .._behaving.injection import Injection, Matching
from .._recording.call_sites import CallSite
from .._recording.operation import Injected
from ..errors import NotPatchedError, closest_first
from ..faults import ANY, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from typing_extensions import Self

    from .._recording.operation import Operation

__all__ = ["injected"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

_KINDS = ("get", "put", "delete")


class _Block(Injected):
    """See `Injected`."""

    def __init__(self, caches: Any, injection: Injection, *, must_strike: bool, at: CallSite) -> None:
        self._caches = caches
        self.injection = self._injection = injection
        self._must_strike = must_strike
        self._at = at
        self._is_begun = self._is_ended = False
        caches.await_end(self, self._when_unmet)

    @property
    def struck(self) -> list[Operation]:
        return self._injection.struck

    def start(self) -> Self:
        if self._is_begun:
            raise RuntimeError(
                f"the inject() at {self._at} was used twice: it counts what it strikes once, so make another"
            )
        if self._caches.is_closed:
            raise RuntimeError(f"the inject() at {self._at} is of a scope that has closed: nothing is struck")
        self._is_begun = True
        for cache in list(self._caches.by_name().values()):
            self._injection.keep_entries(cache)
        self._caches._begin(self._injection)
        return self

    def stop(self) -> None:
        if not self._is_begun:
            raise RuntimeError(f"the inject() at {self._at} was stopped, and had not been started")
        if self._is_ended:
            return
        self._leave()
        self._check()

    def close(self) -> None:
        """Take the faults out, whatever has come of them."""
        self._is_ended = True
        self._caches._end(self._injection)

    def _leave(self) -> None:
        try:
            self._end()
        except BaseException:
            # An interrupt would leave the faults in force until the test ends.
            self._end()
            raise

    def _end(self) -> None:
        self.close()
        self._caches.forget_end(self)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        self._leave()
        if exc is None:
            self._check()

    def _check(self) -> None:
        if self._injection.problems:
            raise TypeError("\n".join(dict.fromkeys(self._injection.problems)))
        if self._must_strike and not self._injection.has_struck:
            raise AssertionError(self._never_struck())

    def _never_struck(self) -> str:
        from .._telling.unstruck import never_struck

        return never_struck(self._injection, self._caches)

    def _when_unmet(self) -> str | None:
        """Return what the end of the scope is to fail with, where this is not over by then."""
        if not self._is_begun:
            return f"inject(), at {self._at}, was never entered, so nothing was struck: with ...inject(...):"
        problems = list(dict.fromkeys(self._injection.problems))
        if self._must_strike and not self._injection.has_struck:
            problems.append(f"inject(), at {self._at}, was not stopped, and {self._never_struck()}")
        return "\n".join(problems) or None


def injected(
    caches: Any,
    cache: Any,
    faults: Sequence[Fault],
    on: str | None,
    key: object,
    keys: str | Callable[[Any], object] | None,
    nth: int | Iterable[int] | None,
    times: int | None,
    must_strike: bool,
) -> Injected:
    """Return what `inject` does; raises for what it can't be given."""
    if caches._scope is None or caches._scope() is None:
        raise NotPatchedError("inject() is for the caches of a scope: in a test, or a block of PatchCaches")
    _check_faults(faults, on)
    matching = Matching(on, key, _checked_keys(key, keys), _checked_nth(nth), _checked_times(times))
    name = None if cache is None else cache.name
    _check_possible(caches, cache, faults)
    injection = Injection(tuple(faults), matching, lambda: caches.clock, name)
    return _Block(caches, injection, must_strike=must_strike, at=CallSite(_getframe(2)))


def _check_faults(faults: Sequence[Fault], on: str | None) -> None:
    if on is not None and on not in _KINDS:
        known = ", ".join(map(repr, closest_first(on, _KINDS) if isinstance(on, str) else _KINDS))
        raise ValueError(f"on must be one of {known}, the closest first, or None for all; not {on!r}")
    if not faults:
        raise TypeError("inject() was given no fault: inject(Fails()), for instance")
    for fault in faults:
        if isinstance(fault, type) and issubclass(fault, Fault):
            example = {"Slow": "Slow(60)", "TooLarge": "TooLarge(1_000)"}
            given = example.get(fault.__name__, f"{fault.__name__}()")
            raise TypeError(f"{fault.__name__} is a class of faults: give one of it, as inject({given})")
        if not isinstance(fault, Fault) or type(fault) is Fault:
            raise TypeError(f"a fault is one of cachetest.{', '.join(_FAULTS)}, not {fault!r}")
        if on is not None and on not in fault.can_strike:
            kinds = " or ".join(repr(kind) for kind in _KINDS if kind in fault.can_strike)
            raise ValueError(f"{fault!r} never strikes a {on}: its on is {kinds}")


_FAULTS = ("Fails", "LosesReply", "Slow", "Damaged", "Gone", "Dropped", "Stale", "TooLarge")


def _checked_keys(key: object, keys: object) -> Any:
    if key is not ANY and keys is not None:
        raise TypeError("give key=, one key exactly, or keys=, a pattern or a function, and not both")
    if keys is not None and not isinstance(keys, str) and not callable(keys):
        raise TypeError(f"keys must be a pattern of text, as 'price:*', or a function of a key, not {keys!r}")
    return keys


def _checked_nth(nth: Any) -> Any:
    if nth is None:
        return None
    found = (nth,) if isinstance(nth, int) else nth
    if not isinstance(found, (range, set, frozenset, tuple, list)):
        raise TypeError(f"nth must be the number of a call, from 1, or a set or range of them, not {nth!r}")
    for each in found if not isinstance(found, range) else found[:1]:
        if isinstance(each, bool) or not isinstance(each, int):
            raise TypeError(
                f"nth must be the number of a call, from 1, or a set or range of them, not {nth!r}"
            )
    if not found or min(found[0:1] if isinstance(found, range) else found) < 1:
        raise ValueError(f"nth counts the calls that match from 1, so that {nth!r} strikes none")
    return found if isinstance(found, range) else frozenset(found)


def _checked_times(times: Any) -> Any:
    if times is None:
        return None
    if isinstance(times, bool) or not isinstance(times, int):
        raise TypeError(f"times must be how often at most, a number, not {times!r}")
    if times < 1:
        raise ValueError(f"times must be 1 or more, not {times!r}: nothing would be struck")
    return times


def _check_possible(caches: Any, cache: Any, faults: Sequence[Fault]) -> None:
    """Raise a TypeError for a fault that can strike none of the caches that are meant."""
    meant = list(caches.values()) if cache is None else [cache]
    for fault in faults:
        found = [(each.name, each.carrier.why_impossible(each, fault)) for each in meant]
        if found and all(why for _, why in found):
            told = "; ".join(f"{name!r}: {why}" for name, why in found)
            raise TypeError(
                f"{fault!r} can't strike {'any cache here' if cache is None else 'this cache'}: {told}"
            )
