"""Adapters in a child process that started anew: made of what its parent has told of them, and installed.

They are installed for as long as the process lives, or for the job that it does for a test, and the test's
switches are turned as they are there. An adapter that can't be had here is an error at each use: nothing of
the child reaches a real store because of that.
"""

from __future__ import annotations

import json
import pkgutil
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from .._caches import attribution
from .._caches.cache import MockCache
from .._recording.locks import make_lock
from .._sharing.imports import is_loaded
from .._sharing.joined import WATCHED, WITHIN, Parent, refuse, report
from .._sharing.refusal import made_to_refuse
from ..adapters.registry import known_adapters, load_class
from ..adapters.targets import Targets
from .shared_installs import acquire, release
from .switches import override
from .undo import Undo

if TYPE_CHECKING:
    from ..adapters.base import Adapter

__all__ = ["install_for", "take_off"]


class _Installed:
    """What is installed for one parent, which it is the holder of."""

    def __init__(self) -> None:
        self.undo = Undo()
        # What was installed of each description, and why the others could not be.
        self.done: dict[tuple[str, str], Adapter] = {}
        self.failed: dict[str, str] = {}
        self.told: set[str] = set()
        self.is_busy = False
        self.has_turned = False


# By the serial number of the child that this process is; and of which process each is.
_installed: dict[tuple[int, int], _Installed] = {}
_lock = make_lock()


def install_for(parent: Parent, described: str, module: str) -> None:
    """Install the adapter that is *described* for *parent*, as far as it is about *module*, if that is given.

    Raises the error of a child that can't use a cache, where it can't be installed; for a *module* that is
    left to those who use what it has.
    """
    at = parent.process, parent.serial
    with _lock:
        found = _installed.setdefault(at, _Installed())
        # What it loads may come to its own store as it is loaded.
        if not found.is_busy:
            _install_alone(found, described, module)
    why = found.failed.get(described)
    if why is not None:
        what = f"a use of {described.partition(WITHIN)[0]}, whose adapter can't be installed there ({why})"
        if not module and not described.startswith(WATCHED):
            refuse(parent, "", f"{what},")
        if described not in found.told:
            found.told.add(described)
            report(parent, "used", what)


def _install_alone(found: _Installed, described: str, module: str) -> None:
    found.is_busy = True
    try:
        _install(found, described, module)
    finally:
        found.is_busy = False


def _install(found: _Installed, described: str, module: str) -> None:
    name, _, text = described.split(WITHIN)
    more: dict[str, Any] = json.loads(text)
    if described in found.failed:
        return
    switches = more.get("switches", {})
    if module in switches and _turn_as_imported(switches, module):
        return
    if _is_to_come(more.get("class", ""), module):
        return
    try:
        cls = _class_of(name, more.get("class"))
        arguments = [tuple(each) if isinstance(each, list) else each for each in more.get("arguments", ())]
        given = {
            key: tuple(each) if isinstance(each, list) else each
            for key, each in more.get("named", {}).items()
        }
        if issubclass(cls, Targets):
            for cache, places in more["places"].items():
                place = None if (described, cache) in found.done else _found_in(module, places)
                if place is not None:
                    _put_in(found, (described, cache), cls(*arguments, **given, **{cache: place}))
        elif (described, "") not in found.done:
            adapter = cls(*arguments, **given)
            if more.get("detected") and not adapter.is_ready():
                # In the parent it would not be used, either.
                return
            if not module or module not in switches:
                _put_in(found, (described, ""), adapter)
            _turn(found, adapter, {name: on for each in switches.values() for name, on in each.items()})
    except Exception as error:
        found.failed[described] = f"{type(error).__name__}: {error}"


def _is_to_come(path: str, module: str) -> bool:
    """Return whether the class of an adapter at *path* is still being imported, or may be made later.

    Its module has imported *module*, the library's, or it is the main module, which is about to run.
    """
    own, _, name = path.partition(":")
    if not own:
        # It is one of cachetest's.
        return False
    if module == own:
        return not hasattr(sys.modules.get(own), name.partition(".")[0])
    return own in sys.modules and not is_loaded(own)


def _class_of(name: str, path: str | None) -> Any:
    return load_class(name) if path is None and name in known_adapters else pkgutil.resolve_name(path or name)


def _found_in(module: str, places: list[str]) -> str | None:
    """Return the first of *places* that is in *module* and has something."""
    for place in places:
        if place.partition(":")[0] == module:
            try:
                pkgutil.resolve_name(place)
            except (ImportError, AttributeError):
                continue
            return place
    return None


def _put_in(found: _Installed, what: tuple[str, str], adapter: Adapter) -> None:
    found.undo.add(partial(_let_go, adapter, found))
    acquire(adapter, found)
    found.done[what] = adapter
    caches: Any = getattr(attribution.outside, "caches", None)
    if caches is None:
        return
    for name in adapter.caches:
        cache = caches.ensure(name)
        cache.explainer = adapter
        if adapter.child_support == "refuse":
            cache.__class__ = MockCache
            made_to_refuse(cache).is_remote = True
            continue
        cache.is_shared = adapter.is_shared(cache)
        if not cache.is_shared:
            cache.cache = {}
    context = adapter.scope_context(caches)
    if context is not None:
        found.undo.add(partial(context.__exit__, None, None, None))
        context.__enter__()


def _let_go(adapter: Adapter, found: _Installed) -> None:
    problems: list[str] = []
    release(adapter, found, problems)


def _turn_as_imported(switches: dict[str, dict[str, bool]], module: str) -> bool:
    """Turn those that *module* has, which was imported, and return whether others are still to come.

    Once all are there, as in a process that is older than the test, they are turned back as well.
    """
    if all(map(is_loaded, switches)) and module not in _turned:
        return False
    _turned.add(module)
    for name, on in switches[module].items():
        setattr(sys.modules[module], name, on)
    return True


# The modules whose switches were turned for good, as they were imported.
_turned: set[str] = set()


def _turn(found: _Installed, adapter: Adapter, values: dict[str, bool]) -> None:
    if found.has_turned or _turned:
        return
    found.has_turned = True
    for value in (True, False):
        switches = [each for each in adapter.switches if values.get(each.name) is value and each.exists()]
        if switches:
            override(switches, value, found.undo)


def take_off(parent: Parent) -> None:
    """Take off what was installed for a job of *parent*."""
    with _lock:
        found = _installed.pop((parent.process, parent.serial), None)
        if found is not None:
            found.undo.run()
