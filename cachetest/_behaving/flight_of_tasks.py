"""Callers in tasks: who has missed does not go on before all have looked up, or nothing else can go on.

A put without an await before it can't be held, and is not: what does that is done at once.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

from .driven import Driven, TaskFactory
from .flight import Flight, flying
from .load_calls import Profile
from .quiet_loop import QuietLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Context

    from .load_calls import Watched

__all__ = ["TaskFlight"]

_LOOKS = 20
_MORE, _LEAST = 12, 60.0


class TaskFlight(Flight):
    """A flight of tasks; `fly` has them call, and lets go of those that are held."""

    def __init__(
        self, cache: str, callers: int, patience: float, watched: Watched | None = None, **more: Any
    ) -> None:
        """Have so many *callers*; see `Flight` for the rest."""
        super().__init__(cache, callers, **more)
        self.patience = patience
        self.watched = watched
        self.waited_out = False
        self.tasks: list[asyncio.Task[Any]] = []
        self._held: list[tuple[object, asyncio.Future[None]]] = []

    async def fly(self, function: Callable[[], Any]) -> bool:
        """Have *function* called in each task; return whether all have come to their end."""
        loop = asyncio.get_running_loop()
        quiet = QuietLoop(loop, self._is_ours)
        factory = TaskFactory(loop, self._pause_of_task)
        profile = Profile(self.watched)
        try:
            quiet.start()
            factory.set()
            profile.start()
            for number in range(1, self.callers + 1):
                # Made by asyncio itself, and driven by `_call`.
                self.tasks.append(asyncio.ensure_future(self._call(number, function)))
            return await self._go_on(quiet)
        finally:
            self.is_over = True
            profile.stop()
            factory.put_back()
            quiet.stop()
            for _, future in self._held:
                if not future.done():
                    future.set_result(None)
            await self._end_tasks()

    async def _end_tasks(self) -> None:
        left = [each for each in self.tasks if not each.done()]
        for each in left:
            each.cancel()
        if left:
            await asyncio.wait(left, timeout=self.patience)

    def _pause_of_task(self) -> Callable[[], Awaitable[None] | None] | None:
        found = flying.get()
        return self.pause if found is not None and found[0] is self else None

    def _is_ours(self, context: Context) -> bool:
        found = context.get(flying)
        return found is not None and found[0] is self

    async def _call(self, number: int, function: Callable[[], Any]) -> Any:
        flying.set((self, number))
        try:
            return await Driven(function(), self.pause)
        finally:
            self.done.add(number)

    def pause(self) -> Awaitable[None] | None:
        """Return what the caller that runs has to wait for before it goes on, if for anything."""
        who = self.who()
        if self.is_over or not self.has_missed(who):
            return None
        key = self.last_missed(who)
        if self.all_have_looked_up(key):
            return None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.append((key, future))
        return future

    async def _go_on(self, quiet: QuietLoop) -> bool:
        seen = 0
        news: object = None
        since, looks = monotonic(), 0
        while len(self.done) < self.callers:
            if self.news() != news:
                news, since, looks = self.news(), monotonic(), 0
            if len(self.events) != seen:
                seen = len(self.events)
                quiet.forget()
            is_quiet = await quiet.look()
            looks += 1
            self._held = [each for each in self._held if not each[1].done()]
            passed = monotonic() - since
            is_over = passed > self.patience and looks > self.patience * _LOOKS
            ready = [each for each in self._held if self.all_have_looked_up(each[0])]
            if ready:
                ready[0][1].set_result(None)
            elif self._held and (is_quiet or is_over):
                self.waited_out |= not is_quiet
                self._held[-1][1].set_result(None)
                since, looks = monotonic(), 0
            elif is_over and (is_quiet or passed > max(_MORE * self.patience, _LEAST)):
                return False
            elif is_quiet:
                # It waits for what comes from outside, or for nothing at all.
                await asyncio.sleep(0.001)
        return True
