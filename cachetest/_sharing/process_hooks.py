"""The hooks by which a process that is started, and a job for one that was, is told of the test.

They are in while a scope is open; those of a module that nobody has imported are put in when it is.
"""

from __future__ import annotations

import sys

from .imports import finder, is_loaded, listening, waiting
from .telling_children import (
    LOKY,
    wrap_exec,
    wrap_pool,
    wrap_popen,
    wrap_posix_spawn,
    wrap_preparation_data,
    wrap_rank_test,
    wrap_submit,
    wrap_system,
)
from .telling_forks import wrap_fork

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["hook_for_good", "put_all_hooks_in", "put_process_hooks_in", "take_all_hooks_out"]


class _Hook:
    """A function that is wrapped, by its module, its class if it has one, and its name."""

    def __init__(
        self, module: str, owner: str, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> None:
        self.module = module
        self.owner = owner
        self.name = name
        self.wrap = wrap


_HOOKS = (
    _Hook("subprocess", "Popen", "__init__", wrap_popen),
    # Others have made theirs of that of multiprocessing; joblib has a copy of loky.
    *(
        _Hook(f"{package}.spawn", "", "get_preparation_data", wrap_preparation_data)
        for package in ("multiprocessing", "billiard", "loky.backend", "joblib.externals.loky.backend")
    ),
    *(
        _Hook(module, "ProcessPoolExecutor", "submit", wrap_submit)
        for module in ("concurrent.futures.process", *LOKY)
    ),
    *(
        _Hook("multiprocessing.pool", "Pool", name, wrap_pool)
        for name in ("apply_async", "_map_async", "imap", "imap_unordered")
    ),
    _Hook("torch._inductor.compile_worker.subproc_pool", "SubprocPool", "submit", wrap_submit),
    _Hook("torch.testing._internal.common_distributed", "MultiProcContinuousTest", "setUp", wrap_rank_test),
    *(_Hook("os", "", name, wrap_posix_spawn) for name in ("posix_spawn", "posix_spawnp")),
    *(_Hook("os", "", name, wrap_fork) for name in ("fork", "forkpty")),
    *(_Hook("os", "", name, wrap_exec) for name in ("execv", "execve")),
    _Hook("os", "", "system", wrap_system),
)


_NAMES = frozenset(hook.module for hook in _HOOKS)


class _WrappedFunction:
    """A wrapper around one function, which calls straight through once it is off."""

    def __init__(self, owner: Any, hook: _Hook) -> None:
        self.owner = owner
        self.name = hook.name
        self.on = False
        self.own = vars(owner)
        self.found = found = self.own[hook.name]
        active = hook.wrap(found)

        def hooked(*args: Any, **kwargs: Any) -> Any:
            return (active if self.on else found)(*args, **kwargs)

        # As functools.wraps does, which a process that only starts need not load.
        vars(hooked).update(getattr(found, "__dict__", {}), __wrapped__=found)
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(hooked, name, getattr(found, name, None))
        self.function = hooked


# The wrapper that each has made last, to be used again: making them takes longer than opening a scope.
_made: dict[_Hook, _WrappedFunction] = {}
# Those whose module has not been imported, or has a mock in place of the class, by its name.
_not_made: dict[str, list[_Hook]] = {}
_are_in = False
_for_good = False
# The function that takes out those for threads, once it was loaded: an import statement takes longer than it.
_take_thread_hooks_out: Callable[[], None] | None = None


def hook_for_good() -> None:
    """Put the hooks in, not to be taken out: in a child that may have children of its own."""
    global _for_good
    _for_good = True
    put_process_hooks_in()


def put_process_hooks_in() -> None:
    """Put in each hook that is not, or that will be when its module is imported. It may be repeated."""
    global _are_in
    if not _made and not _not_made:
        _not_made.update((name, [hook for hook in _HOOKS if hook.module == name]) for name in _NAMES)
    for hook, made in _made.items():
        if not made.on:
            if made.own.get(made.name) is not made.found:
                made = _made[hook] = _WrappedFunction(made.owner, hook)
            # In this order: where it is interrupted in between, the next one does it again.
            setattr(made.owner, made.name, made.function)
            made.on = True
    # Without a loop of Python's: there are several, and they are asked for before each test.
    if not sys.modules.keys().isdisjoint(_not_made):
        _make_those_loaded()
    if not _are_in and _not_made:
        listening[_put_one_in] = _NAMES
        if finder not in sys.meta_path:
            sys.meta_path.insert(0, finder)
    _are_in = True


def take_process_hooks_out() -> None:
    """Take the hooks out, unless they are in for good; the same holds as for `put_process_hooks_in`."""
    global _are_in
    if _for_good:
        return
    listening.pop(_put_one_in, None)
    if not waiting and finder in sys.meta_path:
        sys.meta_path.remove(finder)
    for made in _made.values():
        made.on = False
        # Where another tool has wrapped it, it stays, and has only gone quiet.
        if made.own.get(made.name) is made.function:
            setattr(made.owner, made.name, made.found)
    _are_in = False


def put_all_hooks_in() -> None:
    """Put in those for threads, and these on top of them."""
    # Loaded here: a child that has no scopes does without.
    from .._caches.thread_hooks import put_hooks_in

    put_hooks_in(put_process_hooks_in)


def take_all_hooks_out() -> None:
    """Take out what `put_all_hooks_in` has put in: what is on top first."""
    take_process_hooks_out()
    (_take_thread_hooks_out or _load_thread_hooks())()


def _load_thread_hooks() -> Callable[[], None]:
    global _take_thread_hooks_out
    from .._caches.thread_hooks import take_hooks_out

    _take_thread_hooks_out = take_hooks_out
    return take_hooks_out


def _make_those_loaded() -> None:
    for name in tuple(_not_made):
        if is_loaded(name):
            _make_all_of(name)


def _put_one_in(module: Any) -> None:
    """Put in what is of *module*, which was imported while the hooks are in."""
    _make_all_of(module.__name__)


def _make_all_of(name: str) -> None:
    hooks = _not_made.get(name, [])
    for hook in hooks[:]:
        owner = _owner_of(hook)
        if owner is not None:
            _made[hook] = made = _WrappedFunction(owner, hook)
            hooks.remove(hook)
            setattr(owner, made.name, made.function)
            made.on = True
    if not hooks:
        _not_made.pop(name, None)


def _owner_of(hook: _Hook) -> Any:
    """Return the module or class that has the function of *hook*; None where there is none, or a mock."""
    module = sys.modules[hook.module]
    found = getattr(module, hook.owner, None) if hook.owner else module
    if hook.owner and not isinstance(found, type):
        return None
    owners = found.__mro__ if isinstance(found, type) else (found,)
    return next((owner for owner in owners if hook.name in vars(owner)), None)
