"""`guard`: while it lasts, whatever would leave the process outside any scope is an error."""

from __future__ import annotations

import os
import sys
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from .._caches.attribution import scope_of_caller
from .._caches.scope import open_scopes
from .._recording.call_sites import Location, calling_frame, location_of, this_thread
from ..adapters.guarding import LEAVING
from ..adapters.registry import get_adapter, known_adapters, validate_adapter, validate_name
from ..errors import GuardError, NotPatchedError
from .guard_allow import Allow, is_place
from .patch_caches import again_if_interrupted
from .watched_functions import Watcher, begin_watching, end_watching, watchers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from typing_extensions import Self

    from .._caches.scope import Scope
    from .._recording.makers import SavedFrame
    from ..adapters.base import Adapter
    from ..adapters.guarding import GuardPoint

__all__ = ["guard", "start_from_environment"]

_LIBRARIES = frozenset(
    {
        *(
            "redis",
            "fakeredis",
            "valkey",
            "pymemcache",
            "django",
            "asgiref",
            "dogpile",
            "cachetools",
            "torch",
        ),
        *("triton", "functorch", "cachelib", "django_redis", "aiocache", "async_timeout"),
    }
)
_KEPT = 100


class guard:  # noqa: N801
    """A context manager: outside any scope, nothing leaves the process by a library that cachetest serves.

    A connection, a command, or a file of a cache that would be read or written there raises a `GuardError`,
    which names the line and the remedy. Without *adapters* that holds for all libraries that cachetest
    serves, those too that are imported later; else for those of the *adapters*, or names of adapters, given.
    Caches inside the process are guarded only where an adapter names them:
    ``guard(Cachetools(prices=cache))``. What *allow* names is let through: a server ``"localhost:6379"``, the
    path of a file, a folder or a socket, or an adapter's name for all that its library does.

    It holds for the whole process, on every thread. Of several guards, the newest that has something to say
    of a call decides. ``start()`` and ``stop()`` do what entering and leaving do.
    """

    def __init__(self, *adapters: str | Adapter, allow: Iterable[str | os.PathLike[str]] = ()) -> None:
        """Check the arguments; nothing is guarded yet.

        Raises `UnknownAdapterError` for a name of no adapter, and ``TypeError`` for an adapter that can't be
        guarded, and for what is no adapter at all; for *allow*, ``TypeError`` or ``ValueError``.
        """
        self._points = _points_of(adapters)
        self._allow = Allow(allow)
        self._started: list[_Entry] = []
        self._refused: deque[str] = deque(maxlen=_KEPT)

    @property
    def refused(self) -> tuple[str, ...]:
        """The texts of its errors, the oldest first, at most the newest 100.

        A library that was told to ignore errors ignores these as well; here they are.
        """
        return tuple(self._refused)

    def start(self) -> Self:
        """Begin to guard; what goes on inside a call at that moment is not stopped."""
        entry = _Entry(self._points, self._allow, self._refused)
        try:
            self._started.append(entry)
            begin_watching(entry, _check)
            return self
        except BaseException:
            again_if_interrupted(partial(self._end, entry))
            raise

    def stop(self) -> None:
        """End what the latest `start` has begun, and put back what was replaced.

        Raises `NotPatchedError` when nothing was begun.
        """
        again_if_interrupted(partial(self._stop, []))

    def _stop(self, stopping: list[_Entry]) -> None:
        """End the latest stay, which *stopping* gets: an interrupted one is ended again, and no other."""
        if not stopping:
            if not self._started:
                raise NotPatchedError("this guard was stopped without having been started")
            stopping.append(self._started[-1])
        self._end(stopping[0])

    def _end(self, entry: _Entry) -> None:
        end_watching(entry)
        self._started = [each for each in self._started if each is not entry]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        again_if_interrupted(partial(self._stop, []))


