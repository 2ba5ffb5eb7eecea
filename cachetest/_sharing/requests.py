"""What a child can ask for, by name; each is done in the parent, as the child."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._behaving.gate import MISSING, Call
from .._behaving.injection import Injection
from .._behaving.states import Off
from .._caches.attribution import cache_for, decided
from .._caches.backend import get_for_child
from .._caches.scope import Scope
from .._recording.operation import KINDS
from .._recording.packages import NO_LIBRARIES
from .._telling.explained_keys import EXPLAINED
from ..errors import ChildOperationError
from .as_child import act_as

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._recording.call_sites import ProcessThread
    from .._recording.operation import Kind
    from .as_child import ChildFrame
    from .child import Child

__all__ = ["REQUESTS", "answering"]

# What each log had at a time, so that a child can tell one from another: they are few.
_generations: list[object] = []
# What the history of a cache is made of, of all that adapters keep for it.
_TOLD = ("keys not kept", "asides", "origins", "lifetimes")


def _put(frame: ChildFrame, name: str, key: object, value: object, ttl: Any = None) -> None:
    cache_for(name).put(key, value, NO_LIBRARIES, frame, ttl)  # type: ignore[arg-type]


def _delete(frame: ChildFrame, name: str, key: object) -> bool:
    return cache_for(name).delete(key)


def _record(
    frame: ChildFrame,
    name: str,
    effects: Iterable[tuple[Kind, object]],
    known: Mapping[str, object] | None,
) -> None:
    cache_for(name).operations.record_all(effects, NO_LIBRARIES, frame, known)  # type: ignore[arg-type]


def _record_numbered(
    frame: ChildFrame, name: str, kind: Kind, key: object, known: Mapping[str, object]
) -> int:
    log = cache_for(name).operations
    return log.record_numbered(kind, key, NO_LIBRARIES, frame, known)  # type: ignore[arg-type]


class _Keys(tuple[object, ...]):
    """The keys of a call of a child, with what its program has given for them."""

    as_given: Sequence[object]


def _acting(frame: ChildFrame, name: str) -> list[tuple[str, int, tuple[Any, ...]]]:
    cache = cache_for(name)
    # By id: they are kept for as long as their scope, and a child may tell of one that has ended.
    kept = cache.shared.setdefault("told to children", {})
    found: list[tuple[str, int, tuple[Any, ...]]] = []
    for each in cache.in_force:
        kept[id(each)] = each
        if type(each) is Injection:
            if each.cache in (None, name):
                found.append(("injection", id(each), ()))
        elif type(each) is Off:
            if each.is_for(name):
                found.append(("off", id(each), (each.names, each.without)))
        else:
            found.append(("other", id(each), ()))
    return found


def _strikes(
    frame: ChildFrame,
    name: str,
    number: int,
    kind: str | None,
    asked: str,
    keys: Sequence[object],
    given: Sequence[object],
    is_lookup: bool,
) -> list[tuple[Any, Sequence[object]]]:
    cache = cache_for(name)
    as_keys = _Keys(keys)
    as_keys.as_given = given
    call = Call(name, kind, asked, as_keys, cache)
    call.is_lookup, call.frame = is_lookup, frame  # type: ignore[assignment]
    found = cache.shared["told to children"][number].strikes_of(call)
    return [(each.fault, tuple(each.keys)) for each in found]


def _struck(frame: ChildFrame, name: str, number: int, what: str, more: Sequence[Any]) -> None:
    cache = cache_for(name)
    injection = cache.shared["told to children"][number]
    if what == "note":
        injection.note(cache, *more)
    elif what == "problem":
        injection.problems.append(*more)
    else:
        getattr(injection, what)()


def _outside(frame: ChildFrame) -> Sequence[str]:
    found = decided()
    return tuple(found.log_outside) if isinstance(found, Scope) else ()


def _names(frame: ChildFrame) -> list[str]:
    found = decided()
    return list(found.caches) if isinstance(found, Scope) else []


def _counts(frame: ChildFrame, name: str) -> tuple[tuple[int, int, int], int]:
    cache = cache_for(name)
    return cache.counts(), cache.num_refusal


def _tally(frame: ChildFrame, name: str) -> dict[str, int]:
    log = cache_for(name).operations
    return {kind: log.tally(kind) for kind in KINDS} | {"length": len(log), "dropped": log.dropped}


def _operations(frame: ChildFrame, name: str) -> tuple[list[Any], dict[str, int], int | None]:
    log = cache_for(name).operations
    return list(log), {kind: log.tally(kind) for kind in KINDS}, log._length


def _generation(frame: ChildFrame, name: str) -> int:
    found = cache_for(name).operations.generation
    for n, each in enumerate(_generations):
        if each is found:
            return n
    _generations.append(found)
    return len(_generations) - 1


def _add(frame: ChildFrame, name: str, puts: int, hits: int, misses: int) -> None:
    cache_for(name)._add(puts, hits, misses)


def _reset(frame: ChildFrame, name: str) -> None:
    cache_for(name).reset()


def _explain(frame: ChildFrame, name: str, key: tuple[object, ...]) -> Any:
    return cache_for(name).explain(*key)


def _details(frame: ChildFrame, name: str, key: object, details: Any) -> None:
    cache = cache_for(name)
    if cache.explains_misses:
        cache.keep_details(key, details)


def _made_key(frame: ChildFrame, places: Iterable[str], key: object, made: Mapping[str, Any]) -> None:
    found = decided()
    explained = found.caches._shared.get(EXPLAINED) if isinstance(found, Scope) else None
    if explained is not None:
        explained.note_of_child(places, key, made)


def _facts(frame: ChildFrame, name: str) -> dict[str, Any]:
    cache = cache_for(name)
    kept = {what: found for what in _TOLD if (found := cache._adapter_state.get(what)) is not None}
    return {"_forgotten": cache._forgotten, "inherited": tuple(cache.inherited), "kept": kept}


def _entry(frame: ChildFrame, name: str, key: object) -> Any:
    try:
        return cache_for(name).cache[key]
    except KeyError:
        return MISSING


def _entries(frame: ChildFrame, name: str) -> list[tuple[object, object]]:
    entries = cache_for(name).cache
    return [(key, entries[key]) for key in list(entries)]


def _keys(frame: ChildFrame, name: str) -> list[object]:
    return list(cache_for(name).cache)


def _set_entry(frame: ChildFrame, name: str, key: object, value: object) -> None:
    cache_for(name).cache[key] = value


def _take_entry(frame: ChildFrame, name: str, key: object) -> bool:
    return cache_for(name).cache.pop(key, MISSING) is not MISSING


def _drop_entries(frame: ChildFrame, name: str) -> None:
    cache_for(name).drop_entries()


def _offset(frame: ChildFrame) -> float:
    found = decided()
    return found.caches._ahead() if isinstance(found, Scope) else 0.0


def _advance(frame: ChildFrame, offset: float) -> None:
    found = decided()
    if isinstance(found, Scope):
        found.caches.clock.advance(offset)


def _relay(frame: ChildFrame, *args: Any) -> Any:
    # By name: what the clients of libraries come to is of a higher level.
    return import_module("cachetest.adapters.relayed").do_for_child(*args)


def _flight(frame: ChildFrame, number: int, what: str) -> bool:
    # Loaded where there is one.
    module = sys.modules.get("cachetest._behaving.flight_of_processes")
    flight = None if module is None else module.flights.get(number)
    return flight is not None and bool(flight.told_by_child(frame, what))


REQUESTS: dict[str, Callable[..., Any]] = {
    "get": get_for_child,
    "put": _put,
    "delete": _delete,
    "record": _record,
    "record_numbered": _record_numbered,
    "acting": _acting,
    "strikes": _strikes,
    "struck": _struck,
    "outside": _outside,
    "names": _names,
    "counts": _counts,
    "tally": _tally,
    "operations": _operations,
    "generation": _generation,
    "add": _add,
    "reset": _reset,
    "explain": _explain,
    "details": _details,
    "made_key": _made_key,
    "facts": _facts,
    "entry": _entry,
    "entries": _entries,
    "keys": _keys,
    "set_entry": _set_entry,
    "take_entry": _take_entry,
    "drop_entries": _drop_entries,
    "offset": _offset,
    "advance": _advance,
    "relay": _relay,
    "flight": _flight,
}
"""Each is called with what stands for the frame of the child, and with what the child has given."""


def answering(children: Mapping[int, Child]) -> Callable[..., Any]:
    """Return what answers requests, as one of *children*, which are by serial number."""

    def answer(serial: int, thread: ProcessThread, request: str, args: Sequence[Any]) -> Any:
        child = children.get(serial)
        if child is None:
            raise ChildOperationError(f"the test of child process {thread.process} was over long ago")
        child.processes.add(thread.process)
        return act_as(child.scope, child.spawner, thread, args[0], REQUESTS[request], args)

    return answer
