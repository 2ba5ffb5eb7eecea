"""Why a cache of torch was not asked, as far as it was seen: loaded for a failure."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._caches.attribution import scope_of_caller
from ..._sharing import children
from .activity import events_of, graph_breaks
from .disabled import are_caches_disabled, why_disabled
from .hooks import LOCAL_CACHES, has_hooked
from .local import are_mocked
from .modules import loaded_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..._caches.cache import MockCache
    from .activity import Event

__all__ = ["why_fewer", "why_unused"]


class _Place(NamedTuple):
    """The switches of a cache: of the remote one, which is counted, and of its local counterpart."""

    remote: str
    local: str = ""


_CONFIGS = ("torch._inductor.config", "torch._functorch.config", "torch._dynamo.config")
_PLACES = {
    "fx_graph": _Place("fx_graph_remote_cache", "fx_graph_cache"),
    "aot_autograd": _Place("enable_remote_autograd_cache", "enable_autograd_cache"),
    "dynamo_pgo": _Place("automatic_dynamic_remote_pgo", "automatic_dynamic_local_pgo"),
    "autotune_local": _Place("autotune_local_cache"),
    "autotune_remote": _Place("autotune_remote_cache"),
    "bundled_autotune": _Place("bundled_autotune_remote_cache"),
}


def _value(name: str, *configs: str) -> Any:
    """Return the value of a flag in the calling context, None where this torch has none."""
    for config in configs or _CONFIGS:
        found = sys.modules.get(config)
        if name in getattr(found, "_config", ()):
            return getattr(found, name, None)
    return None


def why_unused(cache: MockCache, since: int = 0) -> str:
    """Return why there was no operation on *cache* since then, in some lines."""
    local = LOCAL_CACHES.get(cache.name)
    place = _PLACES.get(cache.name) if local is None else _Place(local.switch)
    if place is None:
        return "only builds of torch that have it use it" if cache.name == "triton" else ""
    events = events_of(cache, since)
    if events is None:
        return ""
    if local is not None and local.since and not has_hooked(local):
        return f"torch {loaded_module('torch').__version__} has no such cache: it came with {local.since}"
    reasons = [*_reasons(cache.name, place, events), *(local.reasons(events) if local is not None else ())]
    return "\n".join(reasons)


def why_fewer(cache: MockCache, since: int = 0) -> str:
    """Return what went past *cache*, which was used less than was expected, in some lines."""
    local = LOCAL_CACHES.get(cache.name)
    place = _PLACES.get(cache.name) if local is None else _Place(local.switch)
    events = events_of(cache, since)
    return "\n".join([*_passed_by(cache.name, place, events)]) if place and events else ""


def _reasons(name: str, place: _Place, events: Sequence[Event]) -> Iterator[str]:
    disabled = why_disabled()
    if disabled:
        yield disabled
    elif place.remote and not _value(place.remote):
        yield f"the switch {place.remote} is off here: name it in enable_caches"
    passed = list(_passed_by(name, place, events))
    yield from passed
    if name == "bundled_autotune" and not _value("autotune_local_cache"):
        yield "it is asked only where autotune_local_cache is on too"
    if any(event.what == "asked" and event.cache == name for event in events):
        if not passed and not disabled:
            yield from _not_asked(name, place)
        return
    compiles = sum(event.what == "compile" for event in events)
    graphs = [event.said for event in events if event.what == "graph"]
    others = sorted({each for each in graphs if each != "inductor"})
    if not compiles and not graphs:
        if any(event.what == "later" for event in events):
            yield "torch compiled only what it had put off, a backward pass, and does not ask it for that"
        else:
            yield from _nothing_compiled(disabled)
    elif name.startswith("dynamo_pgo"):
        return
    elif not graphs:
        before = next(event.said for event in events if event.what == "compile")
        yield (
            f"Dynamo compiled {_times(compiles, 'frame')} and found no graph to give to a backend: "
            f"all ran eagerly{_newest_graph_break(before)}"
        )
    elif others and len(others) == len(set(graphs)):
        backends = " and ".join(map(repr, others))
        yield f"what was compiled was given to the backend {backends}, which does not use it"
    elif name.startswith(("autotune", "bundled")):
        yield "torch asks it for Triton kernels that have several configs, and compiled none here"


def _passed_by(name: str, place: _Place, events: Sequence[Event]) -> Iterator[str]:
    """Yield what was seen of compiles that went past the cache: locally answered, or with it off."""
    mine = [event for event in events if event.cache == name]
    local = sum(event.what == "local" for event in mine)
    if local:
        counted = "and local lookups are not counted here"
        if f"{name}_local" in LOCAL_CACHES and are_mocked():
            counted = f"counted in '{name}_local'"
        yield (
            f"torch's local cache ({place.local}) answered {_times(local, 'lookup')}, {counted}: "
            "fresh_cache() empties it, load_cache_artifacts() fills it"
        )
    asked = [event for event in mine if event.what == "asked"]
    without = [event for event in asked if event.said is False and not event.disabled]
    threads = sorted({event.thread for event in without if event.thread_id != threading.get_ident()})
    if any(event.disabled for event in asked) and not are_caches_disabled():
        yield "force_disable_caches was on while torch compiled"
    if threads:
        yield (
            f"the switch {place.remote} was off on the thread {', '.join(map(repr, threads))}, where torch "
            "compiled: where torch keeps its config per context, run a thread in contextvars.copy_context()"
        )
    elif without and _value(place.remote):
        yield f"the switch {place.remote} was off while torch compiled, and is on now"
    if any(event.said == "no key" and not event.disabled for event in asked):
        yield "torch has no key for a profile: torch.compiler.config.job_id names no job"


def _not_asked(name: str, place: _Place) -> Iterator[str]:
    if name.startswith("fx_graph") and _value("bundled_autograd_cache"):
        yield "bundled_autograd_cache is on: the graphs are part of the entries of aot_autograd"
    elif _value(place.remote):
        yield "torch compiled with the switch on, and did not ask it"


def _nothing_compiled(disabled: str) -> Iterator[str]:
    stance = getattr(
        getattr(sys.modules.get("torch._dynamo.eval_frame"), "_stance", None), "stance", "default"
    )
    # What children have compiled is not known here.
    scope = scope_of_caller()
    started = scope is not None and children.state is not None and children.state.children_of(scope)
    here = " in this process" if started else ""
    if stance != "default":
        yield f"torch compiled nothing{here}: the stance is {stance!r} (torch.compiler.set_stance)"
    elif not disabled:
        yield (
            f"torch compiled nothing{here}: what was compiled before is not compiled again until "
            "torch.compiler.reset(), and a function runs eagerly where the stance says so"
        )


def _newest_graph_break(before: Mapping[str, int]) -> str:
    """Tell the newest of those that there were not *before*; torch's counters may be emptied meanwhile."""
    new = [each for each, times in graph_breaks().items() if times != before.get(each) and each.strip()]
    return f"; the newest graph break that torch counted: {new[-1].strip().splitlines()[0]}" if new else ""


def _times(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
