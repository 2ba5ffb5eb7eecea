"""The wrappers that see what torch does with an entry that it has found, and whether a call of it failed.

A lookup that finds an entry is a hit, whatever comes of it. Torch then decodes the entry, checks its guards,
unpickles it and loads what it refers to; where any of that fails, it goes on as if there had been nothing.
That is a refusal. Each wrapper here looks at one of these steps. What a step has used it hands on to the one
around it, which may refuse it still.
"""

from __future__ import annotations

import functools
import json
import sys
from sys import _getframe
from typing import TYPE_CHECKING, Any

from ..._behaving.gate import text_of
from ..._caches.attribution import cache_for
from ..._recording.operation import GUARDS_FAILED
from .activity import note
from .damage import UNSAID, damage_of, undecoded
from .found import Found, here, is_local, name_of
from .local import are_mocked
from .modules import LIBRARIES, loaded_module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "around_best",
    "around_bundle",
    "around_get",
    "around_lookup",
    "around_profile",
    "around_put",
    "around_state",
    "around_wrap",
    "lookup_guarded",
    "refuse",
]


def refuse(found: Found, why: str) -> None:
    """Record that torch did not use what it had *found*."""
    if here.refused is not None:
        here.refused = True
    cache_for(found.cache).record("refusal", found.key, LIBRARIES, {"error": why})


def _look_on(
    do: Callable[[], Any],
    why: Callable[[Any, Found], str],
    raised: Callable[[Exception], str] = text_of,
) -> Any:
    """Call *do*, and return what it returns; what was found in it and not used is refused.

    Of what was found, all but the last was not used, as torch went on to look. *why* is given what *do*
    returned and an entry, and returns why that was not used, or nothing if it was.
    """
    around = here.found
    mine: list[Found] = []
    here.found = mine
    try:
        result = do()
    except Exception as error:
        if mine:
            refuse(mine[-1], raised(error))
        raise
    finally:
        here.found = around
    for found in mine:
        reason = damage_of(found.value, pickled=False) if found is not mine[-1] else why(result, found)
        if reason:
            refuse(found, reason)
        elif around is not None:
            around.append(found)
    return result


