"""What torch did in a scope beside its lookups: what it compiled, and which of its caches it went past.

The texts of failures say by it why a cache was not used. Each function here wraps one of torch, calls it, and
notes so in the scope that it was called in: no other test's compile is taken for one of this.
"""

from __future__ import annotations

import enum
import functools
import threading
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._caches.attribution import scope_of_caller
from .disabled import are_caches_disabled
from .modules import loaded_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._caches.cache import MockCache

__all__ = [
    "Event",
    "around_compile",
    "around_graph",
    "around_local_profile",
    "around_profile_key",
    "asks",
    "events_of",
    "graph_breaks",
    "note",
    "now",
]

_EVENTS = "_inductor_events"
# What torch compiles with; it has no function that is asked for these alone.
_LOCAL_SWITCHES = (
    ("fx_graph_local", "torch._inductor.config", "fx_graph_cache"),
    ("aot_autograd_local", "torch._functorch.config", "enable_autograd_cache"),
)


class Event(NamedTuple):
    """One thing that torch did, with its place among all of them.

    ``what`` is ``"compile"`` (of a frame, by Dynamo; ``said`` is how many graph breaks of each kind there
    were before), ``"later"`` (of a part, when it was first run), ``"graph"`` (that Dynamo gave to the backend
    ``said``), ``"asked"`` (whether to use the cache ``cache``: ``said`` is the answer), ``"local"`` (its
    local counterpart answered a lookup) or ``"kernel"`` (was set up for autotuning).
    """

    number: int
    what: str
    cache: str
    said: Any
    disabled: bool
    thread: str
    thread_id: int


_numbers = count(1)


def now() -> int:
    """Return a number between those of the events before and after."""
    return next(_numbers)


def note(what: str, cache: str = "", said: object = None, *, disabled: bool = False) -> None:
    """Note that torch did *what*, for the scope that it did it in, if that can be told."""
    scope = scope_of_caller()
    if scope is None or scope.closed:
        return
    thread = threading.current_thread()
    made = Event(next(_numbers), what, cache, said, disabled, thread.name, threading.get_ident())
    vars(scope).setdefault(_EVENTS, []).append(made)


def events_of(cache: MockCache, since: int = 0) -> list[Event] | None:
    """Return what torch did in the scope of *cache* after *since*; None where that scope can't be told."""
    here = scope_of_caller()
    for scope in () if here is None else here.lineage():
        if scope.by_name.get(cache.name) is cache:
            found: list[Event] = vars(scope).get(_EVENTS, [])
            return [event for event in found.copy() if event.number > since]
    return None


def around_compile(install: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap what runs the callbacks of a compile, which each compile of Dynamo asks for."""

    @functools.wraps(install)
    def install_callbacks(*args: Any, **kwargs: Any) -> Any:
        # Later releases ask for them as well for what is compiled when it is first run: a backward pass.
        trigger = next((each.name for each in args if isinstance(each, enum.Enum)), "DYNAMO")
        if trigger == "DYNAMO":
            note("compile", said=graph_breaks())
        else:
            note("later")
        return install(*args, **kwargs)

    return install_callbacks


def graph_breaks() -> dict[str, int]:
    """Return how many graph breaks torch has counted in this process, by their text."""
    utils = loaded_module("torch._dynamo.utils")
    return dict(getattr(utils, "counters", {}).get("graph_break") or {})


def around_graph(compile_graph: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the call of the backend, which Dynamo makes for each graph."""

    @functools.wraps(compile_graph)
    def call_user_compiler(self: Any, *args: Any, **kwargs: Any) -> Any:
        backend = getattr(self, "compiler_fn", None)
        name = getattr(backend, "compiler_name", None) or getattr(backend, "__name__", None)
        note("graph", said=str(name or type(backend).__name__))
        if name == "inductor":
            for cache, config, switch in _LOCAL_SWITCHES:
                is_on = getattr(loaded_module(config), switch, None)
                note("asked", cache, bool(is_on), disabled=are_caches_disabled())
        return compile_graph(self, *args, **kwargs)

    return call_user_compiler


def asks(cache: str) -> Callable[[Callable[[], bool]], Callable[[], bool]]:
    """Return what wraps the function that torch asks whether to use the remote cache called *cache*."""

    def around(should_use: Callable[[], bool]) -> Callable[[], bool]:
        @functools.wraps(should_use)
        def should_use_and_note() -> bool:
            answer = should_use()
            note("asked", cache, bool(answer), disabled=are_caches_disabled())
            return answer

        return should_use_and_note

    return around


def around_profile_key(get_key: Callable[[], str | None]) -> Callable[[], str | None]:
    """Wrap the function that knows the key of Dynamo's profile: there is none where no job is named."""

    @functools.wraps(get_key)
    def get_cache_key() -> str | None:
        key = get_key()
        remote = loaded_module("torch._dynamo.config").automatic_dynamic_remote_pgo
        note("asked", "dynamo_pgo", "no key" if key is None else bool(remote), disabled=are_caches_disabled())
        return key

    return get_cache_key


def around_local_profile(get: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the lookup of Dynamo's profile on this disk."""

    @functools.wraps(get)
    def get_local_code_state(*args: Any, **kwargs: Any) -> Any:
        state = get(*args, **kwargs)
        if state is not None:
            note("local", "dynamo_pgo")
        return state

    return get_local_code_state