class _Entry(Watcher):
    """One stay in a guard."""

    def __init__(self, points: Iterable[tuple[str, GuardPoint]], allow: Allow, refused: deque[str]) -> None:
        super().__init__(points)
        self.allow = allow
        self.refused = refused


def _points_of(adapters: Iterable[str | Adapter]) -> list[tuple[str, GuardPoint]]:
    """Return the functions to watch, each with the name of its adapter."""
    if adapters == ():
        return [(name, point) for name, points in LEAVING.items() for point in points]
    found: list[tuple[str, GuardPoint]] = []
    for each in adapters:
        if isinstance(each, str):
            validate_name(each)
            known = known_adapters.get(each)
            # By its name an adapter stands for what leaves the process, and needs no library for that;
            # Django's caches inside the process are named by its settings.
            if known is not None and each in LEAVING and each != "django":
                found += [(each, point) for point in LEAVING[each]]
                continue
        adapter = get_adapter(each) if isinstance(each, str) else validate_adapter(each)
        found += [(adapter.name, point) for point in adapter.guard_points()]
    return found


def _check(key: tuple[object, str], function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise `GuardError` where a call to *function* leaves the process outside any scope, and may not."""
    scope = scope_of_caller()
    # That of one of several tests, whichever it is, is inside a scope.
    if (scope is None and open_scopes()) or (scope is not None and not scope.closed):
        return
    frame = sys._getframe()
    caller = calling_frame(frame, _LIBRARIES)
    newer: list[_Entry] = []
    for entry in reversed(watchers()):
        if not isinstance(entry, _Entry):
            continue
        newer.append(entry)
        for adapter, point in entry.rules.get(key, ()):
            place = point.place(function, *args, **kwargs)
            if place is None:
                continue
            names = {adapter, *_adapters_between(frame, caller)}
            if any(each.allow.lets_through(names, place) for each in newer):
                return
            text = _describe(adapter, place, location_of(caller.f_code, caller.f_lasti), scope)
            entry.refused.append(text)
            raise GuardError(text)


# The package by which each adapter's library is known on the stack.
_PACKAGES = {
    **{name: name for name in ("redis", "pymemcache", "django", "dogpile", "cachetools")},
    "torch": "inductor",
}


def _adapters_between(frame: FrameType | None, caller: FrameType | SavedFrame) -> Iterable[str]:
    """Yield the adapters of the libraries by which *caller* came here, one inside the other."""
    while frame is not None and frame is not caller:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package in _PACKAGES:
            yield _PACKAGES[package]
        frame = frame.f_back


def _describe(adapter: str, place: str, where: Location, scope: Scope | None) -> str:
    name = this_thread.name
    thread = "" if name == "MainThread" else f", on thread {name!r}"
    if scope is not None:
        return (
            f"{adapter}: {place} was to be used after {scope.label} has ended, by what it left running, at "
            f"{where}{thread}. End it in the test: join the thread, await the task, shut the pool down"
        )
    text = (
        f"{adapter}: {place} was to be used outside any test, at {where}{thread}. Use it in a test or in a "
        "`with PatchCaches()` block that patches it"
    )
    let = place if is_place(place) else adapter if adapter in known_adapters else None
    return text if let is None else f"{text}, or let it through: guard(allow=({let!r},))"


def start_from_environment() -> None:
    """Start the guard that ``CACHETEST_GUARD=1`` asks for; it lasts as long as the process.

    Raises ``ValueError`` for another value.
    """
    value = os.environ.get("CACHETEST_GUARD")
    if value != "1":
        raise ValueError(f"CACHETEST_GUARD={value!r} in the environment: expected 1 or 0")
    import atexit

    atexit.register(_tell_refused, guard().start())


def _tell_refused(started: guard) -> None:
    """Write to stderr what *started* has refused: a library may have ignored the errors."""
    if started.refused:
        first, *others = started.refused
        more = f", and {len(others)} more" if others else ""
        print(f"cachetest: CACHETEST_GUARD refused: {first}{more}", file=sys.stderr)
