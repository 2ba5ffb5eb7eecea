"""The assertion that a function gives the same answer whatever happens to its caches."""

from __future__ import annotations

import operator
from collections import Counter
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..faults import FAULTS, Fault
from .apart import are_same, name_of, scope_apart, validate_functions
from .base import AssertionBase
from .driving import drive
from .places import Watch, places_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Sequence

    from .._caches.scope import Scope
    from .._telling.freshness import Answer
    from .places import Place, Seen

    Steps = Generator[Callable[[], Any], Any, Any]

__all__ = ["SurvivesAssertions"]

T = TypeVar("T")

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

_LABEL = "a call of assertCacheSurvives"
# More places that are not reached again are a function that is another one each time.
_FEW = 10


class SurvivesAssertions(AssertionBase):
    """The assertion on what a function gives when something happens to its caches."""

    @overload
    def assertCacheSurvives(  # type: ignore[overload-overlap]
        self,
        function: Callable[[], Awaitable[T]],
        *,
        caches: Sequence[str] = (),
        faults: Sequence[Fault] = FAULTS,
        equal: Callable[[T, T], object] = operator.eq,
        reset: Callable[[], object] | None = None,
        most: int = 500,
        msg: object = None,
    ) -> Awaitable[None]: ...

    @overload
    def assertCacheSurvives(
        self,
        function: Callable[[], T],
        *,
        caches: Sequence[str] = (),
        faults: Sequence[Fault] = FAULTS,
        equal: Callable[[T, T], object] = operator.eq,
        reset: Callable[[], object] | None = None,
        most: int = 500,
        msg: object = None,
    ) -> None: ...

    def assertCacheSurvives(
        self,
        function: Callable[[], Any],
        *,
        caches: Sequence[str] = (),
        faults: Sequence[Fault] = FAULTS,
        equal: Callable[[Any, Any], object] = operator.eq,
        reset: Callable[[], object] | None = None,
        most: int = 500,
        msg: object = None,
    ) -> Any:
        """Fail if *function* gives another answer, or raises, when a fault strikes its calls to caches.

        It is called twice with empty caches, and once more when they are warm. Then, for each call to
        *caches* (all of them, without names) that it has made, and each of *faults* that can strike there:
        with that fault at that place alone, and from that place on; each time in a scope of its own, and once
        more without a fault, which has to give the same answer too. *reset* puts the rest of the program back
        before each call. *equal* compares two answers; *most* is how often it is tried at most.

        Raises ``TypeError`` for what can't be called, for what is no fault, and for a fault that can't strike
        any of the caches; `UnknownCacheError`, with the closest names, for a name that is none.
        """
        validate_functions(function=function, equal=equal, **({} if reset is None else {"reset": reset}))
        if isinstance(caches, str):
            raise TypeError(f"caches must be names of caches, such as ({caches!r},), not {caches!r}")
        _check_faults(faults)
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise ValueError(f"most must be how often it is tried at most, 1 or more, not {most!r}")
        names = [self._cache(name).name for name in caches]
        if not names:
            self._every_cache()
        check = _Check(self, function, names, tuple(faults), equal, reset, most, msg)
        return drive(check.steps, "assertCacheSurvives", self._session)


def _check_faults(faults: Sequence[Fault]) -> None:
    if isinstance(faults, Fault):
        raise TypeError(f"faults must be several, such as ({faults!r},), not {faults!r}")
    for fault in faults:
        if isinstance(fault, type) or not isinstance(fault, Fault):
            raise TypeError(f"faults must be faults, such as Fails() and Gone(), not {fault!r}")
    if not faults:
        raise TypeError("faults are none, so that nothing would be tested")


def _first_that_differs(seen: Sequence[Seen], others: Sequence[Seen]) -> int | None:
    try:
        # Threads make them in another order each time.
        if Counter(each[:4] for each in seen) == Counter(each[:4] for each in others):
            return None
    except TypeError:
        # Some keys can't be hashed: these have to come in one order.
        pass
    for at, (one, other) in enumerate(zip(seen, others, strict=False)):
        if not one.is_like(other):
            return at
    return None if len(seen) == len(others) else min(len(seen), len(others))


def _awaited(call: str, is_async: bool) -> str:
    return f"await {call}" if is_async else call


