"""One flight of callers at once, and what is said of it."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from .._behaving.callers import is_to_be_awaited, why_no_threads
from .._behaving.flight_of_threads import ThreadFlight
from .._behaving.load_calls import Watched, code_of
from .._recording.answers import NotComparableError, Results
from .._recording.call_sites import calling_frame, location_of
from .._recording.sameness import identity
from ..errors import CacheTestError
from .apart import are_same, name_of
from .driving import Closable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from .._behaving.flight import Flight
    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches
    from .._telling.freshness import Answer

__all__ = ["FlightCheck", "in_force", "where_of_frames", "where_of_task"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True
__tracebackhide__ = True


class _InTasks(Closable):
    """What is to be awaited for the callers to be tasks; *first* is what the first call has returned."""

    def __init__(self, check: FlightCheck, first: Any) -> None:
        self._check = check
        self._first = first

    def close(self) -> None:
        close = getattr(self._first, "close", None)
        if close is not None:
            close()

    def __await__(self) -> Generator[Any, None, Flight]:
        return self._check.fly_in_tasks(self._first).__await__()


class FlightCheck:
    """One assertion: the calls, and what came of them."""

    def __init__(
        self,
        case: Any,
        cache: MockCache,
        function: Callable[[], Any],
        callers: int,
        processes: bool,
        load: object,
        loads: int,
        patience: float,
        equal: Callable[[Any, Any], object],
        msg: object,
    ) -> None:
        self._case = case
        self._cache = cache
        self._function = function
        self._callers = callers
        if processes:
            from .flown_apart import refuse_apart

            refuse_apart(cache)
        self._are_processes = processes
        self._loads = loads
        self._patience = patience
        self._equal = equal
        self._msg = msg
        self._name = name_of(function, "the function")
        self.results: Results[Any] = Results()
        # Where operations can't be known, its library calls a function that can.
        unseen = cache.unavailable.get("operations")
        loader = None if unseen is None else getattr(cache.explainer, "loader", lambda _: None)(cache)
        if unseen is not None and loader is None and load is None:
            raise ValueError(f"the loads of cache {cache.name!r} can't be known: {unseen}; give load=")
        self._code = None if load is None and loader is None else code_of(load or loader)
        self._by_arguments = unseen is not None
        self._load_name = "" if self._code is None else f"{self._code.co_name}()"

    def steps(self) -> Generator[Callable[[], Any], Any, Results[Any]]:
        """Yield what is to be called; the flight is sent."""
        flight, is_ended, answers, waiting = yield self._fly_apart if self._are_processes else self._fly
        self._judge(flight, is_ended, answers, waiting)
        self.results = Results(answers[number].value for number in sorted(answers))
        self.results.waited_out = flight.waited_out
        return self.results

    def begin(self, kind: Any, **more: Any) -> Any:
        """Return a flight of a *kind*, which is told *more*."""
        watched = flight = None
        if self._code is not None:
            watched = Watched(self._code, lambda frame: flight.load(frame))  # type: ignore[attr-defined]
        flight = kind(
            self._cache.name,
            self._callers,
            self._patience,
            watched,
            by_calls=self._code is not None,
            by_arguments=self._by_arguments,
            **more,
        )
        return flight

    def _fly(self) -> Any:
        from .._telling.flights import frames_line
        from .._telling.freshness import Answer

        refuse_greenlets("assertCacheSingleFlight")
        flight = self.begin(ThreadFlight)
        with in_force(self._case.caches, flight):
            is_ended = flight.fly(self._function)
        first = flight.threads[0].value
        if len(flight.threads) == 1 and is_to_be_awaited(first):
            return _InTasks(self, first)
        answers = {each.number: Answer(each.value, each.error) for each in flight.threads}
        waiting = [frames_line(number, where_of_frames(frames)) for number, frames in flight.stuck()]
        return flight, is_ended, answers, waiting

    def _fly_apart(self) -> Any:
        from .flown_apart import fly_apart

        refuse_greenlets("assertCacheSingleFlight")
        return fly_apart(self, self._case.caches, self._function, in_force)

    async def fly_in_tasks(self, first: Any) -> Any:
        """Have the callers be tasks; the function is called anew in each."""
        from .._behaving.flight_of_tasks import TaskFlight
        from .._telling.flights import frames_line
        from .._telling.freshness import Answer

        flight = self.begin(TaskFlight)
        rest = [] if hasattr(first, "close") else [first]
        if not rest:
            first.close()
        with in_force(self._case.caches, flight):
            is_ended = await flight.fly(lambda: rest.pop() if rest else self._function())
        answers = {}
        waiting = []
        for number, task in enumerate(flight.tasks, 1):
            if not task.done() or task.cancelled():
                answers[number] = Answer()
                waiting.append(frames_line(number, where_of_task(task)))
            else:
                error = task.exception()
                answers[number] = Answer(None if error else task.result(), error)
        return flight, is_ended, answers, waiting

    def _judge(self, flight: Any, is_ended: bool, answers: dict[int, Answer], waiting: Sequence[str]) -> None:
        from .._telling import flights

        if not is_ended:
            raise self._failure(flights.stuck(self._name, flight, waiting, self._patience))
        for answer in answers.values():
            error: BaseException | None = answer.error
            own = (self._case.failureException, SkipTest, CacheTestError)
            if error is not None and (isinstance(error, own) or not isinstance(error, Exception)):
                raise error
        if not flight.events and not flight.by_calls:
            used = [each.name for each in self._case.caches.values() if each.operations.total]
            raise self._failure(flights.not_used(self._name, self._cache.name, used))
        counted: Counter[object] = Counter(identity(each.key) for each in flight.loads)
        keys = {identity(each.key): each.key for each in flight.loads}
        too_many = [(keys[at], count) for at, count in counted.most_common() if count > self._loads]
        if too_many:
            text = flights.too_many_loads(self._name, flight, too_many, self._loads, by_load=self._load_name)
            raise self._failure(text)
        errors = [each.error for each in answers.values() if each.error is not None]
        if len(errors) == len(answers):
            raise errors[0]
        self._compare(flight, answers)
        if not flight.loads:
            raise self._failure(flights.no_loads(self._name, flight, self._load_name))

    def _compare(self, flight: Any, answers: dict[int, Answer]) -> None:
        from .._telling import flights

        for number in range(2, self._callers + 1):
            try:
                is_same = are_same(self._equal, answers[1], answers[number])
            except NotComparableError:
                # Objects that Python compares by identity alone: what differs can't be told.
                is_same = type(answers[1].value) is type(answers[number].value)
            if not is_same:
                raise self._failure(flights.differing_results(self._name, flight, answers, 1, number))

    def _failure(self, text: str) -> AssertionError:
        failure: AssertionError = self._case._fail_with(self._msg, text)
        return failure


def refuse_greenlets(name: str) -> None:
    """Raise a ``RuntimeError`` for the assertion *name* where no callers can be threads."""
    why = why_no_threads()
    if why:
        raise RuntimeError(f"{name} can't be made: {why}")


@contextmanager
def in_force(caches: MockCaches, flight: Any) -> Iterator[None]:
    """Have *flight* be in force, and its load be seen, in the block."""

    def end() -> None:
        flight.end()
        caches._end(flight)
        if flight.watched is not None:
            flight.watched.stop()

    # Twice: an interrupt may come as the first begins.
    try:
        try:
            if flight.watched is not None:
                flight.watched.start()
            caches._begin(flight)
            yield
        finally:
            end()
    finally:
        end()


def where_of_frames(frames: Sequence[Any]) -> str:
    found = calling_frame(frames[0])
    return str(location_of(found.f_code, found.f_lasti))


def where_of_task(task: Any) -> str:
    coroutine = task.get_coro()
    while getattr(coroutine, "cr_await", None) is not None and hasattr(coroutine.cr_await, "cr_frame"):
        coroutine = coroutine.cr_await
    frame = getattr(coroutine, "cr_frame", None)
    return "its end" if frame is None else where_of_frames([frame])
