"""The local caches ``fx_graph_local`` and ``aot_autograd_local``: files whose entries have guards.

A lookup finds an entry or not, whatever torch makes of it. One that it found and did not use, because its
guards failed, say, is refused. Torch 2.6 looks them up in other functions: see ``guarded_before.py``.
"""

from __future__ import annotations

import functools
import pickle
from typing import TYPE_CHECKING, Any

from ..._recording.operation import GUARDS_FAILED
from ..._telling.formatting import Shown
from .candidates import candidates_of, find, put_candidate, warn
from .damage import undecoded
from .found import here
from .hook import Hook
from .local import LocalCache, mocked
from .modules import AUTOGRAD, CODECACHE, LIBRARIES, loaded_module
from .refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .found import Found

__all__ = ["AOT_AUTOGRAD", "FX_GRAPH"]


def _around_candidates(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what wraps the function that yields the entries of a key, those of this disk first."""

    def around(iterate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        # The releases that record whether it was a local one are told so; 2.9 and before are not.
        more = (True,) if hasattr(getattr(iterate, "__self__", None), "_record_result") else ()

        @functools.wraps(iterate)
        def iterate_over_candidates(local: bool, remote_cache: Any, key: str) -> Iterator[Any]:
            cache = mocked(name) if local else None
            found = None if cache is None else find(cache, key)
            if found is not None:
                for candidate in _candidates(found):
                    yield (*candidate, *more)
            for each in iterate(local and cache is None, remote_cache, key):
                # Torch asks for another where the guards of this one have failed.
                here.has_passed = True
                yield each
                here.has_passed = False

        return iterate_over_candidates

    return around


def _candidates(found: Found) -> Iterator[tuple[Any, object]]:
    """Yield the candidates of *found*; where torch asks for one too many, none was used."""
    why = "it has no content"
    for content in candidates_of(found.value):
        try:
            candidate = pickle.loads(content)  # type: ignore[arg-type]
        except Exception as error:
            warn()
            why = undecoded(error)
            continue
        mine = here.found
        if mine is not None:
            mine.append(found)
        here.has_passed = True
        yield candidate, content
        here.has_passed = False
        if mine and mine[-1] is found:
            mine.pop()
        why = GUARDS_FAILED + str(getattr(candidate, "guards_expr", None) or "torch does not say which")
    refuse(found, why)


def _around_write(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what wraps the function that writes an entry to this disk."""

    def around(write: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
        @functools.wraps(write)
        def _write_to_local_cache(key: str, content: bytes) -> None:
            cache = mocked(name)
            if cache is None:
                write(key, content)
            else:
                put_candidate(cache, key, content)

        return _write_to_local_cache

    return around


def _around_key(prepare: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap what makes the key of a graph, which says so where the graph can't be cached."""

    @functools.wraps(prepare)
    def prepare_key(*args: Any, **kwargs: Any) -> Any:
        result = prepare(*args, **kwargs)
        key_info, said = result
        if key_info is None and loaded_module("torch._inductor.config").fx_graph_cache:
            _bypass("fx_graph_local", str(said.get("cache_bypass_reason") or ""))
        return result

    return prepare_key


def _around_autograd_key(make: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap what makes the key of AOTAutograd's entry, which raises where there can be none."""

    @functools.wraps(make)
    def autograd_cache_key(*args: Any, **kwargs: Any) -> Any:
        try:
            return make(*args, **kwargs)
        except Exception as error:
            if loaded_module("torch._functorch.config").enable_autograd_cache:
                _bypass("aot_autograd_local", str(error) or str(error.__cause__ or ""))
            raise

    return autograd_cache_key


def _bypass(name: str, reason: str) -> None:
    cache = mocked(name)
    if cache is not None:
        cache.record("bypass", Shown(reason or "torch does not say why"), LIBRARIES)


def _hooks(module: str, owner: str, name: str) -> tuple[Hook, ...]:
    return (
        Hook(module, owner, "iterate_over_candidates", _around_candidates(name), name, swaps=True),
        Hook(module, owner, "_write_to_local_cache", _around_write(name), name, swaps=True),
    )


FX_GRAPH = LocalCache(
    "fx_graph_local",
    (
        *_hooks(CODECACHE, "FxGraphCache", "fx_graph_local"),
        Hook(CODECACHE, "FxGraphCache", "prepare_key", _around_key),
    ),
    switch="fx_graph_cache",
)
AOT_AUTOGRAD = LocalCache(
    "aot_autograd_local",
    (
        *_hooks(AUTOGRAD, "AOTAutogradCache", "aot_autograd_local"),
        Hook(AUTOGRAD, "", "autograd_cache_key", _around_autograd_key),
    ),
    switch="enable_autograd_cache",
)
