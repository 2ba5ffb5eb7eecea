"""The assertion that an answer is the same whatever the caches hold."""

from __future__ import annotations

import copy
import operator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._behaving.states import states_of
from .._caches.in_state import begin_state
from .._recording.answer_parts import PLAIN
from .._recording.answers import NotComparableError, difference
from .._recording.held_answers import Held
from .apart import are_same, ask, name_of, scope_apart, validate_functions
from .base import AssertionBase
from .driving import drive

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence

    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches
    from .._recording.answers import Difference
    from .._recording.operation import Operation
    from .._telling.freshness import Answer
    from .._telling.transparency import Run

__all__ = ["TransparentAssertions"]

T = TypeVar("T")

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

_NAME = "assertCacheTransparent"
_STATES = ("cold", "warm", "off")


class TransparentAssertions(AssertionBase):
    """The assertion on a function in several states of the caches."""

    @overload
    def assertCacheTransparent(  # type: ignore[overload-overlap]
        self,
        function: Callable[[], Awaitable[T]],
        *,
        caches: Sequence[str] = (),
        states: Sequence[str] = _STATES,
        equal: Callable[[T, T], object] = operator.eq,
        msg: object = None,
    ) -> Awaitable[None]: ...

    @overload
    def assertCacheTransparent(
        self,
        function: Callable[[], T],
        *,
        caches: Sequence[str] = (),
        states: Sequence[str] = _STATES,
        equal: Callable[[T, T], object] = operator.eq,
        msg: object = None,
    ) -> None: ...

    def assertCacheTransparent(
        self,
        function: Callable[[], Any],
        *,
        caches: Sequence[str] = (),
        states: Sequence[str] = _STATES,
        equal: Callable[[Any, Any], object] = operator.eq,
        msg: object = None,
    ) -> Any:
        """Fail if what *function* returns, or raises, depends on what the caches hold.

        It is called in each of *states*, in a scope of its own each time: ``"cold"``; ``"warm"``, once more
        after it was called; ``"off"``, where every lookup misses and puts are dropped; ``"failing"``. *equal*
        compares what it returned with what it returned in the first of them. It has to use one of *caches*
        (any, without names), and warm to hit one; these alone are off. Where it returns what is to be
        awaited, so does this.

        Raises ``TypeError`` for what can't be called or compared, and for a cache that can't be off where it
        was named; ``ValueError`` for a state, and `UnknownCacheError` for a name, that is none.
        """
        validate_functions(function=function, equal=equal)
        if isinstance(caches, str):
            raise TypeError(f"caches must be names of caches, such as ({caches!r},), not {caches!r}")
        names = tuple(self._cache(name).name for name in caches)
        if not names:
            # That there are none is an error.
            self._every_cache()
        check = _Check(self, function, names, states_of(states), equal, msg, asked=states is not _STATES)
        return drive(check.steps, _NAME, self._session)


class _Kept:
    """The answer of the first state, as it was when it was given."""

    def __init__(self, answer: Answer, equal: Callable[[Any, Any], object]) -> None:
        from .._telling.freshness import Answer

        self._given = answer
        self._held = Held(answer.value)
        self.answer = Answer(_copied(answer.value, equal), answer.error)
        self._is_copy = self.answer.value is not answer.value

    def is_same(self, other: Answer, equal: Callable[[Any, Any], object], name: str) -> bool:
        """Return whether *other* is the same answer."""
        if other.error is None and self._given.error is None:
            if self._held.is_changed() and not self._is_copy and type(other.value) not in PLAIN:
                raise TypeError(
                    f"{name} gave an object that a later call has changed and that can't be copied, so that "
                    "there is no answer to compare: have it return a copy"
                )
            if other.value is self._given.value and not self._held.is_changed():
                return True
        return are_same(equal, self.answer, other)


def _copied(value: Any, equal: Callable[[Any, Any], object]) -> Any:
    """Return a copy that is equal to *value*, or that itself."""
    if type(value) in PLAIN:
        return value
    try:
        copied = copy.deepcopy(value)
        is_equal = equal(value, copied)
        return copied if bool(is_equal) else value
    except Exception:
        # A lock in it can't be copied, and two arrays are neither equal nor not: that is told later.
        return value