def around_get(get: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Wrap the ``get`` of all of torch's cache classes: it decodes what its backend has found."""

    @functools.wraps(get)
    def get_and_tell(self: Any, key: str) -> Any:
        # Written out, as `_look_on` would be the dearest part of a lookup.
        around = here.found
        mine: list[Found] = []
        here.found = mine
        try:
            result = get(self, key)
        except Exception as error:
            if mine:
                refuse(mine[-1], undecoded(error))
            else:
                _note_failure(self, key, error, "get")
            raise
        finally:
            here.found = around
        if mine and result is None:
            refuse(mine[-1], damage_of(mine[-1].value, pickled=False))
        elif around is not None:
            around += mine
        return result

    return get_and_tell


def around_put(put: Callable[[Any, str, Any], None]) -> Callable[[Any, str, Any], None]:
    """Wrap the ``put`` of all of torch's cache classes, whose exceptions torch swallows."""

    @functools.wraps(put)
    def put_and_tell(self: Any, key: str, value: Any) -> None:
        try:
            put(self, key, value)
        except Exception as error:
            _note_failure(self, key, error, "put")
            raise

    return put_and_tell


def _note_failure(remote: Any, key: str, error: Exception, kind: str) -> None:
    """Log that a call of the cache object *remote* of torch raised, unless the gate has done so."""
    name = name_of(remote)
    logged, here.error = here.error, None
    if logged is error or name is None:
        return
    make_key = getattr(remote, "_get_key", None)
    full = key if make_key is None else make_key(key)
    cache_for(name).fail((full,), error, LIBRARIES, _getframe(1), None, kind)


def lookup_guarded(
    do: Callable[[], Any], outcome: Callable[[Any], Mapping[str, Any] | None]
) -> tuple[Any, Found | None]:
    """Look a guarded entry up by calling *do*; return what that returned, and the entry if it was used.

    *outcome* is given what it returned, and returns what torch says of it, or None where it used an entry:
    one of the remote cache, or of the local one.
    """

    def why(result: Any, found: Found) -> str:
        said = outcome(result)
        if said is None:
            return ""
        status = said.get("cache_status_detailed")
        if status == "guard_miss" and here.has_passed:
            return "the libraries that its kernels are linked with (extern_libs_key) are others here"
        if status == "guard_miss":
            return GUARDS_FAILED + str(said.get("cache_status_guard_expr") or "torch does not say which")
        if status == "hit":
            return "the code that was generated for it can't be written or read"
        return UNSAID if is_local(found) else damage_of(found.value)

    around, refused = here.found, here.refused
    mine: list[Found] = []
    here.found, here.refused = mine, False
    try:
        result = _look_on(do, why)
    finally:
        here.found, here.refused = around, refused
    if around is not None:
        around += mine
    return result, mine[-1] if mine else None


def around_wrap(wrap: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap what makes a function of an entry of AOTAutograd, and loads the graphs that it names."""

    @functools.wraps(wrap)
    def wrap_post_compile(self: Any, *args: Any, **kwargs: Any) -> Any:
        entry, here.entry = here.entry, None
        try:
            return wrap(self, *args, **kwargs)
        except Exception as error:
            if entry is not None:
                refuse(
                    entry, _lost_graph(self) if type(error).__name__ == "FXGraphCacheMiss" else text_of(error)
                )
            raise

    return wrap_post_compile


def _lost_graph(entry: Any) -> str:
    halves = (getattr(entry, name, None) for name in ("compiled_fw", "compiled_bw"))
    named = [key for key in map(_graph_named_by, halves) if key]
    where = "fx_graph_local or fx_graph" if are_mocked() else "fx_graph"
    if not loaded_module("torch._inductor.config").fx_graph_remote_cache:
        where = f"{'fx_graph_local' if are_mocked() else 'the local cache'}, and fx_graph_remote_cache is off"
    graphs = (
        f"the graph that it names ({', '.join(named)})"
        if len(named) < 2
        else f"one of the graphs that it names ({', '.join(named)})"
    )
    return f"{graphs} can't be had from {where}"


def _graph_named_by(half: Any) -> str | None:
    info = getattr(half, "fx_graph_cache_info", None)
    # Before torch 2.8 it is the key alone.
    return info[0] if info else getattr(half, "fx_graph_cache_key", None)


def around_profile(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a lookup of Dynamo's profile, which returns None for one that can't be read."""

    @functools.wraps(lookup)
    def lookup_and_tell(*args: Any, **kwargs: Any) -> Any:
        return _look_on(
            lambda: lookup(*args, **kwargs),
            lambda result, found: damage_of(found.value) if result is None else "",
        )

    return lookup_and_tell


def around_state(get: Callable[[], Any]) -> Callable[[], Any]:
    """Wrap what looks Dynamo's profile up in the releases that have no function for that alone."""
    if hasattr(sys.modules[get.__module__], "get_remote_code_state"):
        return get

    @functools.wraps(get)
    def get_code_state() -> Any:
        return _look_on(get, lambda state, found: "" if state else damage_of(found.value, unsaid=""))

    return get_code_state


def around_best(read_best: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the lookup of the best config of a kernel."""

    @functools.wraps(read_best)
    def read_best_and_tell(self: Any, *args: Any, **kwargs: Any) -> Any:
        def why(result: object, found: Found) -> str:
            if result is not None:
                return ""
            return _other_configs(found.value, self.configs_hash) or damage_of(found.value, pickled=False)

        return _look_on(lambda: read_best(self, *args, **kwargs), why)

    return read_best_and_tell


def _other_configs(value: Any, configs_hash: str) -> str:
    try:
        tuned_for = json.loads(value)["configs_hash"]
    except Exception:
        # That is damage, which is told of elsewhere.
        return ""
    if tuned_for == configs_hash:
        return ""
    return f"it was tuned for other configs: their configs_hash is {tuned_for!r}, and here {configs_hash!r}"


def around_bundle(load: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Wrap the lookup of all the best configs of a graph."""

    @functools.wraps(load)
    def load_and_tell(self: Any) -> bool:
        loaded: bool = _look_on(
            lambda: load(self),
            lambda result, found: "" if result else damage_of(found.value, pickled=False),
        )
        return loaded

    return load_and_tell


def around_lookup(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the autograd cache's lookup, which writes its outcome to an argument where the release has one."""

    @functools.wraps(lookup)
    def _lookup(key: str, local: bool, remote: bool, *args: Any, **kwargs: Any) -> Any:
        said = next((each for each in (*args, *kwargs.values()) if isinstance(each, dict)), {})
        here.entry = None
        result, used = lookup_guarded(
            lambda: lookup(key, local, remote, *args, **kwargs),
            lambda result: said if result is None else None,
        )
        # What it names is loaded later, and may not be there.
        here.entry = used
        if result is not None and local and (used is None or is_local(used)):
            note("local", "aot_autograd")
        return result

    return _lookup
