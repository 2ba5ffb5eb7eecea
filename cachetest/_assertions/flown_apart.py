"""One flight of callers at once, each in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._behaving.flight_of_processes import ProcessFlight
from .._recording.packages import NO_LIBRARIES
from .._sharing.client import ask_from
from .._sharing.remote import is_shared
from .._sharing.server import hand_over

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches

__all__ = ["fly_apart", "refuse_apart"]


def refuse_apart(cache: MockCache) -> None:
    """Raise ``ValueError`` for a *cache* that processes can't load into together."""
    from multiprocessing import get_all_start_methods

    if getattr(cache.explainer, "child_support", "ask") == "refuse":
        raise ValueError(f"processes=True: a child process can't use cache {cache.name!r} in a test")
    if not is_shared(cache):
        raise ValueError(
            f"processes=True: the entries of cache {cache.name!r} are of the process, so each process has "
            "its own and loads for itself, whatever the others do. Ask that of a cache which processes share"
        )
    if "fork" not in get_all_start_methods():
        raise RuntimeError("processes=True: its callers are forked, and this system can't fork")


def fly_apart(check: Any, caches: MockCaches, function: Callable[[], Any], in_force: Any) -> Any:
    """Have *function* called in a process for each caller of *check*; return what that is to judge."""
    from .._telling.flights import last_line
    from .._telling.freshness import Answer

    flight = check.begin(ProcessFlight, hand_over=hand_over, ask=_ask)
    with in_force(caches, flight):
        is_ended = flight.fly(function)
    answers = {each.number: Answer(each.value, each.error) for each in flight.threads}
    return flight, is_ended, answers, [last_line(number, last) for number, last in flight.stuck()]


def _ask(frame: FrameType, number: int, what: str) -> Any:
    return ask_from(frame, NO_LIBRARIES, "flight", None, number, what)
