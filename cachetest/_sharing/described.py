"""Adapters in words that a child process can be told: what makes an equal one there, and when.

A description has three fields: the name of the adapter, the modules whose import it is installed at, and the
rest as JSON, which a child that uses no cache never reads.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..adapters.registry import detected_adapters, known_adapters, watched_adapter, watched_path
from ..adapters.targets import Targets
from .joined import WATCHED, WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .._caches.scope import Scope
    from ..adapters.base import Adapter

__all__ = ["described_for", "places_of"]


def described_for(scopes: Iterable[Scope], in_use: Mapping[Scope, Sequence[Adapter]]) -> tuple[str, ...]:
    """Return a description of each adapter of *scopes*, of which *in_use* has the adapters."""
    around = list(dict.fromkeys(each for scope in scopes for each in scope.lineage()))
    values: dict[str, bool] = {}
    # The innermost one last, whose value is in force.
    for scope in reversed(around):
        for switches, value in scope.turned:
            values.update({switch.name: value for switch in switches})
    found: dict[str, None] = {}
    detected = detected_adapters()
    for scope in [each for each in around if each in in_use]:
        adapters = in_use[scope]
        if watched := getattr(scope.session, "watched", ()):
            found.update(dict.fromkeys(_described_watched(name, values) for name in watched))
            continue
        parts = [part for each in adapters for part in getattr(each, "parts", lambda each=each: (each,))()]
        found.update(dict.fromkeys(_described(each, values) for each in parts))
        if [each for each in adapters if each.name in known_adapters] == detected:
            # Nobody has named them, so those whose library the child alone imports are meant as well.
            names = {each.name for each in adapters}
            others = [name for name, known in known_adapters.items() if known.autodetects]
            found.update(
                dict.fromkeys(_of(name, (), {"detected": True}) for name in others if name not in names)
            )
    return tuple(found)


def _of(name: str, modules: Iterable[str], more: dict[str, Any]) -> str:
    return WITHIN.join([name, ",".join(modules), json.dumps(more)])


def _described(adapter: Adapter, values: dict[str, bool]) -> str:
    more: dict[str, Any] = {}
    modules: dict[str, None] = {}
    known = known_adapters.get(adapter.name)
    cls = type(adapter)
    if known is None or known.class_name != cls.__name__:
        more["class"] = f"{cls.__module__}:{cls.__qualname__}"
        installed_at = getattr(adapter, "installed_at", None) or [*_patched_modules(adapter), cls.__module__]
        modules.update(dict.fromkeys(installed_at))
    arguments, named = adapter.given()
    if arguments:
        more["arguments"] = list(arguments)
    if named:
        more["named"] = dict(named)
    if isinstance(adapter, Targets):
        more["places"] = {}
        for cache, target in adapter.targets.items():
            more["places"][cache] = places = [target] if isinstance(target, str) else list(places_of(target))
            modules.update(dict.fromkeys(place.partition(":")[0] for place in places))
    for switch in adapter.switches:
        if switch.name in values:
            more.setdefault("switches", {}).setdefault(switch.module, {})[switch.name] = values[switch.name]
            modules.update({switch.module: None} if switch.module else {})
    return _of(adapter.name, modules, more)


def _described_watched(name: str, values: dict[str, bool]) -> str:
    """Return what a child installs to watch the library of the adapter *name*, when that was imported."""
    known = known_adapters[name]
    more: dict[str, Any] = {"class": watched_path(name)}
    # Django is not set up when it has been imported: see `libraries`.
    modules = [] if name == "django" else [known.library]
    switches = watched_adapter(name).switches if known.library in sys.modules else ()
    for switch in switches:
        if switch.name in values:
            more.setdefault("switches", {}).setdefault(switch.module, {})[switch.name] = values[switch.name]
            modules.append(switch.module)
    return _of(f"{WATCHED}{name}", dict.fromkeys(filter(None, modules)), more)


def _patched_modules(adapter: Adapter) -> Iterator[str]:
    """Yield the modules of what *adapter*, which is installed, has changed."""
    # By name: what installs is of a higher level.
    for each, owner in import_module("cachetest._patching.shared_installs").patched_owners():
        if each == adapter:
            module = (
                owner if isinstance(owner, type(sys)) else owner if isinstance(owner, type) else type(owner)
            )
            yield getattr(module, "__module__", None) or module.__name__


def places_of(target: object) -> Iterator[str]:
    """Yield where *target* is found, as ``"module:attribute"``: a child has another object there."""
    for name, module in list(sys.modules.items()):
        own = getattr(module, "__dict__", None) or {}
        for attribute, value in list(own.items()):
            if value is target:
                yield f"{name}:{attribute}"
            # Not `isinstance`: a proxy would be asked, and may load what it stands for.
            elif issubclass(type(value), type) and vars(value).get("__module__") == name:
                for inner, found in list(vars(value).items()):
                    if found is target or (
                        type(found) in (classmethod, staticmethod) and found.__func__ is target
                    ):
                        yield f"{name}:{attribute}.{inner}"
