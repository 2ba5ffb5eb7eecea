"""Callers in tasks that take turns: where they suspend, having asked a cache for something."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

from .driven import Driven, TaskFactory
from .flight import flying
from .load_calls import Profile
from .quiet_loop import QuietLoop
from .turns import MOST_STEPS, Steps, is_step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextvars import Context

    from .call import Call
    from .load_calls import Watched

__all__ = ["TaskTurns"]

_LONGEST_STEP = 60.0
_PATIENCE = 5.0


class TaskTurns(Steps):
    """Turns of tasks; `run` gives them, to whom *choose* says."""

    def __init__(self, cache: str, callers: int, watched: Watched | None = None, **more: Any) -> None:
        """Have so many *callers*; see `Flight` for the rest."""
        super().__init__(cache, callers, **more)
        self.watched = watched
        self.tasks: list[asyncio.Task[Any]] = []
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        # Who has done something since its last turn began.
        self._has_done: set[int] = set()

    def __call__(self, call: Call, proceed: Callable[[], Any]) -> Any:
        who = self.who()
        if isinstance(who, int) and is_step(call):
            self._has_done.add(who)
        return super().__call__(call, proceed)

    def note(self, who: Any, call: Call, number: int) -> None:
        if isinstance(who, int):
            super().note(who, call, number)

    async def run(self, function: Callable[[], Any], choose: Callable[[Sequence[int]], int]) -> bool:
        """Have *function* called by all; return whether they came to their end."""
        loop = asyncio.get_running_loop()
        quiet = QuietLoop(loop, self._is_ours)
        factory = TaskFactory(loop, self._pause_of_task)
        profile = Profile(self.watched)
        try:
            quiet.start()
            factory.set()
            profile.start()
            for number in range(1, self.callers + 1):
                self.tasks.append(asyncio.ensure_future(self._call(number, function)))
            return await self._take_turns(quiet, choose)
        finally:
            self.is_over = True
            profile.stop()
            factory.put_back()
            quiet.stop()
            await self._end()

    async def _end(self) -> None:
        left = [each for each in self.tasks if not each.done()]
        for each in left:
            each.cancel()
        if left:
            await asyncio.wait(left, timeout=_PATIENCE)

    def _is_ours(self, context: Context) -> bool:
        found = context.get(flying)
        return found is not None and found[0] is self

    def _pause_of_task(self) -> Callable[[], Awaitable[None] | None] | None:
        found = flying.get()
        return self.pause if found is not None and found[0] is self else None

    async def _call(self, number: int, function: Callable[[], Any]) -> Any:
        flying.set((self, number))
        try:
            await self._turn(number)
            return await Driven(function(), self.pause)
        finally:
            self.done.add(number)

    def pause(self) -> Awaitable[None] | None:
        """Return what the caller that runs has to wait for before it goes on, if for anything."""
        who = self.who()
        if self.is_over or not isinstance(who, int) or who not in self._has_done:
            return None
        return self._turn(who)

    def _turn(self, who: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, []).append(future)
        return future

    async def _take_turns(self, quiet: QuietLoop, choose: Callable[[Sequence[int]], int]) -> bool:
        while True:
            if not await self._settle(quiet):
                return False
            if len(self.done) == self.callers:
                return True
            able = sorted(self._waiting)
            if not able:
                self.is_deadlock = True
                return False
            if self.step >= MOST_STEPS:
                self.why_stuck = f"they have made {MOST_STEPS:,} steps"
                return False
            who = choose(able)
            futures = self._waiting[who]
            future = futures.pop(0)
            if not futures:
                del self._waiting[who]
            self._has_done.discard(who)
            self.step += 1
            if not future.done():
                future.set_result(None)

    async def _settle(self, quiet: QuietLoop) -> bool:
        since = monotonic()
        while not await quiet.look():
            if monotonic() - since > _LONGEST_STEP:
                self.why_stuck = f"one goes on for {_LONGEST_STEP:g} s without a call to a cache"
                return False
        return True
