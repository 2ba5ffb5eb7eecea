"""How work that is handed to threads from before is marked: pools, executors, queues, schedulers, finalizers.

A worker keeps the mark of the test that made the pool start it, and that test may have ended. So the work
itself is bound to the scope of whoever hands it over. Each function here wraps one method by which it is.
"""

from __future__ import annotations

import functools
import sys
from collections import deque
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from .attribution import bind_to_scope, scope_to_hand_on
from .scope import mark, spawned_by
from .task_hooks import LOOP_HOOKS
from .threads import current_thread_or_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .scope import Scope
    from .threads import ThreadOrTask

    Method = Callable[..., Any]

__all__ = [
    "METHODS",
    "MethodToHook",
    "hooks_in",
    "owner_of",
    "wrap_own_submit",
]


class MethodToHook(NamedTuple):
    """A method of the class *cls*, and what wraps it."""

    cls: str
    name: str
    wrap: Callable[[Method], Method]


def owner_of(module: str, method: MethodToHook) -> type | None:
    """Return the class in *module* that defines *method*; None before the module has been loaded."""
    found = getattr(sys.modules.get(module), method.cls, None)
    # The name may stand for a mock, a function or a subclass by now, or for gevent's class, which is of C.
    bases = found.__mro__ if isinstance(found, type) else ()
    return next((each for each in bases if method.name in vars(each) and each.__module__ == module), None)


