"""The runs of `assertCacheAtomic`, one for each order, and what is said of them."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from itertools import permutations
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from .._behaving.callers import frames_of, is_to_be_awaited
from .._behaving.load_calls import Watched, code_of
from .._behaving.orders import ByPrefix, NotThereError, One, Orders, numbers_of
from .._behaving.turns import ThreadTurns
from .._recording.call_sites import calling_location
from ..errors import CacheTestError, CacheTestWarning
from .apart import alike, alike_errors, name_of, scope_apart
from .driving import Closable
from .flown import in_force, refuse_greenlets, where_of_frames, where_of_task

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches
    from .._telling.freshness import Answer
    from .._telling.orders import Outcome

    Runs = Generator[ByPrefix, Any, None]

__all__ = ["AtomicCheck"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True
__tracebackhide__ = True

_LABEL = "an order of assertCacheAtomic"


class _InTasks(Closable):
    """What is to be awaited for the callers to be tasks; *first* is what the first call has returned."""

    def __init__(self, check: AtomicCheck, first: Any) -> None:
        self._check = check
        self._first = first

    def close(self) -> None:
        close = getattr(self._first, "close", None)
        if close is not None:
            close()

    def __await__(self) -> Generator[Any, None, None]:
        self.close()
        return self._check.run_in_tasks().__await__()


class AtomicCheck:
    """One assertion: the orders, and what each came to."""

    def __init__(
        self,
        case: Any,
        cache: MockCache,
        function: Callable[[], Any],
        callers: int,
        load: object,
        most: int,
        order: str | None,
        reset: Callable[[], object] | None,
        msg: object,
    ) -> None:
        self._case = case
        self._cache = cache.name
        self._function = function
        self._callers = callers
        self._code = None if load is None else code_of(load)
        self._most = most
        self._order = order
        self._reset = reset
        self._msg = msg
        self._name = name_of(function, "the function")

    def steps(self) -> Generator[Callable[[], Any], Any, None]:
        """Yield what is to be called."""
        yield self._run_on_threads

    def _run_on_threads(self) -> Any:
        refuse_greenlets("assertCacheAtomic")
        runs = self._runs()
        choose = next(runs)
        try:
            while True:
                found = self._run(choose)
                if isinstance(found, _InTasks):
                    return found
                choose = runs.send(found)
        except StopIteration:
            return None
        finally:
            runs.close()

    async def run_in_tasks(self) -> None:
        """Do what there is to do, with callers that are tasks."""
        runs = self._runs()
        choose = next(runs)
        try:
            while True:
                choose = runs.send(await self._run_tasks(choose))
        except StopIteration:
            return
        finally:
            runs.close()

    def _runs(self) -> Runs:
        """Yield the orders to run; what each came to is sent."""
        from .._telling import orders as told

        serial: list[Outcome] = []
        first = None
        for order in permutations(range(1, self._callers + 1)):
            chosen = One(order)
            outcome = yield chosen
            if first is None:
                first = outcome
                self._refuse_unused(outcome)
                again = yield One(order)
                if not self._is_same(outcome, again):
                    raise self._failure(told.not_the_same(self._name, self._cache, outcome, again))
            if chosen.is_serial:
                serial.append(outcome)
        if not serial:
            raise self._failure(told.no_serial(self._name))
        errors = [each.error for each in serial[0].answers]
        if all(each is not None for each in errors) and errors[0] is not None:
            raise errors[0]
        if self._order is not None:
            yield from self._replay(self._order, serial)
        else:
            yield from self._all_orders(serial)

    def _replay(self, order: str, serial: Sequence[Outcome]) -> Runs:
        from .._telling import orders as told

        outcome = yield ByPrefix(numbers_of(order))
        if isinstance(outcome, NotThereError):
            raise self._not_there(outcome)
        if len(outcome.path) < len(order):
            step = len(outcome.path) + 1
            who = numbers_of(order)[step - 1]
            raise self._failure(told.not_that_program(self._name, order, step, who, ()))
        if not any(self._is_same(outcome, each) for each in serial):
            text = told.not_serial(self._name, self._cache, outcome, serial, (1, 1, True), is_replay=True)
            raise self._failure(text)

    def _all_orders(self, serial: Sequence[Outcome]) -> Runs:
        from .._telling import orders as told

        left = Orders()
        wrong: Outcome | None = None
        tried = failing = 0
        while left and tried < self._most:
            chosen = left.next()
            tried += 1
            outcome = yield chosen
            if isinstance(outcome, NotThereError):
                # Of two that wait for a lock either may get it: it was the other one this time.
                continue
            left.ran(chosen)
            if not any(self._is_same(outcome, each) for each in serial):
                failing += 1
                wrong = wrong or outcome
        if wrong is not None:
            counts = failing, tried, not left
            raise self._failure(
                told.not_serial(self._name, self._cache, wrong, serial, counts, is_replay=False)
            )
        if left:
            self._warn(tried)

    def _warn(self, tried: int) -> None:
        where = calling_location()
        text = (
            f"assertCacheAtomic of {self._name} has tried {tried:,} orders, those with the fewest switches, "
            "and there are more: give most="
        )
        warnings.warn_explicit(text, CacheTestWarning, where.filename, where.lineno)

    def _refuse_unused(self, outcome: Outcome) -> None:
        from .._telling import orders as told

        if not any(each.number is not None for each in outcome.turns.events):
            used = sorted(outcome.turns.used_elsewhere)
            raise self._failure(told.not_used(self._name, self._cache, used))

    def _is_same(self, one: Outcome, other: Outcome) -> bool:
        return alike(one.entries, other.entries) and all(
            alike(mine.value, its.value) and alike_errors(mine.error, its.error)
            for mine, its in zip(one.answers, other.answers, strict=True)
        )

    def _begin(self, kind: Any) -> Any:
        turns: Any = None
        watched = None
        if self._code is not None:
            watched = Watched(
                self._code, lambda frame: turns.begin_load(frame), lambda frame: turns.end_load(frame)
            )
        turns = kind(self._cache, self._callers, watched, by_calls=watched is not None)
        return turns

    @contextmanager
    def _scope(self) -> Iterator[MockCaches]:
        """Open a scope that begins with the entries of the test, with the rest of the program put back."""
        if self._reset is not None:
            self._reset()
        with scope_apart(self._case, _LABEL, origin=self._case._session.scope) as scope:
            yield scope.caches

    def _run(self, choose: ByPrefix) -> Any:
        turns = self._begin(ThreadTurns)
        with self._scope() as caches:
            with in_force(caches, turns):
                try:
                    order = choose.order if isinstance(choose, One) else ()
                    is_ended = turns.run(self._function, choose, order)
                except NotThereError as error:
                    return error
                waiting = [
                    (number, where_of_frames(frames))
                    for number, frames in ([] if is_ended else frames_of(turns.threads, turns.done))
                ]
            if len(turns.threads) == 1 and is_to_be_awaited(turns.threads[0].value):
                return _InTasks(self, turns.threads[0].value)
            answers = [self._answer(each.value, each.error) for each in turns.threads]
            return self._outcome(turns, answers, waiting, choose, caches, is_ended=is_ended)

    async def _run_tasks(self, choose: ByPrefix) -> Outcome | NotThereError:
        from .._behaving.turns_of_tasks import TaskTurns

        turns = self._begin(TaskTurns)
        with self._scope() as caches:
            with in_force(caches, turns):
                try:
                    is_ended = await turns.run(self._function, choose)
                except NotThereError as error:
                    return error
            waiting, answers = [], []
            for number, task in enumerate(turns.tasks, 1):
                if not task.done() or task.cancelled():
                    waiting.append((number, where_of_task(task)))
                    answers.append(self._answer(None, None))
                else:
                    raised = task.exception()
                    answers.append(self._answer(None if raised else task.result(), raised))
            return self._outcome(turns, answers, waiting, choose, caches, is_ended=is_ended)

    def _not_there(self, error: NotThereError) -> AssertionError:
        from .._telling import orders as told

        text = told.not_that_program(self._name, self._order or "", error.step, error.who, error.able)
        return self._failure(text)

    def _answer(self, value: Any, error: BaseException | None) -> Answer:
        from .._telling.freshness import Answer

        own = (self._case.failureException, SkipTest, CacheTestError)
        if error is not None and (isinstance(error, own) or not isinstance(error, Exception)):
            raise error
        return Answer(value, error)

    def _outcome(
        self,
        turns: Any,
        answers: Sequence[Answer],
        waiting: Sequence[tuple[int, str]],
        choose: ByPrefix,
        caches: MockCaches,
        *,
        is_ended: bool,
    ) -> Outcome:
        from .._telling import orders as told

        cache = caches.ensure(self._cache)
        turns.used_elsewhere = {each.name for each in caches.values() if each.operations.total}
        outcome = told.Outcome(answers, dict(cache.cache), turns, choose.path)
        if not is_ended and isinstance(choose, One) and turns.is_deadlock:
            raise self._failure(told.no_serial(self._name))
        if not is_ended:
            raise self._failure(told.deadlock(self._name, outcome, waiting))
        return outcome

    def _failure(self, text: str) -> AssertionError:
        failure: AssertionError = self._case._fail_with(self._msg, text)
        return failure