class _Check:
    """One assertion: the calls of the function, and what came of them."""

    def __init__(
        self,
        case: SurvivesAssertions,
        function: Callable[[], Any],
        names: Sequence[str],
        faults: tuple[Fault, ...],
        equal: Callable[[Any, Any], object],
        reset: Callable[[], object] | None,
        most: int,
        msg: object,
    ) -> None:
        self._case = case
        self._function = function
        self._names = names
        self._faults = faults
        self._equal = equal
        self._reset = reset
        self._most = most
        self._msg = msg
        self._is_async = self._reset_is_async = self._is_begun = False

    def steps(self) -> Steps:
        """Yield what is to be called, one after the other; the answers are sent."""
        from .._telling import survival

        # Steps that are awaited begin anew.
        self._is_begun = False
        with scope_apart(self._case, _LABEL) as scope:
            first, calls, _ = yield from self._watched(scope)
        with scope_apart(self._case, _LABEL) as scope:
            second, cold, watch = yield from self._watched(scope)
            warm_answer, warm, watch_warm = yield from self._watched(scope)
        watch.impossible.update(watch_warm.impossible)
        name = name_of(self._function, "function()")
        if not cold:
            raise self._failure(survival.nothing_asked(name, self._names))
        for answer, other, seen, others, when in (
            (first, second, calls, cold, "called twice with empty caches"),
            (second, warm_answer, (), (), "warm"),
        ):
            at = _first_that_differs(seen, others)
            if at is not None or not self._same(answer, other):
                raise self._failure(survival.not_the_same(name, answer, other, seen, others, at, when))
        self._refuse_impossible(watch)
        places = places_of(cold, warm, self._faults, watch)
        tries = yield from self._all_tries(places[: self._most], second)
        report = survival.Report(
            name,
            second,
            tries,
            len(places),
            watch.impossible,
            reset="" if self._reset is None else _awaited("reset()", self._reset_is_async),
            call=_awaited(name, self._is_async),
        )
        if report.broken or not report.struck or len(report.unreached) * _FEW > len(tries):
            raise self._failure(report.failure())
        report.warn()

    def _refuse_impossible(self, watch: Watch) -> None:
        """Raise a TypeError for a fault that was asked for, and can strike none of the caches."""
        for fault in self._faults:
            whys = {name: found.get(fault, "") for name, found in watch.impossible.items()}
            if all(whys.values()) and (self._faults is not FAULTS or self._is_all_impossible(watch)):
                told = "; ".join(f"{name!r}: {why}" for name, why in whys.items())
                raise TypeError(f"{fault!r} can't strike any of the caches: {told}")

    def _is_all_impossible(self, watch: Watch) -> bool:
        return all(len(found) == len(self._faults) for found in watch.impossible.values())

    def _watched(self, scope: Scope) -> Generator[Callable[[], Any], Any, tuple[Answer, list[Seen], Watch]]:
        """Call the function, and return its answer, which is no exception, and the calls to caches."""
        watch = Watch(self._names, self._faults)
        scope.caches._begin(watch)
        try:
            answer = yield from self._ask()
        finally:
            scope.caches._end(watch)
        if answer.error is not None:
            raise answer.error
        return answer, watch.calls, watch

    def _all_tries(
        self, places: Sequence[Place], right: Answer
    ) -> Generator[Callable[[], Any], Any, list[Any]]:
        tries = []
        for place in places:
            made = yield from self._try(place, right)
            tries.append(made)
        return tries

    def _try(self, place: Place, right: Answer) -> Generator[Callable[[], Any], Any, Any]:
        """Have the fault strike at *place*, and return what came of it."""
        from .._telling.survival import Try

        with scope_apart(self._case, _LABEL) as scope:
            cache = scope.caches.ensure(place.seen.cache)
            injected: Any = cache.inject(place.fault, **place.given, must_strike=False).start()
            try:
                if place.is_warm:
                    yield from self._ask()
                found = yield from self._ask()
            finally:
                injected.close()
                scope.caches.forget_end(injected)
            later = yield from self._ask()
            injection = injected.injection
        wrong = [None if self._same(right, each) else each for each in (found, later)]
        return Try(place, wrong[0], wrong[1], injection.has_reached, injection.has_struck, injection.problems)

    def _ask(self) -> Generator[Callable[[], Any], Any, Answer]:
        """Return what the function comes to, which may be an exception, that of a failed assertion too."""
        from .._telling.freshness import Answer

        # Not before the first call, which decides whether the function is awaited.
        if self._reset is not None and self._is_begun:
            yield self._call_reset
        self._is_begun = True
        try:
            value = yield self._call
        except Exception as error:
            return Answer(error=error)
        return Answer(value)

    def _call(self) -> Any:
        result = self._function()
        self._is_async = isawaitable(result)
        return result

    def _call_reset(self) -> Any:
        assert self._reset is not None
        result = self._reset()
        self._reset_is_async = isawaitable(result)
        return result

    def _same(self, one: Answer, other: Answer) -> bool:
        return are_same(self._equal, one, other)

    def _failure(self, text: str) -> AssertionError:
        return self._case._fail_with(self._msg, text)
