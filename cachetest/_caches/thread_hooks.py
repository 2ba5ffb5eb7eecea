"""The hooks that hand the mark of a scope on to threads, pool workers and callbacks.

Tasks, timers and callbacks of asyncio copy the context of whoever makes them, mark included. Threads and
pools don't, so the methods by which work is handed to them are wrapped while a scope is open: the three here,
and those of `work_hooks`, whose modules a program need not have loaded. Those of event loops are wrapped as
well, for the line alone that is told: `task_hooks` has what wraps them.
"""

from __future__ import annotations

import concurrent.futures.thread
import functools
import sys
import threading
from concurrent.futures._base import Executor, Future
from typing import TYPE_CHECKING, Any

from .attribution import bind_to_scope, scope_to_hand_on
from .import_finders import finders

if TYPE_CHECKING:
    from collections.abc import Callable

    from .scope import Scope

__all__ = ["put_hooks_in", "take_hooks_out"]


class _WrappedMethod:
    """A wrapper around one method, which calls straight through once it is off."""

    def __init__(
        self, owner: type, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> None:
        self.owner = owner
        self.name = name
        self.wrap = wrap
        self.own = vars(owner)
        self.on = False
        # Another tool may have wrapped a hook of ours that it found, and put it back when we were gone.
        found = self.own[name]
        while _is_hook(found):
            found = found.__wrapped__
        self.found = found
        active = wrap(found)

        @functools.wraps(found)
        def hook(*args: Any, **kwargs: Any) -> Any:
            return (active if self.on else found)(*args, **kwargs)

        hook._cachetest_hook = self  # type: ignore[attr-defined]
        self.function = hook


def _is_hook(function: Any) -> bool:
    # functools.wraps gives the wrapper of another tool all the attributes of the hook inside it.
    hook = getattr(function, "_cachetest_hook", None)
    return hook is not None and hook.function is function


def _nothing() -> None: ...


def put_hooks_in(put_others_in: Callable[[], None] = _nothing) -> None:
    """Put in each hook that is not, and then others on top. It may be repeated, one call after the other."""
    if not _made:
        _make_all()
    # Without a loop of Python's: it is asked for before each test.
    if not sys.modules.keys().isdisjoint(_not_loaded):
        _make_for_loaded()
    if not _made[0].on:
        _work_hooks.hooks_in += 1
    # By what is in, not by who came first: the one before may have been interrupted half-way.
    for n, hook in enumerate(_made):
        if not hook.on:
            if hook.own[hook.name] is not hook.found:
                hook = _made[n] = _WrappedMethod(hook.owner, hook.name, hook.wrap)
            setattr(hook.owner, hook.name, hook.function)
            hook.on = True
    executors = sys.modules["concurrent.futures._base"].Executor.__subclasses__()
    threads = _made[1].owner
    processes = getattr(sys.modules.get("concurrent.futures.process"), "ProcessPoolExecutor", None)
    for cls in executors:
        # Work for another process stays as it is.
        if cls is processes:
            continue
        executors += cls.__subclasses__()
        # What is nearly always the only one is hooked by now, and a name takes long to compare.
        if cls is threads or "submit" not in cls.__dict__:
            continue
        # asgiref's runs its work on the thread that waits for it, which has brought its own context.
        if not cls.__module__.startswith(("concurrent.", "asgiref.")):
            _hook_executor(cls)
    for finder in finders:
        if finder not in sys.meta_path:
            sys.meta_path.insert(0, finder)
    put_others_in()


def _make_all() -> None:
    global _work_hooks
    # Loaded here, as what it hooks is: a process without tests never pays.
    from . import work_hooks

    _work_hooks = work_hooks
    _not_loaded.update(work_hooks.METHODS)
    _made.extend([make() for make in _MAKERS])


def _make_for_loaded() -> None:
    """Make the hooks of the modules that a program has loaded since."""
    for module, methods in tuple(_not_loaded.items()):
        if module in sys.modules:
            made = [(_work_hooks.owner_of(module, each), each) for each in methods]
            if all(owner is not None for owner, _ in made):
                _made.extend([_WrappedMethod(owner, each.name, each.wrap) for owner, each in made])
                del _not_loaded[module]


def _hook_executor(cls: type) -> None:
    if all(hook.owner is not cls for hook in _executors):
        hook = _WrappedMethod(cls, "submit", _work_hooks.wrap_own_submit)
        _executors.append(hook)
        hook.owner.submit = hook.function  # type: ignore[attr-defined]
        hook.on = True


def take_hooks_out() -> None:
    """Take the hooks out; the same holds as for `put_hooks_in`."""
    for hook in (*_made, *_executors):
        hook.on = False
        # Where another tool has wrapped it, it stays, and has only gone quiet.
        if hook.own[hook.name] is hook.function:
            setattr(hook.owner, hook.name, hook.found)
    # Made anew each time, so that no class of a program is kept.
    _executors.clear()
    for finder in finders:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


def _wrap_start(start: Callable[..., Any]) -> Callable[..., Any]:
    def marking_start(self: threading.Thread, *args: Any, **kwargs: Any) -> Any:
        scope = scope_to_hand_on()
        if scope is None or self.ident is not None:
            return start(self, *args, **kwargs)
        unmark = _wrap_run(self, scope)
        try:
            return start(self, *args, **kwargs)
        except BaseException:
            unmark()
            raise

    return marking_start


def _wrap_run(thread: threading.Thread, scope: Scope) -> Callable[[], None]:
    """Make *thread* run as part of *scope*; return the function that takes that back."""
    # In the thread itself, because only there can its ContextVars be set; by `run`, because it is the one
    # public method that every thread calls there.
    run = bind_to_scope(scope, thread.run, None if _only_waits_for_jobs(thread) else thread)
    own = vars(thread)
    found = own.get("run")

    def unmark() -> None:
        if found is None:
            own.pop("run", None)
        else:
            own["run"] = found

    def marked_run() -> Any:
        unmark()
        return run()

    own["run"] = marked_run
    return unmark


# Whose threads are there for as long as their pool, and of which each job is known by itself.
_POOLS = ("concurrent.futures.", "multiprocessing.", "torch._inductor.")


def _only_waits_for_jobs(thread: threading.Thread) -> bool:
    target = getattr(thread, "_target", None)
    modules = (getattr(target, "__module__", None), type(thread).__module__)
    return any(str(module).startswith(_POOLS) for module in modules)


def _wrap_submit(submit: Callable[..., Any]) -> Callable[..., Any]:
    def marking_submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        if _pickles_its_work(self):
            return submit(self, fn, *args, **kwargs)
        # Also where it is nobody's: the worker may bear the mark of whoever made the pool start it.
        return submit(self, bind_to_scope(scope_to_hand_on(), fn, fn, job=True), *args, **kwargs)

    return marking_submit


def _pickles_its_work(pool: object) -> bool:
    # InterpreterPoolExecutor, of Python 3.14, is a ThreadPoolExecutor; another interpreter is another
    # process to us.
    interpreter = sys.modules.get("concurrent.futures.interpreter")
    return interpreter is not None and isinstance(pool, interpreter.InterpreterPoolExecutor)


def _wrap_callback(add_done_callback: Callable[..., Any]) -> Callable[..., Any]:
    def marking_callback(self: Any, fn: Any) -> Any:
        return add_done_callback(self, bind_to_scope(scope_to_hand_on(), fn, fn))

    return marking_callback


def _definer(cls: type, name: str) -> type:
    """Return the class that *cls* has the method *name* from."""
    return next(base for base in cls.__mro__ if name in vars(base))


def _hook_start() -> _WrappedMethod:
    # Not `threading.Thread`, which may be anybody's subclass, mock or function by now.
    return _WrappedMethod(_definer(type(threading.main_thread()), "start"), "start", _wrap_start)


def _hook_submit() -> _WrappedMethod:
    # As with threads: the name may stand for anything, but the class is still a subclass of its base.
    home = concurrent.futures.thread.__name__
    pool = next(cls for cls in Executor.__subclasses__() if cls.__module__ == home)
    return _WrappedMethod(pool, "submit", _wrap_submit)


def _hook_callback() -> _WrappedMethod:
    return _WrappedMethod(Future, "add_done_callback", _wrap_callback)


_MAKERS = (_hook_start, _hook_submit, _hook_callback)
# The hook that each has made last, to be used again: making them takes longer than opening a scope.
_made: list[_WrappedMethod] = []
# Of these there are none yet, since nobody has loaded what they are of.
_not_loaded: dict[str, Any] = {}
_work_hooks: Any = None
# The classes of executors, other than the standard library's, that are hooked.
_executors: list[_WrappedMethod] = []