class _Work:
    """A function that belongs to a scope; one that is pickled, for another process, is itself again.

    What is a *job*, and sure to be done, has the patches of the scope held: until it is done where it is done
    *once*, and else for as long as anybody can do it.
    """

    __slots__ = ("__wrapped__", "_bound")

    def __init__(self, function: Method, *, job: bool = False, once: bool = True) -> None:
        self.__wrapped__ = function
        self._bound = bind_to_scope(
            scope_to_hand_on(), function, function if job else None, once=once, job=job
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._bound(*args, **kwargs)

    def __reduce__(self) -> Any:
        return functools.partial, (self.__wrapped__,)

    # A program may look for its function in what it has scheduled, or in a finalizer.

    def __eq__(self, other: object) -> bool:
        return bool(self.__wrapped__ == getattr(other, "__wrapped__", other))

    def __hash__(self) -> int:
        return hash(self.__wrapped__)


def wrap_own_submit(submit: Method) -> Method:
    def marking_submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        return submit(self, _Work(fn, job=True) if callable(fn) else fn, *args, **kwargs)

    return marking_submit


# multiprocessing.pool: its callbacks run on a thread of the pool, and so does what makes the arguments of an
# imap. Work for another process stays as it is.


def _is_of_threads(pool: object) -> bool:
    return isinstance(pool, sys.modules["multiprocessing.pool"].ThreadPool)


def _work_for(pool: object, func: Any, *, once: bool = False) -> Any:
    return _Work(func, job=True, once=once) if callable(func) and _is_of_threads(pool) else func


def _wrap_apply_async(apply_async: Method) -> Method:
    def marking_apply_async(
        self: Any,
        func: Any,
        args: Any = (),
        kwds: Any = {},  # noqa: B006 (as the library has it; never changed)
        callback: Any = None,
        error_callback: Any = None,
    ) -> Any:
        return apply_async(
            self, _work_for(self, func, once=True), args, kwds, _callback(callback), _callback(error_callback)
        )

    return marking_apply_async


def _callback(function: Any) -> Any:
    return _Work(function) if callable(function) else function


def _wrap_map_async(map_async: Method) -> Method:
    def marking_map_async(
        self: Any,
        func: Any,
        iterable: Any,
        chunksize: Any = None,
        callback: Any = None,
        error_callback: Any = None,
    ) -> Any:
        return map_async(
            self, _work_for(self, func), iterable, chunksize, _callback(callback), _callback(error_callback)
        )

    return marking_map_async


def _wrap_map(map_: Method) -> Method:
    def marking_map(self: Any, func: Any, iterable: Any, chunksize: Any = None) -> Any:
        return map_(self, _work_for(self, func), iterable, chunksize)

    return marking_map


def _wrap_imap(imap: Method) -> Method:
    def marking_imap(self: Any, func: Any, iterable: Any, chunksize: Any = 1) -> Any:
        return imap(self, _work_for(self, func), _Drawn(iterable), chunksize)

    return marking_imap


class _Drawn:
    """An iterable whose next is made as part of the scope of whoever has handed it over."""

    def __init__(self, iterable: Iterable[Any]) -> None:
        scope = scope_to_hand_on()
        self._begin, self._next = bind_to_scope(scope, iter), bind_to_scope(scope, next)
        self._iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        # That it is no iterable is an error of the pool, where it takes the first.
        drawn_from = self._begin(self._iterable)
        end = object()
        while (drawn := self._next(drawn_from, end)) is not end:
            yield drawn


# Queues: a thread that has no scope, or has outlived its own, works for whoever has put what it takes. Other
# kinds of queues than first in, first out are not looked at: most of them hold connections, not work.

_fed: ContextVar[_Feed | None] = ContextVar("cachetest.fed", default=None)
# How often the hooks were put in: what was put before, or taken while they were out, is not known of.
hooks_in = 0


class _Feed(NamedTuple):
    """The scope that has put something into a queue, and the thread or task that did."""

    number: int
    of: int
    scope: Scope | None
    spawner: ThreadOrTask
    before: tuple[Scope | None, ThreadOrTask | None] | None = None


class _Feeds(deque[_Feed]):
    """Those of what a queue holds, in the queue's order."""

    # Whether things come back to it, as connections come to a pool: then whose they were says nothing.
    circulates = False


_FEEDS = "_cachetest_feeds"


def _wrap_put(put: Method) -> Method:
    def feeding_put(self: Any, item: Any) -> None:
        put(self, item)
        feeds: _Feeds = vars(self).setdefault(_FEEDS, _Feeds())
        fed = _fed.get()
        if fed is not None and fed.before is not None and fed.of == id(item):
            feeds.circulates = True
            # It may have opened a scope of its own since.
            if mark.get() is fed.scope:
                _work_for_scope(*fed.before, None)
            else:
                _fed.set(None)
        feeds.append(_Feed(hooks_in, id(item), scope_to_hand_on(), current_thread_or_task()))

    return feeding_put


def _wrap_get(get: Method) -> Method:
    def fed_get(self: Any) -> Any:
        item = get(self)
        feeds: _Feeds = vars(self).get(_FEEDS) or _Feeds()
        while feeds:
            feed = feeds.popleft()
            if feed.number == hooks_in and feed.of == id(item):
                if not feeds.circulates:
                    _take(feed)
                break
        return item

    return fed_get


def _take(feed: _Feed) -> None:
    """Have the calling thread or task work for the scope that has put what it takes, if it may."""
    own = mark.get()
    before = _fed.get()
    if own is None or own.closed or before is not None:
        base = (own, spawned_by.get()) if before is None or before.before is None else before.before
        _work_for_scope(feed.scope, feed.spawner, feed._replace(before=base))


def _work_for_scope(scope: Scope | None, spawner: ThreadOrTask | None, feed: _Feed | None) -> None:
    _fed.set(feed)
    spawned_by.set(spawner)
    mark.set(scope)


def _wrap_enterabs(enterabs: Method) -> Method:
    def marking_enterabs(self: Any, time: Any, priority: Any, action: Any, *args: Any, **kwargs: Any) -> Any:
        return enterabs(self, time, priority, _callback(action), *args, **kwargs)

    return marking_enterabs


def _wrap_finalize(init: Method) -> Method:
    def marking_init(self: Any, obj: Any, func: Any, /, *args: Any, **kwargs: Any) -> None:
        init(self, obj, _callback(func), *args, **kwargs)

    return marking_init


def _wrap_schedule(schedule: Method) -> Method:
    """Mark a greenlet that is to begin: it has a context of its own, which is empty."""

    def marking_schedule(self: Any, seconds: Any, cb: Any, *args: Any, **kwargs: Any) -> Any:
        green, scope = getattr(cb, "__self__", None), scope_to_hand_on()
        if scope is not None and isinstance(green, sys.modules["greenlet"].greenlet):
            is_new = not green and not green.dead
            if is_new and green.gr_context is None:
                green.gr_context = context = Context()
                context.run(mark.set, scope)
                context.run(spawned_by.set, spawned_by.get() or current_thread_or_task())
        return schedule(self, seconds, cb, *args, **kwargs)

    return marking_schedule


METHODS = {
    "asyncio.base_events": tuple(MethodToHook("BaseEventLoop", *each) for each in LOOP_HOOKS.items()),
    "multiprocessing.pool": (
        MethodToHook("Pool", "apply_async", _wrap_apply_async),
        *(MethodToHook("Pool", name, _wrap_map) for name in ("map", "starmap")),
        *(MethodToHook("Pool", name, _wrap_map_async) for name in ("map_async", "starmap_async")),
        *(MethodToHook("Pool", name, _wrap_imap) for name in ("imap", "imap_unordered")),
    ),
    "queue": (MethodToHook("Queue", "_put", _wrap_put), MethodToHook("Queue", "_get", _wrap_get)),
    "asyncio.queues": (MethodToHook("Queue", "_put", _wrap_put), MethodToHook("Queue", "_get", _wrap_get)),
    "sched": (MethodToHook("scheduler", "enterabs", _wrap_enterabs),),
    "weakref": (MethodToHook("finalize", "__init__", _wrap_finalize),),
    "eventlet.hubs.hub": (MethodToHook("BaseHub", "schedule_call_global", _wrap_schedule),),
}
"""The methods to hook, by their modules, which a program need not have loaded."""