class _Check:
    """One assertion: the runs of it, and what came of them."""

    def __init__(
        self,
        case: TransparentAssertions,
        function: Callable[[], Any],
        names: Sequence[str],
        states: Sequence[str],
        equal: Callable[[Any, Any], object],
        msg: object,
        *,
        asked: bool,
    ) -> None:
        self._case = case
        self._function = function
        self._names = names
        self._states = states
        self._equal = equal
        self._msg = msg
        self._asked = asked
        self._name = name_of(function, "the function")
        self._left_out: dict[str, Mapping[str, str]] = {}

    def steps(self) -> Generator[Callable[[], Any], Any, None]:
        """Yield what is to be called, one after the other; the answers are sent."""
        # Loaded here, as below: few tests need it.
        from .._telling import transparency

        first: Run | None = None
        kept: _Kept | None = None
        same: list[str] = []
        told: list[list[str]] = []
        for state in self._states:
            run = yield from self._run(state)
            if run is None:
                continue
            if first is None or kept is None:
                first, kept = run, _Kept(run.answer, self._equal)
                # What can't be compared is told before all is run.
                are_same(self._equal, kept.answer, kept.answer)
            elif kept.is_same(run.answer, self._equal, self._name):
                same.append(state)
            else:
                # As it is now: to try again may change it.
                run = run._replace(answer=_Kept(run.answer, self._equal).answer)
                if not told:
                    yield from self._try_again(first, kept)
                first = first._replace(answer=kept.answer)
                where = self._difference(kept.answer, run.answer)
                told.append(transparency.differs(self._name, first, run, where, len(self._states) - 1))
        if told and first is not None:
            lines = [line for each in told for line in each]
            lines += transparency.end_lines(first, same, self._left_out)
            raise self._failure("\n".join(lines))

    def _run(self, state: str) -> Generator[Callable[[], Any], Any, Run | None]:
        """Run the function in a *state*; None where no cache can be in it."""
        from .._telling import transparency

        outside = self._totals(self._case.caches)
        with scope_apart(self._case, f"the state {state!r} of {_NAME}") as scope:
            caches = scope.caches
            for name in self._names:
                caches.ensure(name)
            if state == "warm":
                yield from ask(self._case, self._function)
                for cache in caches.values():
                    cache.forget_counts()
            begun = begin_state(caches, state, self._names, asked=self._asked)
            before = self._totals(caches)
            with begun.ends:
                if not begun.is_in_force:
                    self._left_out[state] = begun.left_out
                    return None
                answer = yield from ask(self._case, self._function)
            if left_out := begun.told_left_out():
                self._left_out[state] = left_out
            run = self._seen(state, answer, caches, before)
            if state == "failing" and not begun.has_failed():
                raise self._failure(transparency.never_failed(self._name, self._left_out.get(state, {})))
            if not any(use.is_used for use in run.used.values()):
                elsewhere = self._totals(self._case.caches) != outside
                names = self._names or tuple(self._case.caches)
                raise self._failure(transparency.not_used(self._name, run, names, elsewhere=elsewhere))
            if state == "warm" and not self._has_hit(caches):
                raise self._failure(transparency.never_hit(self._name, run))
        return run

    def _seen(
        self, state: str, answer: Answer, caches: MockCaches, before: Mapping[str, tuple[int, int]]
    ) -> Run:
        """Return the run of *answer*, in whose scope there were so many operations *before*."""
        from .._telling.freshness import Use
        from .._telling.transparency import Run

        now = self._totals(caches)
        used: dict[str, Use] = {}
        operations: list[Operation] = []
        for cache in self._chosen(caches):
            skipped = before.get(cache.name, (0, 0))
            used[cache.name] = Use(caches.history_of(cache), skipped[0], now[cache.name] != skipped)
            start = max(0, skipped[0] - cache.operations.dropped)
            operations += cache.operations[start:]
        return Run(state, answer, used, sorted(operations, key=lambda each: each.number))

    def _try_again(self, first: Run, kept: _Kept) -> Generator[Callable[[], Any], Any, None]:
        """Fail if the first state gives another answer when it is tried again."""
        from .._telling import transparency

        again = yield from self._run(first.state)
        if again is not None and not kept.is_same(again.answer, self._equal, self._name):
            where = self._difference(kept.answer, again.answer)
            text = transparency.not_the_same(self._name, kept.answer, again.answer, first.state, where)
            raise self._failure(text)

    def _chosen(self, caches: MockCaches) -> list[MockCache]:
        return [caches[name] for name in self._names] or list(caches.values())

    def _totals(self, caches: MockCaches) -> dict[str, tuple[int, int]]:
        return {cache.name: (cache.operations.total, sum(cache.counts())) for cache in self._chosen(caches)}

    def _has_hit(self, caches: MockCaches) -> bool:
        known = [cache for cache in self._chosen(caches) if "hits" not in cache.unavailable]
        return not known or any(cache.num_get_hit > cache.num_refusal for cache in known)

    def _difference(self, one: Answer, other: Answer) -> Difference | None:
        """Return in which part two answers differ; None where only ``equal`` knows."""
        if one.error is not None or other.error is not None:
            return None
        try:
            return difference(one.value, other.value)
        except NotComparableError:
            return None

    def _failure(self, text: str) -> AssertionError:
        return self._case._fail_with(self._msg, text)
